#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "vrrpd/router.hpp"

/// The rule that decides who becomes Active. The unit of decision is the sync group; a router alone
/// is a group of one. Members propose, the group decides: it becomes Active when every member wants
/// to, it goes to Backup or Fault as soon as one has to. Pure.
namespace holdfast::vrrp {

struct Parameters {
    std::vector<RouterParameters> members;
};

/// One entry for each of Parameters::members, in the same order.
struct State {
    std::vector<Router> members;
    friend bool operator==(const State&, const State&) = default;
};

struct Startup {};
/// Active Routers say priority 0.
struct Shutdown {};
/// The one timer of a member; a timer that fires before its deadline changes nothing.
struct TimerFired {
    std::size_t member = 0;
};
struct AdvertisementReceived {
    std::size_t member = 0;
    AdvertisementHeard heard;
};
/// What tracking and the rest of the process say about a member at present, whole.
struct Judged {
    std::size_t member = 0;
    std::uint8_t priority = 100;
    std::vector<Cause> causes{};
};
/// The machine slept (CLOCK_BOOTTIME ran on without CLOCK_MONOTONIC): nothing was heard meanwhile.
struct Slept {
    core::Interval lost{0};
};
/// The state was put together elsewhere (a predecessor's records, a reload): set the timers again
/// and make the members agree. `restart_silence` when intervals changed.
struct Resumed {
    bool restart_silence = false;
};
using Event =
    std::variant<Startup, Shutdown, TimerFired, AdvertisementReceived, Judged, Slept, Resumed>;

struct Action {
    std::size_t member = 0;
    Act act;
    friend bool operator==(const Action&, const Action&) = default;
};
using Actions = std::vector<Action>;

struct GroupChanged {
    StateName from{};
    StateName to{};
    friend bool operator==(const GroupChanged&, const GroupChanged&) = default;
};

struct Transition {
    State state;
    /// Advertisements first, then the rest in the members' order.
    Actions actions;
    std::optional<GroupChanged> group;
    /// Members of which anything may differ from before, in their order.
    std::vector<std::size_t> changed;
};

/// The group's own state: Fault if a member is, else Active if one is, else Backup if one is. A
/// member that joins and still waits in Initialize does not change it.
[[nodiscard]] StateName name_of(const State& state);

[[nodiscard]] Transition step(const Parameters& parameters, State state, const Event& event,
                              core::Instant now);

}  // namespace holdfast::vrrp
