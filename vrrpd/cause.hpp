#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "lib/core/interval.hpp"

namespace holdfast::vrrp {

/// Why a router is in Fault. Each kind and subject is there once.
struct Cause {
    enum class Kind : std::uint8_t {
        interface_missing,          // subject: interface
        interface_down,             // subject: interface
        no_source_address,          // subject: interface
        source_tentative,           // subject: interface; waits for duplicate address detection
        no_socket,                  // subject: what refused
        no_unicast_peer,            // nobody to speak to
        source_not_present,         // subject: the configured source address and its interface
        tracked_interface,          // subject: interface
        script_not_run,             // subject: script; waits without a notification
        script,                     // subject: script
        kernel_refused,             // subject: what ipvsd reported
        kernel_process_absent,      // ipvsd is away, or does not answer
        contested,                  // subject: what somebody else removes again and again
        source_duplicate,           // subject: interface; another host has its address
        value_unknown,              // subject: what is watched; waits until it is heard of
        file,                       // subject: track_file
        process,                    // subject: vrrp_track_process
        service,                    // subject: virtual server
        virtual_interface_missing,  // subject: interface; waits for ipvsd, which makes it
        virtual_interface_failed,   // subject: interface and why ipvsd cannot make it
    };
    Kind kind{};
    std::string subject;
    friend auto operator<=>(const Cause&, const Cause&) = default;
};
[[nodiscard]] std::string to_text(const Cause& cause);
/// True for a cause that only delays the start and is no fault of its own.
[[nodiscard]] bool only_waits(const Cause& cause);

struct StandingCause {
    Cause cause;
    core::Instant since;
    friend bool operator==(const StandingCause&, const StandingCause&) = default;
};

}  // namespace holdfast::vrrp
