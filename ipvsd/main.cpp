#include <memory>
#include <utility>

#include "ipvsd/daemon.hpp"
#include "ipvsd/netlink_kernel.hpp"
#include "lib/daemon/runtime.hpp"

namespace {

using namespace holdfast;

/// The real kernel. Without a packet socket everything works but the announcements.
core::Result<ipvsd::OpenedKernel> open_kernel(loop::Loop& loop, log::Logger& log,
                                              ipvsd::KernelListener& listener,
                                              core::UniqueFd frame_socket) {
    if (!frame_socket) {
        log.warning("NO_ANNOUNCEMENTS",
                    "the supervisor could open no packet socket (CAP_NET_RAW?): no gratuitous ARP");
    }
    auto kernel = ipvsd::NetlinkKernel::open(loop, listener, std::move(frame_socket));
    if (!kernel) return kernel.error();
    ipvsd::NetlinkKernel* opened = kernel->get();
    return ipvsd::OpenedKernel{std::move(*kernel), [opened] { return opened->start(); }};
}

}  // namespace

int main() {
    return daemon::run_role(messages::v1::ROLE_IPVSD, [](const daemon::Surroundings& surroundings) {
        return std::make_unique<ipvsd::Daemon>(
            surroundings, [&loop = surroundings.loop, &log = surroundings.log](
                              ipvsd::KernelListener& listener, core::UniqueFd frame_socket) {
                return open_kernel(loop, log, listener, std::move(frame_socket));
            });
    });
}
