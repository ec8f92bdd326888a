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
};

const std::map<std::string, Router>& states() {
    static const std::map<std::string, Router> all{
        {"initialize", Router{}},
        {"waiting", Router{.state = Initialize{.started = true},
                           .causes = {{{Cause::Kind::script_not_run, "chk"}, kNow - 1s}}}},
        {"backup", backup()},
        {"backup, silence over", backup(kNow)},
        {"active", active()},
        {"active, due", active(kNow)},
        {"fault", fault()},
    };
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

/// Every pair of state and event. What is not listed changes nothing: no action, the same state.
const Row kTable[] = {
    {"active", "heard 0", "send 100; timer +1000ms"},
    {"active", "heard equal, higher address", "timer +3609.38ms; active->backup"},
    {"active", "heard equal, lower address", "send 100; notice lower; announce"},
    {"active", "heard equal, own address", "notice own"},
    {"active", "heard higher", "timer +3609.38ms; active->backup"},
    {"active", "heard lower", "send 100; notice lower; announce"},
    {"active", "judged: link down", "send 0; cancel; active->fault"},
    {"active", "resumed", "timer +500ms"},
    {"active", "resumed, other interval", "timer +500ms"},
    {"active", "shutdown", "send 0; cancel; active->init"},
    {"active", "slept", "send 100; timer +1000ms; announce"},
    {"active", "timer", "timer +500ms"},
    {"active, due", "heard 0", "send 100; timer +1000ms"},
    {"active, due", "heard equal, higher address", "timer +3609.38ms; active->backup"},
    {"active, due", "heard equal, lower address", "send 100; notice lower; announce"},
    {"active, due", "heard equal, own address", "notice own"},
    {"active, due", "heard higher", "timer +3609.38ms; active->backup"},
    {"active, due", "heard lower", "send 100; notice lower; announce"},
    {"active, due", "judged: link down", "send 0; cancel; active->fault"},
    {"active, due", "resumed", "timer +0ms"},
    {"active, due", "resumed, other interval", "timer +0ms"},
    {"active, due", "shutdown", "send 0; cancel; active->init"},
    {"active, due", "slept", "send 100; timer +1000ms; announce"},
    {"active, due", "timer", "send 100; timer +1000ms"},
    {"backup", "heard 0", "timer +609.375ms"},
    {"backup", "heard equal, higher address", "timer +3609.38ms"},
    {"backup", "heard equal, lower address", "timer +3609.38ms"},
    {"backup", "heard equal, own address", "timer +3609.38ms"},
    {"backup", "heard higher", "timer +3609.38ms"},
    {"backup", "heard lower", "notice lower"},
    {"backup", "judged: link down", "cancel; backup->fault"},
    {"backup", "judged: owner", "timer -500ms"},
    {"backup", "judged: priority 80", "timer +3078.12ms"},
    {"backup", "resumed", "timer +3000ms"},
    {"backup", "resumed, other interval", "timer +3609.38ms"},
    {"backup", "shutdown", "cancel; backup->init"},
    {"backup", "slept", "timer +3609.38ms"},
    {"backup", "timer", "timer +3000ms"},
    {"backup, silence over", "heard 0", "timer +0ms"},
    {"backup, silence over", "heard equal, higher address", "timer +3609.38ms"},
    {"backup, silence over", "heard equal, lower address", "timer +3609.38ms"},
    {"backup, silence over", "heard equal, own address", "timer +3609.38ms"},
    {"backup, silence over", "heard higher", "timer +3609.38ms"},
    {"backup, silence over", "heard lower", "notice lower"},
    {"backup, silence over", "judged: link down", "cancel; backup->fault"},
    {"backup, silence over", "judged: owner", "timer -500ms"},
    {"backup, silence over", "judged: priority 80", "timer +78.125ms"},
    {"backup, silence over", "resumed", "timer +0ms"},
    {"backup, silence over", "resumed, other interval", "timer +3609.38ms"},
    {"backup, silence over", "shutdown", "cancel; backup->init"},
    {"backup, silence over", "slept", "timer +3609.38ms"},
    {"backup, silence over", "timer", "send 100; timer +1000ms; backup->active"},
    {"fault", "judged: nothing new", "timer +3609.38ms; fault->backup"},
    {"fault", "judged: owner", "timer +0ms; fault->backup"},
    {"fault", "judged: priority 80", "timer +3687.5ms; fault->backup"},
    {"fault", "shutdown", "cancel; fault->init"},
    {"initialize", "resumed", "timer +3609.38ms; init->backup"},
    {"initialize", "resumed, other interval", "timer +3609.38ms; init->backup"},
    {"initialize", "startup", "timer +3609.38ms; init->backup"},
    {"waiting", "judged: link down", "cancel; init->fault"},
    {"waiting", "judged: nothing new", "timer +3609.38ms; init->backup"},
    {"waiting", "judged: owner", "timer +0ms; init->backup"},
    {"waiting", "judged: priority 80", "timer +3687.5ms; init->backup"},
};

TEST(EveryPairOfStateAndEvent, DoesWhatTheTableSays) {
    std::map<std::pair<std::string, std::string>, std::string> expected;
    for (const Row& row : kTable) {
        ASSERT_TRUE(states().contains(row.state)) << row.state;
        ASSERT_TRUE(events().contains(row.event)) << row.event;
        expected[{row.state, row.event}] = row.actions;
    }
    for (const auto& [state_name, state] : states()) {
        for (const auto& [event_name, event] : events()) {
            const auto result = step(alone(), {{state}}, event, kNow);
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
            const auto result = step(alone(), {{state}}, event, kNow);
            std::optional<core::Instant> timer = deadline_of(state.state);
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
