#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "tests/sim/plan.hpp"
#include "vrrpd/group.hpp"

namespace holdfast::sim {

/// A rule that was broken: when, and which.
struct Violation {
    core::Interval at{0};
    std::string text;
};

/// One run: hosts with vrrpd's own state machine and packet code, a network between them, and a
/// clock that jumps from event to event. The rules are looked at after every event.
class World {
  public:
    World(const Plan& plan, bool trace);
    /// Nothing if every rule held until the end.
    [[nodiscard]] std::optional<Violation> run();

  private:
    struct Packet {
        std::size_t from = 0;
        std::size_t segment = 0;
        std::vector<std::byte> bytes;
    };
    struct Host {
        std::uint8_t priority = 100;
        core::Interval interval{0};
        core::Instant interval_since;
        std::vector<vrrp::Tracker> trackers;
        /// The segment of each member, and the members themselves.
        std::vector<std::size_t> segments;
        vrrp::Parameters parameters;
        vrrp::State state;
        // One for each segment.
        std::vector<std::uint64_t> timers;  // the generation that is valid
        std::vector<bool> contested;
        std::vector<bool> in_episode;
        std::vector<bool> joining;  // added by a reload, and not yet where the others are
        bool running = false;       // vrrpd is there
        bool paused = false;
        bool machine_up = true;     // the host is there
        std::uint64_t lives = 0;    // outdates what was planned for an earlier life
        core::Instant stopped_at;   // pause or loss of vrrpd
        core::Instant back_at;      // and its end
        std::vector<Packet> inbox;  // not read yet
        std::vector<bool> link_up;
        std::vector<bool> owns;  // the segment's address
    };
    struct Segment {
        std::optional<unsigned> mask;
        std::optional<std::size_t> mute;
        std::optional<std::size_t> deaf;
        int loss = 0;
    };
    struct Entry {
        core::Instant at;
        std::uint64_t sequence;
        enum class What : std::uint8_t { timer, deliver, disturb, over, withdraw, refresh } what;
        std::size_t host = 0;
        std::size_t member = 0;
        std::uint64_t generation = 0;
        Packet packet{};
        std::size_t disturbance = 0;
        core::Instant deadline{};  // of a timer that fires early
        bool operator<(const Entry& other) const {
            return at != other.at ? at > other.at : sequence > other.sequence;
        }
    };

    void schedule(Entry entry);
    void handle(const Entry& entry);
    void timer(const Entry& entry);
    void deliver(const Entry& entry);
    void disturb(std::size_t index);
    void over(std::size_t index);

    void take(std::size_t host, const vrrp::Event& event);
    void take(std::size_t host, const vrrp::Event& event, core::Instant now);
    [[nodiscard]] core::Interval slack(std::size_t host);
    void refresh();
    void carry_out(std::size_t host, const vrrp::Action& action);
    void send(std::size_t host, std::size_t segment, std::uint8_t priority);
    void announce(std::size_t host, std::size_t segment);
    void episode(std::size_t host, std::size_t segment, const vrrp::Action& action);
    void read(std::size_t host, const Packet& packet);
    void read_queue(std::size_t host);
    [[nodiscard]] vrrp::RouterParameters parameters_for(std::size_t host,
                                                        std::size_t segment) const;
    void configure(std::size_t host);
    void reload(std::size_t host, bool other_interval);
    void change_member(std::size_t host, std::size_t segment, bool present);
    [[nodiscard]] std::optional<std::size_t> member_on(std::size_t host, std::size_t segment) const;
    void turn_tracker(const Disturbance& what, vrrp::Condition condition);
    void retry_later(std::size_t disturbance);
    void judge(std::size_t host);
    void cold_start(std::size_t host);
    void lose_vrrpd(std::size_t host);
    void successor(std::size_t host);
    void wake(std::size_t host);

    [[nodiscard]] bool reaches(std::size_t from, std::size_t to, std::size_t segment) const;
    [[nodiscard]] core::Interval down_interval(std::size_t host) const;
    [[nodiscard]] std::optional<std::string> broken_rule() const;
    [[nodiscard]] std::optional<std::string> broken_rule_of_host(std::size_t host) const;
    [[nodiscard]] std::optional<std::string> broken_rule_of_member(std::size_t host,
                                                                   std::size_t member) const;
    [[nodiscard]] std::optional<std::string> broken_rule_once_stable() const;
    [[nodiscard]] std::optional<std::string> broken_rule_of_segment(std::size_t segment,
                                                                    std::size_t best) const;
    [[nodiscard]] int expected_priority(const Host& host) const;
    void say(const std::string& text) const;

    const Plan& plan_;
    bool trace_;
    Random random_;
    core::Instant start_{std::chrono::seconds{1000}};
    core::Instant now_ = start_;
    std::uint64_t sequence_ = 0;
    std::uint64_t generation_ = 0;
    std::priority_queue<Entry> queue_;
    std::vector<Host> hosts_;
    std::vector<Segment> segments_;
    std::vector<std::optional<std::size_t>> believed_;  // who announced the address last
    /// Who announced the address last while that could not be heard, and has not heard since of
    /// another Active Router, which would make it announce again.
    std::vector<std::optional<std::size_t>> unheard_;
    /// Something happened of which the Active Router cannot know that the client turned away from
    /// it.
    bool unknowable_ = false;
    std::optional<std::string> noticed_;  // a rule broken inside an event
};

}  // namespace holdfast::sim
