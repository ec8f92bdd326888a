#include "vrrpd/cause.hpp"

#include <fmt/format.h>

namespace holdfast::vrrp {

bool only_waits(const Cause& cause) {
    return cause.kind == Cause::Kind::script_not_run ||
           cause.kind == Cause::Kind::source_tentative ||
           cause.kind == Cause::Kind::value_unknown ||
           cause.kind == Cause::Kind::virtual_interface_missing;
}

std::string to_text(const Cause& cause) {
    switch (cause.kind) {
        case Cause::Kind::interface_missing:
            return fmt::format("interface {} does not exist", cause.subject);
        case Cause::Kind::interface_down:
            return fmt::format("interface {} is down", cause.subject);
        case Cause::Kind::no_source_address:
            return fmt::format("interface {} has no usable address", cause.subject);
        case Cause::Kind::virtual_interface_missing:
            return fmt::format("virtual interface {} is not there yet", cause.subject);
        case Cause::Kind::virtual_interface_failed:
            return fmt::format("virtual interface {}", cause.subject);
        case Cause::Kind::source_tentative:
            return fmt::format("the address of interface {} is still being checked", cause.subject);
        case Cause::Kind::no_socket:
            return fmt::format("no socket: {}", cause.subject);
        case Cause::Kind::no_unicast_peer:
            return "no unicast peer is left to speak to";
        case Cause::Kind::source_not_present:
            return fmt::format("the source address {} is not there", cause.subject);
        case Cause::Kind::tracked_interface:
            return fmt::format("tracked interface {} is not as wanted", cause.subject);
        case Cause::Kind::script_not_run:
            return fmt::format("script {} has not run yet", cause.subject);
        case Cause::Kind::script:
            return fmt::format("script {} failed", cause.subject);
        case Cause::Kind::kernel_refused:
            return fmt::format("addresses not installed: {}", cause.subject);
        case Cause::Kind::kernel_process_absent:
            return "ipvsd does not answer";
        case Cause::Kind::contested:
            return fmt::format("{} is being removed by another program", cause.subject);
        case Cause::Kind::source_duplicate:
            return fmt::format("another host has the address of interface {}", cause.subject);
        case Cause::Kind::value_unknown:
            return fmt::format("nothing is known of {} yet", cause.subject);
        case Cause::Kind::file:
            return fmt::format("the number in track_file {} means Fault", cause.subject);
        case Cause::Kind::process:
            return fmt::format("process {} does not run in the wanted number", cause.subject);
        case Cause::Kind::service:
            return fmt::format("the quorum of virtual server {} is not as wanted", cause.subject);
    }
    return "?";
}

}  // namespace holdfast::vrrp
