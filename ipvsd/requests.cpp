#include "ipvsd/requests.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <optional>

#include "lib/ipc/routes.hpp"
#include "proto/ipvs.pb.h"

namespace holdfast::ipvsd {
namespace {

namespace messages = holdfast::messages::v1;

constexpr std::size_t kMaxOpenBatches = 2;
constexpr std::size_t kMaxErrorText = 200;
/// No router waits longer than a day for its peer (255 s times 100 adverts is 7 hours).
constexpr std::uint64_t kMaxDownInterval = 24ULL * 3600 * 1000000;

core::Error violation(std::string_view what) {
    return core::Error::from_errno(EPROTO, what);
}
core::Error unknown(std::string_view kind, core::ObjectId id) {
    return core::Error::from_errno(ENOENT, fmt::format("{} {}", kind, to_text(id)));
}

std::optional<RouterState> state_of(messages::VrrpState state) {
    switch (state) {
        case messages::VRRP_INITIALIZE:
            return RouterState::initialize;
        case messages::VRRP_BACKUP:
            return RouterState::backup;
        case messages::VRRP_ACTIVE:
            return RouterState::active;
        case messages::VRRP_FAULT:
            return RouterState::fault;
        case messages::VRRP_STATE_UNSPECIFIED:
            break;
    }
    return std::nullopt;
}

core::Result<RoleSaid> role_in(const messages::InstanceRole& from) {
    const auto state = state_of(from.state());
    if (!state || !from.has_instance_id() || !from.has_epoch()) {
        return violation("role without instance, state or epoch");
    }
    if (from.down_interval_us() > kMaxDownInterval) return violation("down interval out of range");
    return RoleSaid{
        .instance = core::ObjectId{from.instance_id()},
        .state = *state,
        .epoch = from.epoch(),
        .down_interval = core::Interval(static_cast<std::int64_t>(from.down_interval_us()))};
}

/// RFC 9568 6.4 and Fault: every router may be restated, stop, fail, or step down; only one with
/// priority 255 becomes Active without having been Backup.
bool legal_edge(RouterState from, RouterState to, bool owner) {
    if (to != RouterState::active) return true;
    return from == RouterState::backup || from == RouterState::active || owner;
}

AnnouncementReason reason_of(const messages::Announce& announce) {
    switch (announce.reason()) {
        case messages::Announce::LOWER_PRIORITY_ADVERTISEMENT:
            return AnnouncementReason::lower_priority;
        case messages::Announce::SOURCE_ADDRESS:
            return AnnouncementReason::own_source;
        case messages::Announce::COMMAND:
        case messages::Announce::REASSERTED:
            break;
    }
    return AnnouncementReason::again;
}

}  // namespace

/// The whole list of what may be asked, of whom it may come, and who serves it.
struct RequestTable {
    using Route = ipc::Route<messages::ToIpvsd, Requests>;
    static constexpr Route kRoutes[] = {
        {messages::ToIpvsd::kStateBegin, ipc::Peer::vrrpd, &Requests::state_begin_from_vrrpd},
        {messages::ToIpvsd::kStateEnd, ipc::Peer::vrrpd, &Requests::state_end_from_vrrpd},
        {messages::ToIpvsd::kCommitted, ipc::Peer::vrrpd, &Requests::committed_by_vrrpd},
        {messages::ToIpvsd::kRoleChange, ipc::Peer::vrrpd, &Requests::role_change},
        {messages::ToIpvsd::kAnnounce, ipc::Peer::vrrpd, &Requests::announce},
        {messages::ToIpvsd::kStateBegin, ipc::Peer::checkerd, &Requests::state_begin_from_checkerd},
        {messages::ToIpvsd::kStateEnd, ipc::Peer::checkerd, &Requests::state_end_from_checkerd},
        {messages::ToIpvsd::kCommitted, ipc::Peer::checkerd, &Requests::committed_by_checkerd},
        {messages::ToIpvsd::kServerHealth, ipc::Peer::checkerd, &Requests::server_health},
        {messages::ToIpvsd::kRestartNotice, ipc::Peer::supervisor, &Requests::restart_notice},
        {messages::ToIpvsd::kFrameSocket, ipc::Peer::supervisor, &Requests::frame_socket},
    };
};

void Requests::set_model(const Model& model, const std::map<core::ObjectId, Instance>& leaving) {
    if (model_ != nullptr) {
        last_instances_.clear();
        last_checks_.clear();
        for (const auto& [id, instance] : model_->instances) last_instances_.insert(id);
        for (const auto& [id, place] : model_->checks) last_checks_.insert(id);
    }
    model_ = &model;
    leaving_.clear();
    for (const auto& [id, instance] : leaving) leaving_[id] = instance.owner;
    forget_gone();
}

void Requests::leaving_gone() {
    leaving_.clear();
    forget_gone();
}

/// One that comes back in a later generation begins anew, as its owner does.
void Requests::forget_gone() {
    std::erase_if(roles_,
                  [&](const auto& each) { return known_instance(each.first) != Known::yes; });
    std::erase_if(verdict_epochs_,
                  [&](const auto& each) { return !model_->checks.contains(each.first); });
}

void Requests::forget(ipc::Peer peer) {
    if (peer == ipc::Peer::vrrpd) {
        vrrpd_began_ = false;
        roles_.clear();
        batches_.clear();
    } else if (peer == ipc::Peer::checkerd) {
        checkerd_began_ = false;
        checkerd_ended_ = false;
        verdict_epochs_.clear();
    }
}

core::Status Requests::handle(ipc::Peer peer, std::string_view frame) {
    messages::ToIpvsd message;
    if (core::Status parsed = ipc::parse(frame, message); !parsed) return parsed;
    // The packet socket comes before the configuration; all else names objects of it.
    if (model_ == nullptr && message.body_case() != Message::kFrameSocket) {
        return violation("request before the first configuration");
    }
    return ipc::dispatch(std::span<const RequestTable::Route>(RequestTable::kRoutes), *this, peer,
                         message);
}

core::Status Requests::state_begin_from_vrrpd(const Message& /*message*/) {
    forget(ipc::Peer::vrrpd);
    vrrpd_began_ = true;
    handler_.roles_begin();
    return core::Done{};
}

core::Status Requests::state_begin_from_checkerd(const Message& /*message*/) {
    forget(ipc::Peer::checkerd);
    checkerd_began_ = true;
    handler_.verdicts_begin();
    return core::Done{};
}

core::Status Requests::state_end_from_vrrpd(const Message& message) {
    if (!vrrpd_began_) return violation("StateEnd before StateBegin");
    handler_.roles_end(message.state_end().generation());
    return core::Done{};
}

core::Status Requests::state_end_from_checkerd(const Message& message) {
    if (!checkerd_began_) return violation("StateEnd before StateBegin");
    checkerd_ended_ = true;
    handler_.verdicts_end(message.state_end().generation());
    return core::Done{};
}

core::Status Requests::committed_by_vrrpd(const Message& message) {
    handler_.roles_committed(message.committed().generation());
    return core::Done{};
}

core::Status Requests::committed_by_checkerd(const Message& message) {
    // Before StateEnd not everything is said yet.
    if (checkerd_ended_) handler_.verdicts_committed(message.committed().generation());
    return core::Done{};
}

Requests::Known Requests::known_instance(core::ObjectId id) const {
    if (model_->instances.contains(id) || leaving_.contains(id)) return Known::yes;
    return last_instances_.contains(id) ? Known::gone : Known::no;
}

bool Requests::is_owner(core::ObjectId id) const {
    const auto found = model_->instances.find(id);
    if (found != model_->instances.end()) return found->second.owner;
    const auto leaving = leaving_.find(id);
    return leaving != leaving_.end() && leaving->second;
}

/// A role of a known instance: the epoch grows, the edge is legal.
core::Status Requests::check_role(const RoleSaid& role) {
    const auto last = roles_.find(role.instance);
    if (last == roles_.end()) return core::Done{};  // the first word of an incarnation may be any
    if (role.epoch <= last->second.epoch) return violation("epoch does not grow");
    if (!legal_edge(last->second.state, role.state, is_owner(role.instance))) {
        return violation(
            fmt::format("{} after {}", to_text(role.state), to_text(last->second.state)));
    }
    return core::Done{};
}

core::Status Requests::role_change(const Message& message) {
    const messages::RoleChange& change = message.role_change();
    if (!vrrpd_began_) return violation("RoleChange before StateBegin");
    if (!batches_.contains(change.batch()) && batches_.size() == kMaxOpenBatches) {
        return violation("too many open batches");
    }
    OpenBatch& batch = batches_[change.batch()];
    if (change.part() != batch.next_part++) return violation("parts of a batch out of order");
    if (batch.roles.size() + static_cast<std::size_t>(change.roles_size()) >
        model_->instances.size() + leaving_.size() + last_instances_.size()) {
        return violation("batch of more roles than there are instances");
    }
    for (const messages::InstanceRole& each : change.roles()) {
        const auto role = role_in(each);
        if (!role) return role.error();
        const Known known = known_instance(role->instance);
        if (known == Known::no) return unknown("vrrp_instance", role->instance);
        if (known == Known::gone) {
            handler_.answer_gone(ipc::Peer::vrrpd, role->instance);
            continue;
        }
        if (core::Status good = check_role(*role); !good) return good;
        roles_[role->instance] = {role->state, role->epoch};
        batch.roles.push_back(*role);
    }
    if (!change.last()) return core::Done{};
    const RoleBatch whole{change.batch(), std::move(batch.roles)};
    batches_.erase(change.batch());
    handler_.take_roles(whole);
    return core::Done{};
}

core::Status Requests::announce(const Message& message) {
    const core::ObjectId id{message.announce().instance_id()};
    const Known known = known_instance(id);
    if (known == Known::no) return unknown("vrrp_instance", id);
    if (known == Known::gone) {
        handler_.answer_gone(ipc::Peer::vrrpd, id);
        return core::Done{};
    }
    handler_.announce(id, reason_of(message.announce()));
    return core::Done{};
}

core::Status Requests::server_health(const Message& message) {
    const messages::ServerHealth& health = message.server_health();
    const core::ObjectId check{health.check_id()};
    if (!checkerd_began_) return violation("ServerHealth before StateBegin");
    if (!health.has_up() || !health.has_epoch() || health.last_error().size() > kMaxErrorText) {
        return violation("verdict without value or epoch, or with a long text");
    }
    const auto place = model_->checks.find(check);
    if (place == model_->checks.end()) {
        if (!last_checks_.contains(check)) return unknown("check", check);
        handler_.answer_gone(ipc::Peer::checkerd, check);
        return core::Done{};
    }
    if (place->second.server != core::ObjectId{health.server_id()}) {
        return violation("verdict on a server that the check does not belong to");
    }
    const auto [last, first] = verdict_epochs_.try_emplace(check, health.epoch());
    if (!first && health.epoch() <= last->second) return violation("epoch does not grow");
    last->second = health.epoch();
    handler_.take_verdict({check, place->second, health.up(), health.epoch(), health.last_error()});
    return core::Done{};
}

core::Status Requests::frame_socket(const Message& /*message*/) {
    return core::Done{};  // its descriptor is with the daemon already
}

core::Status Requests::restart_notice(const Message& /*message*/) {
    // The end of the direct channel says the same, in order with what came through it.
    return core::Done{};
}

}  // namespace holdfast::ipvsd
