#include "vrrpd/requests.hpp"

#include <cerrno>
#include <span>
#include <utility>

#include "lib/core/result.hpp"
#include "lib/ipc/routes.hpp"

namespace holdfast::vrrp {

namespace {

using messages::v1::ToVrrpd;
using Route = ipc::Route<ToVrrpd, Requests>;

constexpr Route kRoutes[] = {
    {ToVrrpd::kSocketGrant, ipc::Peer::supervisor, &Requests::serve_socket_grant},
    {ToVrrpd::kTrackResult, ipc::Peer::supervisor, &Requests::serve_track_result},
    {ToVrrpd::kInstanceApplied, ipc::Peer::ipvsd, &Requests::serve_instance_applied},
    {ToVrrpd::kInstanceContested, ipc::Peer::ipvsd, &Requests::serve_instance_contested},
    {ToVrrpd::kGone, ipc::Peer::ipvsd, &Requests::serve_gone},
    {ToVrrpd::kTrackedValue, ipc::Peer::supervisor, &Requests::serve_tracked_value},
    {ToVrrpd::kInterfaceFailures, ipc::Peer::ipvsd, &Requests::serve_interface_failures},
    {ToVrrpd::kServiceQuorum, ipc::Peer::ipvsd, &Requests::serve_service_quorum},
};

/// Octets of the name of a contested object, or of what is said of an interface.
constexpr std::size_t kMaxContestedText = 200;

core::Error violation(const char* what) {
    return core::Error::from_errno(EBADMSG, what);
}

}  // namespace

core::Status Requests::handle(ipc::Peer sender, ipc::Channel::Frame frame) {
    ToVrrpd request;
    if (core::Status parsed = ipc::parse(frame.bytes, request); !parsed) return parsed;
    descriptors_ = std::move(frame.descriptors);
    if (!descriptors_.empty() && request.body_case() != ToVrrpd::kSocketGrant)
        return violation("unasked descriptor");
    return ipc::dispatch(std::span<const Route>(kRoutes), *this, sender, request);
}

core::Status Requests::serve_socket_grant(const ToVrrpd& request) {
    if (descriptors_.size() > 1) return violation("SocketGrant with several descriptors");
    core::UniqueFd socket;
    if (!descriptors_.empty()) socket = std::move(descriptors_.front());
    return handler_.socket_granted(request.socket_grant(), std::move(socket));
}

core::Status Requests::serve_track_result(const ToVrrpd& request) {
    handler_.track_result(request.track_result());
    return core::Done{};
}

core::Status Requests::serve_instance_applied(const ToVrrpd& request) {
    handler_.instance_applied(request.instance_applied());
    return core::Done{};
}

core::Status Requests::serve_instance_contested(const ToVrrpd& request) {
    const auto& contested = request.instance_contested();
    if (contested.what().empty() || contested.what().size() > kMaxContestedText)
        return violation("contested object without a name, or with a long one");
    handler_.instance_contested(contested);
    return core::Done{};
}

/// An instance that ipvsd's newer configuration has no more; ours will not have it soon.
core::Status Requests::serve_gone(const ToVrrpd& /*request*/) {
    return core::Done{};
}

core::Status Requests::serve_tracked_value(const ToVrrpd& request) {
    return handler_.tracked_value(request.tracked_value());
}

core::Status Requests::serve_interface_failures(const ToVrrpd& request) {
    for (const auto& failure : request.interface_failures().failures())
        if (failure.what().empty() || failure.what().size() > kMaxContestedText)
            return violation("failure of an interface without a text, or with a long one");
    return handler_.interface_failures(request.interface_failures());
}

core::Status Requests::serve_service_quorum(const ToVrrpd& request) {
    return handler_.service_quorum(request.service_quorum());
}

messages::v1::VrrpState in_message(StateName state) {
    switch (state) {
        case StateName::initialize:
            return messages::v1::VRRP_INITIALIZE;
        case StateName::backup:
            return messages::v1::VRRP_BACKUP;
        case StateName::active:
            return messages::v1::VRRP_ACTIVE;
        case StateName::fault:
            return messages::v1::VRRP_FAULT;
    }
    core::broken_invariant("state without a message");
}

}  // namespace holdfast::vrrp
