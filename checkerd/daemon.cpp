#include "checkerd/daemon.hpp"

#include <fmt/format.h>

#include <cerrno>

#include "checkerd/http_response.hpp"
#include "proto/config.pb.h"
#include "proto/status.pb.h"
#include "proto/supervisor.pb.h"

namespace holdfast::checkerd {
namespace {

using messages::v1::CheckStatus;

/// ipvsd's successor usually brings a new channel before this.
constexpr core::Interval kIpvsdPatience = std::chrono::seconds(2);

static_assert(kRecordSize <= daemon::kCheckerdRecord);

void add_status(const Monitor& monitor, CheckStatus& status) {
    const Standing& standing = monitor.standing();
    auto& check = *status.add_checks();
    check.set_id(monitor.spec().id.value);
    check.set_server_id(monitor.spec().server.value);
    check.set_kind(monitor.spec().keyword);
    check.set_up(standing.verdict.up);
    check.set_last_error(standing.last_error);
    check.set_runs(standing.runs);
    check.set_failures(standing.failures);
    check.set_since_timestamp_seconds(standing.since_timestamp_seconds);
}

}  // namespace

Daemon::Daemon(const daemon::Surroundings& surroundings, Parts parts)
    : surroundings_(surroundings),
      monitor_surroundings_{.loop = surroundings.loop,
                            .log = surroundings.log,
                            .random = std::move(parts.random),
                            .make = std::move(parts.make),
                            .changed = [this](const Monitor& monitor) { ipvsd_.tell(monitor); },
                            .ran = [this](const Monitor& monitor) { keep(monitor); }},
      ipvsd_(surroundings.loop, surroundings.log, [this] { ipvsd_retry_.after(kIpvsdPatience); }),
      ipvsd_retry_(surroundings.loop, [this] { ask_for_ipvsd(); }),
      requests_(surroundings.log),
      state_(state::StateFile::private_memory(0, daemon::kCheckerdRecord)),
      table_(monitor_surroundings_) {}

core::Status Daemon::prepare(std::uint64_t generation, const config::v1::Config& config) {
    auto checks = read_checks(config);
    if (!checks) {
        larger_state_.reset();
        return checks.error();
    }
    prepared_ = Prepared{generation, std::move(*checks),
                         daemon::state_layout(messages::v1::ROLE_CHECKERD, config)};
    return core::Done{};
}

void Daemon::abort(std::uint64_t generation) {
    if (!prepared_ || prepared_->generation != generation) return;
    prepared_.reset();
    larger_state_.reset();
}

/// The prepared checks go to work; ipvsd is not told anything here.
TargetTable::Applied Daemon::apply_prepared(std::uint64_t generation) {
    if (!prepared_ || prepared_->generation != generation) {
        core::broken_invariant("checkerd: committed a generation that was not prepared");
    }
    generation_ = generation;
    const auto predecessor = [this](core::ObjectId id) -> std::optional<Saved> {
        const auto record = state_.read(id);
        return record ? decode(*record) : std::nullopt;
    };
    TargetTable::Applied applied = table_.apply(std::move(prepared_->checks), predecessor);
    prepared_.reset();
    return applied;
}

void Daemon::commit(std::uint64_t generation, std::function<void()> committed) {
    move_to_larger_state();
    const TargetTable::Applied applied = apply_prepared(generation);
    forget(applied.removed);
    surroundings_.log.info(
        "CHECKS",
        fmt::format("generation {}: {} unchanged, {} new or changed, {} removed", generation,
                    applied.unchanged, applied.changed.size(), applied.removed.size()));
    for (const core::ObjectId id : applied.changed) ipvsd_.tell(*table_.find(id));
    ipvsd_.tell_committed(generation);
    committed();
}

void Daemon::move_to_larger_state() {
    if (!larger_state_) return;
    if (const core::Status moved = state_.move_to(std::move(larger_state_)); !moved) {
        surroundings_.log.warning("STATE_KEPT",
                                  "state stays in the smaller file: " + moved.error().text());
    }
    told_that_state_is_full_ = false;
}

void Daemon::forget(const std::vector<core::ObjectId>& checks) {
    for (const core::ObjectId id : checks) {
        state_.erase(id);
        ipvsd_.forget(id);
    }
}

core::Status Daemon::open(core::UniqueFd state_file) {
    if (!warm_up_md5()) {
        surroundings_.log.warning("CHECK_NO_MD5", "no MD5 on this host: digests cannot be tested");
    }
    if (prepared_) {
        state_ = daemon::open_state(std::move(state_file), surroundings_.welcome,
                                    prepared_->state_layout, surroundings_.log);
    }
    return core::Done{};
}

void Daemon::activate(std::uint64_t generation) {
    active_ = true;
    const TargetTable::Applied applied = apply_prepared(generation);
    drop_records_of_unknown_checks();
    surroundings_.log.info(
        "CHECKS", fmt::format("generation {}: {} checks{}", generation, applied.changed.size(),
                              state_.inherited() ? ", verdicts kept" : ""));
    ipvsd_.tell_all(generation_, table_);
}

/// What a predecessor knew of checks that are configured no more.
void Daemon::drop_records_of_unknown_checks() {
    for (const core::ObjectId id : state_.ids()) {
        if (table_.find(id) == nullptr) state_.erase(id);
    }
}

void Daemon::peer_connected(ipc::Peer peer, core::UniqueFd socket) {
    if (peer != ipc::Peer::ipvsd) return;
    ipvsd_.connect(std::move(socket));
    if (active_) ipvsd_.tell_all(generation_, table_);
}

core::Status Daemon::message(ipc::Channel::Frame frame) {
    return requests_.handle(ipc::Peer::supervisor, frame.bytes);
}

core::Result<std::string> Daemon::status(messages::v1::StatusTopic topic) {
    if (topic != messages::v1::STATUS_CHECKS) {
        return core::Error::from_errno(EOPNOTSUPP, "checkerd knows nothing of this topic");
    }
    CheckStatus status;
    for (const auto& monitor : table_.monitors()) add_status(*monitor, status);
    return status.SerializeAsString();
}

void Daemon::keep(const Monitor& monitor) {
    const Record record = encode(monitor.saved());
    if (state_.write(monitor.spec().id, record) || told_that_state_is_full_) return;
    told_that_state_is_full_ = true;
    surroundings_.log.info("STATE_FULL", "a successor will not know the verdicts of some checks");
}

void Daemon::shut_down(const messages::v1::Shutdown&, std::function<void()> done) {
    table_.clear();
    done();
}

void Daemon::orphan_end(std::function<void()> done) {
    state_.mark_ended();
    table_.clear();
    done();
}

void Daemon::ask_for_ipvsd() {
    if (ipvsd_.connected()) return;
    messages::v1::ToSupervisor request;
    request.mutable_peer_request();
    if (const core::Status sent = surroundings_.supervisor.send(request); !sent) return;
    ipvsd_retry_.after(kIpvsdPatience);
}

}  // namespace holdfast::checkerd
