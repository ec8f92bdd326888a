#include "checkerd/requests.hpp"

#include "lib/ipc/routes.hpp"
#include "proto/checker.pb.h"
#include "proto/ipvs.pb.h"

namespace holdfast::checkerd {
namespace {

using messages::v1::ToCheckerd;
using messages::v1::ToIpvsd;

constexpr ipc::Route<ToCheckerd, Requests> kRoutes[] = {
    {ToCheckerd::kHealthApplied, ipc::Peer::ipvsd, &Requests::serve_applied},
    {ToCheckerd::kGone, ipc::Peer::ipvsd, &Requests::serve_gone},
};

}  // namespace

core::Status Requests::handle(ipc::Peer sender, std::string_view frame) {
    ToCheckerd request;
    if (core::Status parsed = ipc::parse(frame, request); !parsed) return parsed;
    return ipc::dispatch<ToCheckerd, Requests>(kRoutes, *this, sender, request);
}

core::Status Requests::serve_applied(const ToCheckerd& request) {
    const auto& applied = request.health_applied();
    log_.debug("CHECK_APPLIED", "server " + core::to_text(core::ObjectId{applied.server_id()}) +
                                    (applied.alive() ? " is in use" : " is out of use"));
    return core::Done{};
}

/// The check went with a reload that ipvsd committed first; ours follows.
core::Status Requests::serve_gone(const ToCheckerd& request) {
    log_.debug("CHECK_GONE", core::to_text(core::ObjectId{request.gone().id()}));
    return core::Done{};
}

ToIpvsd server_health(const Monitor& monitor, std::uint64_t epoch) {
    ToIpvsd message;
    auto& health = *message.mutable_server_health();
    health.set_check_id(monitor.spec().id.value);
    health.set_server_id(monitor.spec().server.value);
    health.set_up(monitor.standing().verdict.up);
    health.set_epoch(epoch);
    health.set_last_error(monitor.standing().last_error);
    return message;
}

ToIpvsd state_begin(std::uint64_t generation) {
    ToIpvsd message;
    message.mutable_state_begin()->set_generation(generation);
    return message;
}

ToIpvsd state_end(std::uint64_t generation, std::uint64_t count) {
    ToIpvsd message;
    message.mutable_state_end()->set_generation(generation);
    message.mutable_state_end()->set_count(count);
    return message;
}

ToIpvsd committed(std::uint64_t generation) {
    ToIpvsd message;
    message.mutable_committed()->set_generation(generation);
    return message;
}

}  // namespace holdfast::checkerd
