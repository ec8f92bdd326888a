#pragma once

#include <chrono>
#include <string>

#include <fmt/format.h>

#include "vrrpd/group.hpp"

/// Words for the machine's values, so that a test's table can be read.
namespace holdfast::vrrp::testing {

using namespace std::chrono_literals;

/// Every test happens around this moment.
inline constexpr core::Instant kNow{1000s};

inline core::Address address(const char* text) {
    return *core::Address::from_text(text);
}

inline std::string relative(core::Instant at) {
    const auto ms = std::chrono::duration<double, std::milli>(at - kNow).count();
    return fmt::format("{:+.6g}ms", ms);
}

struct InWords {
    std::string operator()(const SendAdvertisement& a) const {
        return fmt::format("send {}", unsigned{a.priority});
    }
    std::string operator()(const SetTimer& a) const { return "timer " + relative(a.at); }
    std::string operator()(const CancelTimer&) const { return "cancel"; }
    std::string operator()(const StateChanged& a) const {
        return fmt::format("{}->{}", to_text(a.from), to_text(a.to));
    }
    std::string operator()(const AnnounceAgain& a) const {
        constexpr const char* kWhy[] = {"announce", "announce with group", "announce reasserted"};
        return kWhy[static_cast<std::size_t>(a.why)];
    }
    std::string operator()(const DualBegan& a) const {
        return fmt::format("dual since {}", relative(a.rival.began));
    }
    std::string operator()(const DualEnded& a) const {
        constexpr const char* kHow[] = {"rival silent", "gave way", "gave way late"};
        return fmt::format("dual over: {}", kHow[static_cast<std::size_t>(a.how)]);
    }
    std::string operator()(const Noticed& a) const {
        constexpr const char* kNames[] = {"lower", "own", "rival"};
        return fmt::format("notice {}", kNames[static_cast<std::size_t>(a.what)]);
    }
};

inline std::string in_words(const Act& act) {
    return std::visit(InWords{}, act);
}

/// "send 100; timer +1000ms; backup->active", with "1:" before actions of other members than the
/// first.
inline std::string in_words(const Actions& actions) {
    std::string text;
    for (const Action& each : actions) {
        if (!text.empty()) text += "; ";
        if (each.member != 0) text += fmt::format("{}:", each.member);
        text += in_words(each.act);
    }
    return text;
}

/// The reason given with the first transition.
inline std::string reason(const Actions& actions) {
    for (const Action& each : actions)
        if (const auto* changed = std::get_if<StateChanged>(&each.act)) return changed->because;
    return "";
}

/// 192.0.2.1, priority 100, version 3, one second.
inline RouterParameters router(const char* name = "VI_1") {
    RouterParameters made;
    made.name = name;
    made.source = address("192.0.2.1");
    return made;
}

inline Parameters alone(const RouterParameters& parameters = router()) {
    return {{parameters}};
}

inline AdvertisementReceived heard(std::uint8_t priority, const char* from = "192.0.2.2",
                                   core::Interval interval = 1s, std::size_t member = 0) {
    return {.member = member,
            .heard = {
                .source = address(from), .priority = priority, .max_advertise_interval = interval}};
}

inline Router backup(core::Instant deadline = kNow + 3s) {
    return {.state = Backup{
                .active_adver_interval = 1s, .active_down_at = deadline, .since = kNow - 500ms}};
}
inline Router active(core::Instant deadline = kNow + 500ms) {
    return {.state = Active{.adver_at = deadline, .sent_at = deadline - 1s},
            .active = Heard{address("192.0.2.9"), 90, kNow - 60s}};
}
inline Router fault() {
    return {.state = Fault{}, .causes = {{{Cause::Kind::interface_down, "eth0"}, kNow - 5s}}};
}

}  // namespace holdfast::vrrp::testing
