#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/core/address.hpp"
#include "lib/core/interval.hpp"
#include "vrrpd/advertisement.hpp"
#include "vrrpd/cause.hpp"

/// One virtual router as a value: RFC 9568 section 6 and keepalived's additions. A router never
/// becomes Active by itself: it proposes, and its group (group.hpp) decides. No sockets, no clock,
/// no log: time comes in, deadlines go out.
namespace holdfast::vrrp {

/// What decides between two routers that both want to be Active.
struct Rank {
    std::uint8_t priority = 0;
    core::Address address;  // primary address of the sender
};

/// True when the sender of an advertisement is the one to stay Active (RFC 9568 6.4.3): the higher
/// priority, and of equal ones the higher address.
[[nodiscard]] bool outranks(const Rank& theirs, const Rank& ours);

/// How one router is configured.
struct RouterParameters {
    std::string name;
    Version version = Version::v3;
    core::Interval advert_interval = std::chrono::seconds{1};
    core::Address source;  // our primary address, compared when priorities are equal
    bool nopreempt = false;
    core::Interval preempt_delay{0};
    unsigned down_timer_adverts = 3;
    bool lower_priority_no_advert = false;
    bool higher_priority_send_advert = false;
    bool owner_ignores_adverts = false;
    /// Of the strongest Backup that may have taken over while this router was stopped; 0: as ours.
    std::uint8_t late_backup_priority = 0;
    /// So long after the first time that it could run a router only listens, and at least until
    /// the host has been up for so long.
    core::Interval start_up_hold{0};
    core::Interval delay_after_boot{0};
    core::Instant boot_delay_over{};  // delay_after_boot on the monotonic clock
    /// The simulator plants a fault here, to show that it would be found.
    bool (*outranks)(const Rank& theirs, const Rank& ours) = &vrrp::outranks;
    friend bool operator==(const RouterParameters&, const RouterParameters&) = default;
};

/// The last believed advertisement that said who is Active.
struct Heard {
    core::Address source;
    std::uint8_t priority = 0;
    core::Instant at;
    friend bool operator==(const Heard&, const Heard&) = default;
};

struct Initialize {
    bool started = false;  // waits for its scripts
    friend bool operator==(const Initialize&, const Initialize&) = default;
};
struct Backup {
    core::Interval active_adver_interval{0};
    core::Instant active_down_at;               // Active_Down_Timer
    core::Instant since;                        // when this silence began
    core::Instant held_until{};                 // start-up hold: only listens until then
    std::optional<core::Instant> preempt_at{};  // preempt delay, while one is running or over
    bool wants_active = false;                  // its timer ran out, the group was not ready
    bool gave_up = false;                       // the Active Router said priority 0
    bool listened = false;                      // a late timer was answered by listening once more
    friend bool operator==(const Backup&, const Backup&) = default;
};
/// Another Active Router that we outrank, and which therefore does not hear us.
struct Rival {
    core::Address address;
    std::uint8_t priority = 0;
    core::Interval interval{0};
    core::Instant began;     // both have been Active since then
    core::Instant heard_at;  // when it spoke last
    /// False for a moment: its last words may cross the first ones of a new Active Router.
    bool told = false;
    /// It owns the addresses as well, and we give way to it then.
    std::optional<core::Instant> give_way_at{};
    friend bool operator==(const Rival&, const Rival&) = default;
};
struct Active {
    core::Instant adver_at;  // Adver_Timer
    core::Instant sent_at;
    core::Instant since{};
    std::optional<Rival> rival{};
    friend bool operator==(const Active&, const Active&) = default;
};
struct Fault {
    bool before_start = false;  // its start-up hold is not over, or has not begun
    friend bool operator==(const Fault&, const Fault&) = default;
};
using RouterState = std::variant<Initialize, Backup, Active, Fault>;

enum class StateName : std::uint8_t { initialize, backup, active, fault };
[[nodiscard]] StateName name_of(const RouterState& state);
[[nodiscard]] std::string_view to_text(StateName name);

/// Everything about one router that changes.
struct Router {
    RouterState state = Initialize{};
    std::uint8_t priority = 100;  // effective, of tracking.hpp
    std::vector<StandingCause> causes{};
    /// Of an Active Router: the one before it.
    std::optional<Heard> active{};
    bool yielded_ownership = false;  // an owner that lowered itself to 254 for another owner

