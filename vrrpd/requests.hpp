#pragma once

#include <vector>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/ipc/channel.hpp"
#include "proto/vrrp.pb.h"
#include "vrrpd/router.hpp"

namespace holdfast::vrrp {

/// Who carries out what may be asked of vrrpd.
class RequestHandler {
  public:
    virtual ~RequestHandler() = default;
    virtual core::Status socket_granted(const messages::v1::SocketGrant& grant,
                                        core::UniqueFd socket) = 0;
    virtual void track_result(const messages::v1::TrackResult& result) = 0;
    virtual void instance_applied(const messages::v1::InstanceApplied& applied) = 0;
    virtual void instance_contested(const messages::v1::InstanceContested& contested) = 0;
    virtual core::Status tracked_value(const messages::v1::TrackedValue& value) = 0;
    virtual core::Status service_quorum(const messages::v1::ServiceQuorum& quorum) = 0;
    virtual core::Status interface_failures(const messages::v1::InterfaceFailures& failures) = 0;
};

/// What may be asked of vrrpd besides the lifecycle that lib/daemon serves: a table by kind of
/// message and sender. Nobody can make it Active, or send a packet.
class Requests {
  public:
    explicit Requests(RequestHandler& handler) : handler_(handler) {}

    /// An error is a protocol violation of the sender.
    core::Status handle(ipc::Peer sender, ipc::Channel::Frame frame);

    core::Status serve_socket_grant(const messages::v1::ToVrrpd& request);
    core::Status serve_track_result(const messages::v1::ToVrrpd& request);
    core::Status serve_instance_applied(const messages::v1::ToVrrpd& request);
    core::Status serve_instance_contested(const messages::v1::ToVrrpd& request);
    core::Status serve_gone(const messages::v1::ToVrrpd& request);
    core::Status serve_tracked_value(const messages::v1::ToVrrpd& request);
    core::Status serve_service_quorum(const messages::v1::ToVrrpd& request);
    core::Status serve_interface_failures(const messages::v1::ToVrrpd& request);

  private:
    RequestHandler& handler_;
    std::vector<core::UniqueFd> descriptors_;  // of the message being served
};

[[nodiscard]] messages::v1::VrrpState in_message(StateName state);

}  // namespace holdfast::vrrp
