#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "tests/unit/vrrpd/machine.hpp"

namespace holdfast::vrrp {
namespace {

using namespace testing;

struct Row {
    const char* state;
    const char* event;
    const char* actions;
    const char* rule;
};

struct Start {
    RouterParameters parameters;
    Router router;
};

Router owner(Router from) {
    from.priority = kOwnerPriority;
    return from;
}

const std::map<std::string, Start>& states() {
    static const RouterParameters p = router();
    static const std::map<std::string, Start> all = [] {
        RouterParameters sticky = p;
        sticky.nopreempt = true;
        return std::map<std::string, Start>{
            {"initialize", {p, Router{}}},
            {"initialize, owner", {p, owner(Router{})}},
            {"waiting",
             {p, Router{.state = Initialize{.started = true},
                        .causes = {{{Cause::Kind::script_not_run, "chk"}, kNow - 1s}}}}},
            {"backup", {p, backup()}},
            {"backup, nopreempt", {sticky, backup()}},
            {"backup, silence over", {p, backup(kNow)}},
            {"active", {p, active()}},
            {"active, due", {p, active(kNow)}},
            {"active, owner", {p, owner(active())}},
            {"fault", {p, fault()}},
        };
    }();
    return all;
}

const std::map<std::string, Event>& events() {
    static const Cause link{Cause::Kind::interface_down, "eth0"};
    static const Cause script{Cause::Kind::script_not_run, "chk"};
    static const std::map<std::string, Event> all{
        {"startup", Startup{}},
        {"shutdown", Shutdown{}},
        {"timer", TimerFired{0}},
        {"heard 0", heard(0)},
        {"heard lower", heard(99)},
        {"heard equal, lower address", heard(100, "192.0.2.0")},
        {"heard equal, higher address", heard(100)},
        {"heard equal, own address", heard(100, "192.0.2.1")},
        {"heard higher", heard(101)},
        {"heard owner", heard(255)},
        {"judged: nothing new", Judged{0, 100, {}}},
        {"judged: priority 80", Judged{0, 80, {}}},
        {"judged: owner", Judged{0, 255, {}}},
        {"judged: link down", Judged{0, 100, {link}}},
        {"judged: script not run", Judged{0, 100, {script}}},
        {"slept", Slept{10s}},
        {"resumed", Resumed{}},
        {"resumed, other interval", Resumed{.restart_silence = true}},
    };
    return all;
}

// RFC 9568 by section, in its words where it has any; "ours" is what it leaves open.
constexpr char kStarts[] =
    "6.4.1: If a Startup event is received ... set the Active_Down_Timer to "
    "Active_Down_Interval; transition to {Backup}";
constexpr char kOwnerStarts[] =
    "6.4.1: If the Priority = 255 ... send an ADVERTISEMENT; set the Adver_Timer; transition "
    "to {Active} (ours: through Backup with a timer that is due at once, since its group "
    "decides)";
constexpr char kDeaf[] = "6.4.1: The purpose of {Initialize} is to wait for a Startup event";
constexpr char kNotStarted[] = "6.4.1: waits for a Startup event; what is judged is noted";
constexpr char kJoins[] = "ours: a router that a reload adds starts when its group carries on";
constexpr char kWaits[] =
    "ours: a start waits for the first result of its scripts, without a transition";
constexpr char kNothingToEnd[] =
    "6.4.1: back to waiting for a Startup event; nothing was said that would have to be ended";
constexpr char kBackupStops[] =
    "6.4.2: If a Shutdown event is received ... cancel the Active_Down_Timer; transition to "
    "{Initialize}";
constexpr char kBackupTimer[] =
    "6.4.2: If the Active_Down_Timer fires ... send an ADVERTISEMENT; set the Adver_Timer to "
    "Advertisement_Interval; transition to {Active}";
constexpr char kBackupZero[] =
    "6.4.2: If the Priority in the ADVERTISEMENT is 0, then set the Active_Down_Timer to "
    "Skew_Time (ours: never later than it was)";
constexpr char kBackupHears[] =
    "6.4.2: If Preempt_Mode is False, or if the Priority in the ADVERTISEMENT is greater "
    "than or equal to the local Priority ... set Active_Down_Timer to Active_Down_Interval";
constexpr char kBackupNoPreempt[] =
    "6.4.2: If Preempt_Mode is False ... set Active_Down_Timer to Active_Down_Interval";
constexpr char kBackupDiscards[] = "6.4.2: else // preempt: discard the ADVERTISEMENT";
constexpr char kBackupPriority[] =
    "6.1: Skew_Time is computed from the Priority; the running timer moves by the difference";
constexpr char kOwnerDoesNotWait[] = "6.4.1: an owner transitions to {Active} without waiting";
constexpr char kBackupSlept[] =
    "ours: nothing was heard in the sleep, so the whole Active_Down_Interval begins anew";
constexpr char kActiveStops[] =
    "6.4.3: If a Shutdown event is received ... cancel the Adver_Timer; send an "
    "ADVERTISEMENT with Priority = 0; transition to {Initialize}";
constexpr char kActiveTimer[] =
    "6.4.3: If the Adver_Timer fires ... send an ADVERTISEMENT; reset the Adver_Timer to "
    "Advertisement_Interval";
constexpr char kActiveZero[] =
    "6.4.3: If the Priority in the ADVERTISEMENT is 0 ... send an ADVERTISEMENT; reset the "
    "Adver_Timer (ours: a timer that is due does both in this turn)";
constexpr char kActiveYields[] =
    "6.4.3: If the Priority is greater than the local Priority, or equal and the primary "
    "address of the sender is greater ... cancel Adver_Timer; set Active_Down_Timer; "
    "transition to {Backup}";
constexpr char kActiveAsserts[] =
    "6.4.3: else // new Active logic: discard; send an ADVERTISEMENT immediately to assert "
    "the {Active} state (ours: a timer that is due does that)";
constexpr char kOwnAddress[] =
    "6.4.3: the sender's address is not greater than ours; it is ours, so nobody is there to "
    "be answered";
constexpr char kActivePriority[] = "6.4.3: the next ADVERTISEMENT carries it";
constexpr char kActiveFails[] = "ours: Fault; leaves {Active} as with a Shutdown event, 6.4.3";
constexpr char kFails[] = "ours: Fault; leaves {Backup} as with a Shutdown event, 6.4.2";
constexpr char kActiveSlept[] = "ours: the Adver_Timer is as late as it really is";
constexpr char kWaitsNotOnceStarted[] =
    "ours: a cause that only delays the start does not end a role";
constexpr char kNothing[] = "ours: nothing changed";
constexpr char kNotDue[] = "ours: a timer that fires early is set again";
constexpr char kOnceOnly[] = "6.4.1: Startup is an event of {Initialize} only";
constexpr char kCarriesOn[] =
    "ours: the timers of a predecessor are set again; after a change of interval a Backup "
    "listens for the whole new one";
constexpr char kFaultEnds[] = "6.4.1: as with a Startup event";
constexpr char kFaultStays[] = "ours: stays in Fault while a cause stands";
constexpr char kFaultStops[] = "6.4.1: waits for a Startup event again";
constexpr char kFaultDeaf[] = "ours: a router in Fault hears nothing and has no timer";

/// Every pair of state and event, with the rule that it follows.
const Row kTable[] = {
    {"initialize", "startup", "timer +3609.38ms; init->backup", kStarts},
    {"initialize", "shutdown", "", kDeaf},
    {"initialize", "timer", "", kDeaf},
    {"initialize", "heard 0", "", kDeaf},
    {"initialize", "heard lower", "", kDeaf},
    {"initialize", "heard equal, lower address", "", kDeaf},
    {"initialize", "heard equal, higher address", "", kDeaf},
    {"initialize", "heard equal, own address", "", kDeaf},
    {"initialize", "heard higher", "", kDeaf},
    {"initialize", "heard owner", "", kDeaf},
    {"initialize", "judged: nothing new", "", kNotStarted},
    {"initialize", "judged: priority 80", "", kNotStarted},
    {"initialize", "judged: owner", "", kNotStarted},
    {"initialize", "judged: link down", "", kNotStarted},
    {"initialize", "judged: script not run", "", kNotStarted},
    {"initialize", "slept", "", kDeaf},
    {"initialize", "resumed", "timer +3609.38ms; init->backup", kJoins},
    {"initialize", "resumed, other interval", "timer +3609.38ms; init->backup", kJoins},
    {"initialize, owner", "startup", "timer +0ms; init->backup", kOwnerStarts},
    {"initialize, owner", "shutdown", "", kDeaf},
    {"initialize, owner", "timer", "", kDeaf},
    {"initialize, owner", "heard 0", "", kDeaf},
    {"initialize, owner", "heard lower", "", kDeaf},
    {"initialize, owner", "heard equal, lower address", "", kDeaf},
    {"initialize, owner", "heard equal, higher address", "", kDeaf},
    {"initialize, owner", "heard equal, own address", "", kDeaf},
    {"initialize, owner", "heard higher", "", kDeaf},
    {"initialize, owner", "heard owner", "", kDeaf},
    {"initialize, owner", "judged: nothing new", "", kNotStarted},
    {"initialize, owner", "judged: priority 80", "", kNotStarted},
    {"initialize, owner", "judged: owner", "", kNotStarted},
    {"initialize, owner", "judged: link down", "", kNotStarted},
    {"initialize, owner", "judged: script not run", "", kNotStarted},
    {"initialize, owner", "slept", "", kDeaf},
    {"initialize, owner", "resumed", "timer +0ms; init->backup", kJoins},
    {"initialize, owner", "resumed, other interval", "timer +0ms; init->backup", kJoins},
    {"waiting", "startup", "", kWaits},
    {"waiting", "shutdown", "", kNothingToEnd},
    {"waiting", "timer", "", kDeaf},
    {"waiting", "heard 0", "", kDeaf},
    {"waiting", "heard lower", "", kDeaf},
    {"waiting", "heard equal, lower address", "", kDeaf},
    {"waiting", "heard equal, higher address", "", kDeaf},
    {"waiting", "heard equal, own address", "", kDeaf},
    {"waiting", "heard higher", "", kDeaf},
    {"waiting", "heard owner", "", kDeaf},
    {"waiting", "judged: nothing new", "timer +3609.38ms; init->backup", kWaits},
    {"waiting", "judged: priority 80", "timer +3687.5ms; init->backup", kWaits},
    {"waiting", "judged: owner", "timer +0ms; init->backup", kWaits},
    {"waiting", "judged: link down", "cancel; init->fault", kWaits},
    {"waiting", "judged: script not run", "", kWaits},
    {"waiting", "slept", "", kDeaf},
    {"waiting", "resumed", "", kWaits},
    {"waiting", "resumed, other interval", "", kWaits},
    {"backup", "startup", "", kOnceOnly},
    {"backup", "shutdown", "cancel; backup->init", kBackupStops},
    {"backup", "timer", "timer +3000ms", kNotDue},
    {"backup", "heard 0", "timer +609.375ms", kBackupZero},
    {"backup", "heard lower", "notice lower", kBackupDiscards},
    {"backup", "heard equal, lower address", "timer +3609.38ms", kBackupHears},
    {"backup", "heard equal, higher address", "timer +3609.38ms", kBackupHears},
    {"backup", "heard equal, own address", "timer +3609.38ms", kBackupHears},
    {"backup", "heard higher", "timer +3609.38ms", kBackupHears},
    {"backup", "heard owner", "timer +3609.38ms", kBackupHears},
    {"backup", "judged: nothing new", "", kNothing},
    {"backup", "judged: priority 80", "timer +3078.12ms", kBackupPriority},
    {"backup", "judged: owner", "timer -500ms", kOwnerDoesNotWait},
    {"backup", "judged: link down", "cancel; backup->fault", kFails},
    {"backup", "judged: script not run", "", kWaitsNotOnceStarted},
    {"backup", "slept", "timer +3609.38ms", kBackupSlept},
    {"backup", "resumed", "timer +3000ms", kCarriesOn},
    {"backup", "resumed, other interval", "timer +3609.38ms", kCarriesOn},
    {"backup, nopreempt", "startup", "", kOnceOnly},
    {"backup, nopreempt", "shutdown", "cancel; backup->init", kBackupStops},
    {"backup, nopreempt", "timer", "timer +3000ms", kNotDue},
    {"backup, nopreempt", "heard 0", "timer +609.375ms", kBackupZero},
    {"backup, nopreempt", "heard lower", "timer +3609.38ms", kBackupNoPreempt},
    {"backup, nopreempt", "heard equal, lower address", "timer +3609.38ms", kBackupHears},
    {"backup, nopreempt", "heard equal, higher address", "timer +3609.38ms", kBackupHears},
    {"backup, nopreempt", "heard equal, own address", "timer +3609.38ms", kBackupHears},
    {"backup, nopreempt", "heard higher", "timer +3609.38ms", kBackupHears},
    {"backup, nopreempt", "heard owner", "timer +3609.38ms", kBackupHears},
    {"backup, nopreempt", "judged: nothing new", "", kNothing},
    {"backup, nopreempt", "judged: priority 80", "timer +3078.12ms", kBackupPriority},
    {"backup, nopreempt", "judged: owner", "timer -500ms", kOwnerDoesNotWait},
    {"backup, nopreempt", "judged: link down", "cancel; backup->fault", kFails},
    {"backup, nopreempt", "judged: script not run", "", kWaitsNotOnceStarted},
    {"backup, nopreempt", "slept", "timer +3609.38ms", kBackupSlept},
    {"backup, nopreempt", "resumed", "timer +3000ms", kCarriesOn},
    {"backup, nopreempt", "resumed, other interval", "timer +3609.38ms", kCarriesOn},
    {"backup, silence over", "startup", "", kOnceOnly},
    {"backup, silence over", "shutdown", "cancel; backup->init", kBackupStops},
    {"backup, silence over", "timer", "send 100; timer +1000ms; backup->active", kBackupTimer},
    {"backup, silence over", "heard 0", "timer +0ms", kBackupZero},
    {"backup, silence over", "heard lower", "notice lower", kBackupDiscards},
    {"backup, silence over", "heard equal, lower address", "timer +3609.38ms", kBackupHears},
    {"backup, silence over", "heard equal, higher address", "timer +3609.38ms", kBackupHears},
    {"backup, silence over", "heard equal, own address", "timer +3609.38ms", kBackupHears},
    {"backup, silence over", "heard higher", "timer +3609.38ms", kBackupHears},
    {"backup, silence over", "heard owner", "timer +3609.38ms", kBackupHears},
    {"backup, silence over", "judged: nothing new", "", kNothing},
    {"backup, silence over", "judged: priority 80", "timer +78.125ms", kBackupPriority},
    {"backup, silence over", "judged: owner", "timer -500ms", kOwnerDoesNotWait},
    {"backup, silence over", "judged: link down", "cancel; backup->fault", kFails},
    {"backup, silence over", "judged: script not run", "", kWaitsNotOnceStarted},
    {"backup, silence over", "slept", "timer +3609.38ms", kBackupSlept},
    {"backup, silence over", "resumed", "timer +0ms", kCarriesOn},
    {"backup, silence over", "resumed, other interval", "timer +3609.38ms", kCarriesOn},
    {"active", "startup", "", kOnceOnly},
    {"active", "shutdown", "send 0; cancel; active->init", kActiveStops},
    {"active", "timer", "timer +500ms", kNotDue},
    {"active", "heard 0", "send 100; timer +1000ms", kActiveZero},
    {"active", "heard lower", "send 100; dual since +0ms; announce", kActiveAsserts},
    {"active", "heard equal, lower address", "send 100; dual since +0ms; announce", kActiveAsserts},
    {"active", "heard equal, higher address", "timer +3609.38ms; active->backup", kActiveYields},
    {"active", "heard equal, own address", "notice own", kOwnAddress},
    {"active", "heard higher", "timer +3609.38ms; active->backup", kActiveYields},
    {"active", "heard owner", "timer +3609.38ms; active->backup", kActiveYields},
    {"active", "judged: nothing new", "", kNothing},
    {"active", "judged: priority 80", "", kActivePriority},
    {"active", "judged: owner", "", kActivePriority},
    {"active", "judged: link down", "send 0; cancel; active->fault", kActiveFails},
    {"active", "judged: script not run", "", kWaitsNotOnceStarted},
    {"active", "slept", "timer -9500ms", kActiveSlept},
    {"active", "resumed", "timer +500ms", kCarriesOn},
    {"active", "resumed, other interval", "timer +500ms", kCarriesOn},
    {"active, due", "startup", "", kOnceOnly},
    {"active, due", "shutdown", "send 0; cancel; active->init", kActiveStops},
    {"active, due", "timer", "send 100; timer +1000ms", kActiveTimer},
    {"active, due", "heard 0", "", kActiveZero},
    {"active, due", "heard lower", "dual since +0ms; announce", kActiveAsserts},
    {"active, due", "heard equal, lower address", "dual since +0ms; announce", kActiveAsserts},
    {"active, due", "heard equal, higher address", "timer +3609.38ms; active->backup",
     kActiveYields},
    {"active, due", "heard equal, own address", "notice own", kOwnAddress},
    {"active, due", "heard higher", "timer +3609.38ms; active->backup", kActiveYields},
    {"active, due", "heard owner", "timer +3609.38ms; active->backup", kActiveYields},
    {"active, due", "judged: nothing new", "", kNothing},
    {"active, due", "judged: priority 80", "", kActivePriority},
    {"active, due", "judged: owner", "", kActivePriority},
    {"active, due", "judged: link down", "send 0; cancel; active->fault", kActiveFails},
    {"active, due", "judged: script not run", "", kWaitsNotOnceStarted},
    {"active, due", "slept", "timer -10000ms", kActiveSlept},
    {"active, due", "resumed", "timer +0ms", kCarriesOn},
    {"active, due", "resumed, other interval", "timer +0ms", kCarriesOn},
    {"active, owner", "startup", "", kOnceOnly},
    {"active, owner", "shutdown", "send 0; cancel; active->init", kActiveStops},
    {"active, owner", "timer", "timer +500ms", kNotDue},
    {"active, owner", "heard 0", "send 255; timer +1000ms", kActiveZero},
    {"active, owner", "heard lower", "send 255; dual since +0ms; announce", kActiveAsserts},
    {"active, owner", "heard equal, lower address", "send 255; dual since +0ms; announce",
     kActiveAsserts},
    {"active, owner", "heard equal, higher address", "send 255; dual since +0ms; announce",
     kActiveAsserts},
    {"active, owner", "heard equal, own address", "send 255; dual since +0ms; announce",
     kActiveAsserts},
    {"active, owner", "heard higher", "send 255; dual since +0ms; announce", kActiveAsserts},
    {"active, owner", "heard owner", "timer +3003.91ms; active->backup", kActiveYields},
    {"active, owner", "judged: nothing new", "", kNothing},
    {"active, owner", "judged: priority 80", "", kActivePriority},
    {"active, owner", "judged: owner", "", kActivePriority},
    {"active, owner", "judged: link down", "send 0; cancel; active->fault", kActiveFails},
    {"active, owner", "judged: script not run", "", kWaitsNotOnceStarted},
    {"active, owner", "slept", "timer -9500ms", kActiveSlept},
    {"active, owner", "resumed", "timer +500ms", kCarriesOn},
    {"active, owner", "resumed, other interval", "timer +500ms", kCarriesOn},
    {"fault", "startup", "", kOnceOnly},
    {"fault", "shutdown", "cancel; fault->init", kFaultStops},
    {"fault", "timer", "", kFaultDeaf},
    {"fault", "heard 0", "", kFaultDeaf},
    {"fault", "heard lower", "", kFaultDeaf},
    {"fault", "heard equal, lower address", "", kFaultDeaf},
    {"fault", "heard equal, higher address", "", kFaultDeaf},
    {"fault", "heard equal, own address", "", kFaultDeaf},
    {"fault", "heard higher", "", kFaultDeaf},
    {"fault", "heard owner", "", kFaultDeaf},
    {"fault", "judged: nothing new", "timer +3609.38ms; fault->backup", kFaultEnds},
    {"fault", "judged: priority 80", "timer +3687.5ms; fault->backup", kFaultEnds},
    {"fault", "judged: owner", "timer +0ms; fault->backup", kFaultEnds},
    {"fault", "judged: link down", "", kFaultStays},
    {"fault", "judged: script not run", "", kFaultStays},
    {"fault", "slept", "", kFaultDeaf},
    {"fault", "resumed", "", kFaultStays},
    {"fault", "resumed, other interval", "", kFaultStays},
};

TEST(EveryPairOfStateAndEvent, DoesWhatTheTableSays) {
    std::map<std::pair<std::string, std::string>, std::string> expected;
    for (const Row& row : kTable) {
        ASSERT_TRUE(states().contains(row.state)) << row.state;
        ASSERT_TRUE(events().contains(row.event)) << row.event;
        EXPECT_TRUE(expected.emplace(std::pair{row.state, row.event}, row.actions).second);
    }
    EXPECT_EQ(expected.size(), states().size() * events().size());
    for (const auto& [state_name, state] : states()) {
        for (const auto& [event_name, event] : events()) {
            const auto result = step(alone(state.parameters), {{state.router}}, event, kNow);
            const std::string& want = expected[{state_name, event_name}];
            EXPECT_EQ(in_words(result.actions), want)
                << "    {\"" << state_name << "\", \"" << event_name << "\", \""
                << in_words(result.actions) << "\"},";
        }
    }
}

/// The deadline of the timer that a state needs, if it needs one.
std::optional<core::Instant> deadline_of(const RouterState& state) {
    if (const auto* backup_now = std::get_if<Backup>(&state)) return backup_now->active_down_at;
    if (const auto* active_now = std::get_if<Active>(&state)) return active_now->adver_at;
    return std::nullopt;
}

TEST(EveryPairOfStateAndEvent, LeavesExactlyTheTimerThatTheStateNeeds) {
    for (const auto& [state_name, state] : states()) {
        for (const auto& [event_name, event] : events()) {
            const auto result = step(alone(state.parameters), {{state.router}}, event, kNow);
            std::optional<core::Instant> timer = deadline_of(state.router.state);
            for (const Action& each : result.actions) {
                if (const auto* set = std::get_if<SetTimer>(&each.act)) timer = set->at;
                if (std::holds_alternative<CancelTimer>(each.act)) timer.reset();
            }
            EXPECT_EQ(timer, deadline_of(result.state.members[0].state))
                << state_name << " / " << event_name;
        }
    }
}

}  // namespace
}  // namespace holdfast::vrrp
