#include "supervisor/scheduling.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "proto/config.pb.h"

namespace holdfast::supervisor {
namespace {

using config::v1::GlobalDefs;
using ipc::Peer;

constexpr int kVrrpdPriority = 2;
constexpr int kHighest = 99;
/// keepalived's 10 ms end a process that reads a large configuration; this ends a runaway.
constexpr core::Interval kUsualLimit = std::chrono::seconds{5};
/// From the warning signal, which ends a process as well, to the one that cannot be caught.
constexpr core::Interval kGrace = std::chrono::seconds{1};
constexpr core::Interval kUsualDelay = std::chrono::seconds{1};

core::Interval limit_of(bool written, std::uint64_t microseconds) {
    return written ? core::Interval{static_cast<core::Interval::rep>(microseconds)} : kUsualLimit;
}

Scheduling of_vrrpd(const GlobalDefs& global, int raised) {
    Scheduling made;
    if (global.has_vrrp_priority()) made.nice = global.vrrp_priority();
    if (global.has_vrrp_rt_priority())
        made.real_time_priority = static_cast<int>(global.vrrp_rt_priority());
    else if (!made.nice)
        made.real_time_priority = kVrrpdPriority;
    made.real_time_priority = std::min(kHighest, made.real_time_priority + raised);
    made.processors.assign(global.vrrp_cpu_affinity().begin(), global.vrrp_cpu_affinity().end());
    made.real_time_limit =
        limit_of(global.has_vrrp_rlimit_rttime_us(), global.vrrp_rlimit_rttime_us());
    made.lock_memory = global.vrrp_no_swap();
    return made;
}

Scheduling of_checkerd(const GlobalDefs& global) {
    Scheduling made;
    if (global.has_checker_priority()) made.nice = global.checker_priority();
    made.real_time_priority = static_cast<int>(global.checker_rt_priority());
    made.processors.assign(global.checker_cpu_affinity().begin(),
                           global.checker_cpu_affinity().end());
    made.real_time_limit =
        limit_of(global.has_checker_rlimit_rttime_us(), global.checker_rlimit_rttime_us());
    made.lock_memory = global.checker_no_swap();
    return made;
}

bool set_policy(const Scheduling& wanted, pid_t pid) {
    // RESET_ON_FORK: whatever the daemon might fork is an ordinary process.
    const bool real_time = wanted.real_time_priority > 0;
    const int policy = (real_time ? SCHED_RR : SCHED_OTHER) | SCHED_RESET_ON_FORK;
    const int now = ::sched_getscheduler(pid);
    if (!real_time && (now & ~SCHED_RESET_ON_FORK) == SCHED_OTHER) return true;
    const sched_param parameters{.sched_priority = wanted.real_time_priority};
    return ::sched_setscheduler(pid, policy, &parameters) == 0;
}

bool set_processors(const std::vector<std::uint32_t>& wanted, pid_t pid) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const std::uint32_t each : wanted)
        if (each < CPU_SETSIZE) CPU_SET(each, &set);
    if (wanted.empty() && ::sched_getaffinity(0, sizeof set, &set) != 0) return true;
    return ::sched_setaffinity(pid, sizeof set, &set) == 0;
}

bool set_limit(int resource, rlim_t soft, rlim_t hard, pid_t pid) {
    const rlimit limit{soft, hard};
    return ::prlimit(pid, static_cast<__rlimit_resource>(resource), &limit, nullptr) == 0;
}

std::string processors_text(pid_t pid) {
    cpu_set_t set;
    if (::sched_getaffinity(pid, sizeof set, &set) != 0) return "";
    if (CPU_COUNT(&set) >= ::sysconf(_SC_NPROCESSORS_ONLN)) return "";
    std::string text;
    for (int each = 0; each < CPU_SETSIZE; ++each)
        if (CPU_ISSET(each, &set)) text += fmt::format("{}{}", text.empty() ? "" : ",", each);
    return ", processors " + text;
}

}  // namespace

Scheduling scheduling_of(Peer role, const GlobalDefs& global, int raised) {
    if (role == Peer::vrrpd) return of_vrrpd(global, raised);
    if (role == Peer::checkerd) return of_checkerd(global);
    if (role != Peer::ipvsd) return {};
    Scheduling made = of_vrrpd(global, raised);
    made.real_time_priority =
        made.real_time_priority > 1 ? made.real_time_priority - 1 : made.real_time_priority;
    return made;
}

int raised_after(int raised, Peer role, const GlobalDefs& global, core::Interval late) {
    const core::Interval delay =
        global.has_min_auto_priority_delay_us()
            ? core::Interval{static_cast<core::Interval::rep>(global.min_auto_priority_delay_us())}
            : kUsualDelay;
    const int now = scheduling_of(role, global, raised).real_time_priority;
    return late >= delay && now < global.max_auto_priority() ? raised + 1 : raised;
}

std::vector<std::string> apply(const Scheduling& wanted, pid_t pid) {
    std::vector<std::string> refused;
    const int nice = wanted.nice.value_or(::getpriority(PRIO_PROCESS, 0));
    if (::setpriority(PRIO_PROCESS, static_cast<id_t>(pid), nice) != 0)
        refused.push_back(fmt::format("nice value {}", nice));
    if (!set_policy(wanted, pid)) refused.emplace_back("real-time priority");
    if (!set_processors(wanted.processors, pid)) refused.emplace_back("processors");
    if (wanted.real_time_priority > 0 && wanted.real_time_limit > core::Interval::zero()) {
        const auto soft = static_cast<rlim_t>(wanted.real_time_limit.count());
        if (!set_limit(RLIMIT_RTTIME, soft, soft + static_cast<rlim_t>(kGrace.count()), pid))
            refused.emplace_back("limit of real time");
    }
    if (wanted.lock_memory && !set_limit(RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY, pid))
        refused.emplace_back("locked memory");
    return refused;
}

std::string scheduling_text(pid_t pid) {
    const int policy = ::sched_getscheduler(pid);
    if (policy < 0) return "";
    sched_param parameters{};
    ::sched_getparam(pid, &parameters);
    std::string text;
    if ((policy & ~SCHED_RESET_ON_FORK) == SCHED_RR) {
        text = fmt::format("real-time {}", parameters.sched_priority);
        rlimit limit{};
        if (::prlimit(pid, RLIMIT_RTTIME, nullptr, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
            text += fmt::format(", limit {}", core::to_text(core::Interval{limit.rlim_cur}));
    } else {
        text = fmt::format("nice {}", ::getpriority(PRIO_PROCESS, static_cast<id_t>(pid)));
    }
    return text + processors_text(pid);
}

}  // namespace holdfast::supervisor
