#include "supervisor/reload.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;
using ipc::Peer;

constexpr core::Interval kPrepareLimit = 5s;
constexpr core::Interval kCommitLimit = 10s;
// A role that is being restarted is waited for: the longest back-off but one.
constexpr core::Interval kRestartLimit = 10s;
constexpr const char* kStops = "the supervisor stops";
// Findings of one reload that people are shown, here and in the log.
constexpr std::size_t kShown = 20;

}  // namespace

Reload::Reload(Surroundings surroundings, ParseTask task, std::uint64_t running_generation)
    : with_(std::move(surroundings)),
      task_(std::move(task)),
      generation_(running_generation),
      limit_(with_.loop, [this] { too_late(); }) {}

void Reload::request(Finished finished) {
    if (stopping_) {
        if (finished) finished({false, with_.loop.wall_clock_seconds(), {kStops}, kStops});
        return;
    }
    if (busy()) {
        queued_ = true;
        if (finished) queued_callers_.push_back(std::move(finished));
        return;
    }
    if (finished) callers_.push_back(std::move(finished));
    begin();
}

void Reload::begin() {
    phase_ = Phase::parsing;
    messages_.clear();
    parsing_ =
        std::make_unique<Parsing>(with_.loop, with_.sinks, task_,
                                  [this](ParseOutcome outcome) { parsed(std::move(outcome)); });
}

void Reload::parsed(ParseOutcome outcome) {
    if (phase_ != Phase::parsing) return;  // given up meanwhile
    parsing_.reset();
    if (outcome.failure) return refuse(outcome.failure->text());
    const ConfigPtr& running = with_.fleet.config();
    const Findings reasons =
        reasons_to_refuse(running ? running->diagnostics : Findings{}, outcome.diagnostics);
    if (!reasons.empty()) return refuse(reasons);
    if (!outcome.config) return refuse("the configuration cannot be used");
    messages_ = shown_of(outcome.diagnostics, kShown);
    for (const std::string& text : messages_) with_.log.warning("CONFIG", first_line(text));
    outcome.config->generation = ++generation_;
    next_ = std::move(outcome.config);
    phase_ = Phase::waiting;
    limit_.after(kRestartLimit);
    prepare_when_complete();
    if (phase_ == Phase::waiting) {
        with_.log.info("RELOAD_WAITS", "a daemon is being started, replaced or ended");
    }
}

void Reload::prepare_when_complete() {
    const auto moves = [&](const RoleSpec& role) { return with_.fleet.unsettled(role.peer); };
    if (std::ranges::none_of(daemon_roles(), moves)) prepare();
}

void Reload::settled() {
    if (phase_ == Phase::waiting) prepare_when_complete();
}

void Reload::stop() {
    stopping_ = true;
    queued_ = false;
    callers_.insert(callers_.end(), queued_callers_.begin(), queued_callers_.end());
    queued_callers_.clear();
    switch (phase_) {
        case Phase::idle:
            return;
        case Phase::parsing:
        case Phase::waiting:
            parsing_.reset();
            return refuse(kStops);
        case Phase::preparing:
            return abort(kStops);
        case Phase::committing_ipvsd:
        case Phase::committing_others:
            messages_.emplace_back(kStops);
            return finish({true, with_.loop.wall_clock_seconds(), std::move(messages_), {}});
    }
}

void Reload::prepare() {
    phase_ = Phase::preparing;
    limit_.after(kPrepareLimit);
    participants_.clear();
    started_.clear();
    waited_for_.clear();
    for (const RoleSpec& role : daemon_roles()) {
        if (Incarnation* running = with_.fleet.active(role.peer)) {
            if (!prepare_at(role.peer, *running)) return;
        } else if (!with_.fleet.wanted(role.peer) && next_->needs(role.peer)) {
            started_.insert(role.peer);
            waited_for_.insert(role.peer);
            const core::Status started = with_.fleet.start_held(role.peer, next_);
            if (!started) return abort(started.error().text());
        }
    }
    if (waited_for_.empty()) commit();
}

bool Reload::prepare_at(Peer role, Incarnation& running) {
    participants_.insert(role);
    waited_for_.insert(role);
    if (with_.fleet.offer(running, next_)) return true;
    abort(fmt::format("{} does not read", role_of(role).name));
    return false;
}

void Reload::acknowledged(Peer role, const messages::v1::ConfigAck& ack) {
    if (phase_ != Phase::preparing || ack.generation() != next_->generation) return;
    if (!ack.accepted()) {
        return abort(fmt::format("{} refuses it: {}", role_of(role).name, ack.reason()));
    }
    waited_for_.erase(role);
    if (waited_for_.empty()) commit();
}