    /// What this router advertises and compares with.
    [[nodiscard]] std::uint8_t rank() const;
    friend bool operator==(const Router&, const Router&) = default;
};

/// Skew_Time (RFC 9568 6.1): a share of the interval; in version 2 a share of one second.
[[nodiscard]] core::Interval skew_time(const RouterParameters& parameters, std::uint8_t priority,
                                       core::Interval active_adver_interval);
/// Active_Down_Interval for what is configured and heard at present.
[[nodiscard]] core::Interval active_down_interval(const RouterParameters& parameters,
                                                  std::uint8_t priority,
                                                  core::Interval active_adver_interval);

// What a router wants done. Each router has one timer: Adver_Timer or Active_Down_Timer.
struct SendAdvertisement {
    std::uint8_t priority = 0;
    friend bool operator==(const SendAdvertisement&, const SendAdvertisement&) = default;
};
struct SetTimer {
    core::Instant at;
    friend bool operator==(const SetTimer&, const SetTimer&) = default;
};
struct CancelTimer {
    friend bool operator==(const CancelTimer&, const CancelTimer&) = default;
};
struct StateChanged {
    StateName from{};
    StateName to{};
    std::string because{};
    friend bool operator==(const StateChanged&, const StateChanged&) = default;
};
/// Announce the addresses again: somebody else may have been believed to have them.
struct AnnounceAgain {
    enum class Why : std::uint8_t {
        lower_priority,  // an advertisement of lower priority came
        with_group,      // to another member of the group
        reasserted,      // we were stopped so long that others took over
    };
    Why why{};
    friend bool operator==(const AnnounceAgain&, const AnnounceAgain&) = default;
};
/// Two Active Routers at a time: an episode that people are told of.
struct DualBegan {
    Rival rival;
    friend bool operator==(const DualBegan&, const DualBegan&) = default;
};
struct DualEnded {
    enum class How : std::uint8_t {
        rival_silent,   // for three of its intervals, or it gave up: the role is ours alone again
        gave_way,       // to it, or for another reason
        gave_way_late,  // it was Active before us, fell silent, and is heard again
    };
    Rival rival;
    How how{};
    friend bool operator==(const DualEnded&, const DualEnded&) = default;
};
/// Something worth a line in the log that changes nothing.
struct Noticed {
    enum class What : std::uint8_t { lower_priority, own_address, second_owner };
    What what{};
    core::Address source{};
    std::uint8_t priority = 0;
    friend bool operator==(const Noticed&, const Noticed&) = default;
};
using Act = std::variant<SendAdvertisement, SetTimer, CancelTimer, StateChanged, AnnounceAgain,
                         DualBegan, DualEnded, Noticed>;
using Acts = std::vector<Act>;

/// An advertisement that passed every check.
struct AdvertisementHeard {
    core::Address source;
    std::uint8_t priority = 0;
    core::Interval max_advertise_interval{0};
};
[[nodiscard]] std::string to_text(const AdvertisementHeard& heard);
/// "3.61 s", for people.
[[nodiscard]] std::string in_seconds(core::Interval interval);

/// What a router proposes to its group after an event; the group may refuse `active`.
enum class Proposal : std::uint8_t { nothing, active, backup };
struct Step {
    Router router;
    Acts acts{};
    Proposal proposal = Proposal::nothing;
    /// Empty where the advertisement that was heard says it: most packets move nobody.
    std::string because{};
};

[[nodiscard]] Step timer_fired(const RouterParameters&, Router, core::Instant now);
[[nodiscard]] Step advertisement_heard(const RouterParameters&, Router, const AdvertisementHeard&,
                                       core::Instant now);
/// The priority that tracking computed; a running Active_Down_Timer moves by the difference of the
/// skew times, an Active Router says it with its next advertisement.
[[nodiscard]] Step reprioritised(const RouterParameters&, Router, std::uint8_t priority);

// The transitions, as the group orders them.
[[nodiscard]] Step become_active(const RouterParameters&, Router, const std::string& because,
                                 core::Instant now);
/// With the whole Active_Down_Interval. `adopted` is the interval of the router that we heard.
[[nodiscard]] Step become_backup(const RouterParameters&, Router, const std::string& because,
                                 core::Instant now,
                                 std::optional<core::Interval> adopted = std::nullopt);
/// An Active Router says priority 0 first.
[[nodiscard]] Step become_fault(Router, const std::string& because, core::Instant now);
[[nodiscard]] Step become_initialize(Router, const std::string& because);
/// A Backup whose group was not ready: waits another Active_Down_Interval, still wanting.
[[nodiscard]] Step wait_for_group(const RouterParameters&, Router, core::Instant now);

}  // namespace holdfast::vrrp
