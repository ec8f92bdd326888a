#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>

#include "lib/core/interval.hpp"

/// Whether processes could not run because the processor was busy, so that being late says nothing
/// about them.
namespace holdfast::supervisor {

/// What /proc/PID/stat and /proc/PID/schedstat say of one process.
struct Scheduling {
    pid_t group = 0;
    char state = ' ';
    core::Interval age{0};
    core::Interval ran{0};
    core::Interval waited{0};  // for a processor, until it last ran
};
/// Pure; `up` is the time since boot. Nothing when a line is not as the kernel writes it.
[[nodiscard]] std::optional<Scheduling> scheduling_in(std::string_view stat,
                                                      std::string_view schedstat,
                                                      core::Interval up);
/// Pure: also counts the present wait of one that wants to run.
[[nodiscard]] core::Interval wait_of(const Scheduling& process);

/// How long this process has waited for a processor in its life; 0 where the kernel does not tell.
[[nodiscard]] core::Interval own_wait();
/// The sum over the living processes of a group.
[[nodiscard]] core::Interval wait_of_group(pid_t group);

}  // namespace holdfast::supervisor
