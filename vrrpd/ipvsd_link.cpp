#include "vrrpd/ipvsd_link.hpp"

#include <algorithm>
#include <utility>

#include "proto/ipvs.pb.h"
#include "vrrpd/requests.hpp"

namespace holdfast::vrrp {

namespace {

/// Roles in one message: far below the largest frame.
constexpr std::size_t kRolesInPart = 1000;

}  // namespace

IpvsdLink::IpvsdLink(loop::Loop& loop, log::Logger& log, Handlers handlers)
    : loop_(loop), log_(log), handlers_(std::move(handlers)) {}

void IpvsdLink::connect(core::UniqueFd socket) {
    begun_ = false;
    channel_ = std::make_unique<ipc::Channel>(
        loop_, std::move(socket), ipc::Peer::ipvsd, ipc::Channel::Limits{},
        ipc::Channel::Handlers{
            .received =
                [this](ipc::Channel::Frame frame) { return handlers_.received(std::move(frame)); },
            .closed =
                [this](const core::Error& why) {
                    log_.warning("IPVSD_LOST", "ipvsd's channel ended: " + why.text());
                    channel_.reset();
                    begun_ = false;
                    handlers_.lost();
                }});
}

template <class Fill>
void IpvsdLink::send(const Fill& fill) {
    if (!begun_) return;
    messages::v1::ToIpvsd message;
    fill(message);
    // A failure closes the channel, which is told in a turn of its own.
    static_cast<void>(channel_->send(message).ok());
}

void IpvsdLink::say_everything(std::uint64_t generation, std::span<const RoleSaid> roles) {
    if (!channel_) return;
    begun_ = true;
    send([&](auto& message) { message.mutable_state_begin()->set_generation(generation); });
    send_roles(roles);
    send([&](auto& message) {
        message.mutable_state_end()->set_generation(generation);
        message.mutable_state_end()->set_count(roles.size());
    });
}

void IpvsdLink::say(std::span<const RoleSaid> roles) {
    send_roles(roles);
}

void IpvsdLink::send_roles(std::span<const RoleSaid> roles) {
    if (roles.empty()) return;
    ++batch_;
    std::uint32_t part = 0;
    for (std::size_t first = 0; first < roles.size(); first += kRolesInPart) {
        send([&](auto& message) {
            auto& change = *message.mutable_role_change();
            change.set_batch(batch_);
            change.set_part(part);
            change.set_last(first + kRolesInPart >= roles.size());
            for (const RoleSaid& each :
                 roles.subspan(first, std::min(kRolesInPart, roles.size() - first))) {
                auto& role = *change.add_roles();
                role.set_instance_id(each.instance.value);
                role.set_state(in_message(each.state));
                role.set_epoch(each.epoch);
                role.set_down_interval_us(static_cast<std::uint64_t>(each.down_interval.count()));
            }
        });
        ++part;
    }
}

void IpvsdLink::announce(core::ObjectId instance, messages::v1::Announce::Reason reason) {
    send([&](auto& message) {
        message.mutable_announce()->set_instance_id(instance.value);
        message.mutable_announce()->set_reason(reason);
    });
}

void IpvsdLink::committed(std::uint64_t generation) {
    send([&](auto& message) { message.mutable_committed()->set_generation(generation); });
}

void IpvsdLink::flush() {
    if (channel_) static_cast<void>(channel_->flush());
}

}  // namespace holdfast::vrrp
