#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/interval.hpp"
#include "lib/ipc/channel.hpp"

namespace holdfast::config::v1 {
class GlobalDefs;
}

namespace holdfast::supervisor {

/// How one process gets processor time and memory.
struct Scheduling {
    int real_time_priority = 0;             // SCHED_RR, 1..99; 0: as others
    std::optional<int> nice;                // nothing: as the supervisor
    std::vector<std::uint32_t> processors;  // empty: all
    /// How long it may compute at a stretch in real time; it is ended then.
    core::Interval real_time_limit{0};
    bool lock_memory = false;  // needs a memory limit that is not finite, from its start on
    friend bool operator==(const Scheduling&, const Scheduling&) = default;
};

/// Pure. vrrpd is real-time unless a nice value is written, since a late advertisement loses the
/// role; ipvsd, whose work a takeover waits for, is one step below it. `raised`: so many steps were
/// added because it ran late (max_auto_priority).
[[nodiscard]] Scheduling scheduling_of(ipc::Peer role, const config::v1::GlobalDefs& global,
                                       int raised = 0);

/// Steps after one more late run, never above max_auto_priority.
[[nodiscard]] int raised_after(int raised, ipc::Peer role, const config::v1::GlobalDefs& global,
                               core::Interval late);

/// Applies to a running process, or to the caller with pid 0. What was refused, in words.
[[nodiscard]] std::vector<std::string> apply(const Scheduling& scheduling, pid_t pid);

/// "real-time 2, limit 5 s, processors 0,1", as the kernel has it at present.
[[nodiscard]] std::string scheduling_text(pid_t pid);

}  // namespace holdfast::supervisor