void Reload::commit() {
    // No way back from here: what fails now is a fault of its object, not of the reload.
    phase_ = Phase::committing_ipvsd;
    limit_.after(kCommitLimit);
    const SetWishes wishes = wishes_of(next_->own);
    const auto opened = with_.sockets.adapt(wishes, with_.loop.wall_clock_seconds());
    for (const WireKey& key : opened) {
        const SocketSet& set = with_.sockets.sets().at(key);
        if (!set.error_text.empty()) {
            messages_.push_back(set.error_text);
            with_.log.warning("SOCKET_REFUSED",
                              fmt::format("{}: {}", to_text(key), set.error_text));
        }
    }
    with_.fleet.grant_sockets(opened);
    with_.committing(next_);
    with_.fleet.use(next_);
    waited_for_.clear();
    if (!participants_.contains(Peer::ipvsd) && !started_.contains(Peer::ipvsd)) {
        return commit_others();
    }
    waited_for_.insert(Peer::ipvsd);
    commit_to(Peer::ipvsd);
}

void Reload::commit_to(Peer role) {
    if (started_.contains(role)) return with_.fleet.release(role);  // Activate commits
    Incarnation* running = with_.fleet.active(role);
    // One that was lost meanwhile starts with the new configuration; that stands for Committed.
    if (running != nullptr && !running->commit()) running->kill();
}

void Reload::commit_others() {
    phase_ = Phase::committing_others;
    for (const Peer role : {Peer::vrrpd, Peer::checkerd}) {
        if (participants_.contains(role) || started_.contains(role)) waited_for_.insert(role);
    }
    if (waited_for_.empty()) return complete();
    const std::set<Peer> all = waited_for_;
    for (const Peer role : all) commit_to(role);
}

void Reload::committed(Peer role, std::uint64_t generation) {
    if (!next_ || generation != next_->generation) return;
    with_.fleet.settle_state(role, true);
    step_done(role);
}

void Reload::activated(Peer role) {
    if (phase_ == Phase::waiting) return prepare_when_complete();
    if (phase_ == Phase::preparing) {
        // One that was not waited for is back with the old configuration.
        Incarnation* running = with_.fleet.active(role);
        if (running != nullptr && !participants_.contains(role)) prepare_at(role, *running);
        return;
    }
    with_.fleet.settle_state(role, false);
    // One that was lost and came back between the commits has begun with what is committed.
    if (phase_ == Phase::committing_ipvsd) participants_.erase(role);
    step_done(role);
}

void Reload::step_done(Peer role) {
    if (phase_ != Phase::committing_ipvsd && phase_ != Phase::committing_others) return;
    if (waited_for_.erase(role) == 0 || !waited_for_.empty()) return;
    if (phase_ == Phase::committing_ipvsd) return commit_others();
    complete();
}

void Reload::lost(Peer role) {
    if (phase_ != Phase::preparing) return;
    abort(fmt::format("{} was lost while it prepared", role_of(role).name));
}

void Reload::too_late() {
    std::string names;
    for (const Peer role : waited_for_) names += fmt::format(" {}", role_of(role).name);
    switch (phase_) {
        case Phase::waiting:
            return refuse("a daemon is down and did not come back in time");
        case Phase::preparing:
            return abort("no answer from" + names);
        case Phase::committing_ipvsd:
            messages_.push_back("ipvsd has not said that it committed");
            waited_for_.clear();
            limit_.after(kCommitLimit);
            return commit_others();
        case Phase::committing_others:
            messages_.push_back("not said that they committed:" + names);
            return complete();
        default:
            return;
    }
}

void Reload::abort(const std::string& reason) {
    for (const Peer role : participants_) {
        Incarnation* running = with_.fleet.active(role);
        if (running != nullptr && !running->abort(with_.fleet.config())) running->kill();
        with_.fleet.settle_state(role, false);
    }
    phase_ = Phase::idle;  // the ends of the held roles are not losses of this transaction
    for (const Peer role : started_) with_.fleet.stop(role, messages::v1::Shutdown(), {});
    refuse(reason);
}

void Reload::complete() {
    with_.sockets.forget_unwished(wishes_of(next_->own));
    messages::v1::Shutdown release;
    release.set_mode(messages::v1::Shutdown::RELEASE);
    for (const RoleSpec& role : daemon_roles()) {
        if (with_.fleet.wanted(role.peer) && !next_->needs(role.peer)) {
            with_.fleet.stop(role.peer, release, kPrepareLimit);
        }
    }
    with_.log.notice("RELOAD_OK", fmt::format("generation={}", next_->generation));
    finish({true, with_.loop.wall_clock_seconds(), std::move(messages_), {}});
}

void Reload::refuse(const std::string& reason) {
    refuse(reason, {reason});
}

void Reload::refuse(const Findings& reasons) {
    refuse(line_of(reasons), shown_of(reasons, kShown));
}

/// One line in the log, whatever was found: who reloads sees the rest.
void Reload::refuse(std::string line, std::vector<std::string> messages) {
    with_.log.error("RELOAD_REFUSED", line + "; the running configuration stays");
    finish({false, with_.loop.wall_clock_seconds(), std::move(messages), std::move(line)});
}

void Reload::finish(ReloadReport report) {
    limit_.cancel();
    phase_ = Phase::idle;
    next_.reset();
    const auto callers = std::exchange(callers_, {});
    with_.finished(report);
    for (const Finished& caller : callers) caller(report);
    if (!queued_) return;
    queued_ = false;
    callers_ = std::exchange(queued_callers_, {});
    begin();
}

}  // namespace holdfast::supervisor
