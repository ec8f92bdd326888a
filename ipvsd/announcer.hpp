#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ipvsd/announcement_queue.hpp"
#include "ipvsd/kernel.hpp"
#include "ipvsd/model.hpp"
#include "lib/loop/loop.hpp"

namespace holdfast::ipvsd {

/// Tells the neighbours where the addresses of Active instances are, at the times that keepalived
/// does: a block at once, a second one after a delay, refreshes, and blocks after an advertisement
/// of lower priority. All timers live here, so they go on while vrrpd restarts.
///
/// Frames go out in the order of their rounds, address by address (not one address five times in a
/// row), in portions, so that a thousand addresses do not keep the loop from its other work, and no
/// faster than the limit of their interface. What the kernel has no room for is tried again a
/// little later, unless its interface has had no room for long (a filter behind the queue may drop
/// everything); what is given up, or refused otherwise, is counted.
class Announcer {
  public:
    /// `kernel` must outlive it.
    Announcer(loop::Loop& loop, Kernel& kernel);
    ~Announcer();

    using Targets = std::vector<AddressName>;

    void set_pacing(Pacing pacing) { queue_.set_pacing(std::move(pacing)); }

    /// The instance is Active with these addresses: begins its refreshes. Sends nothing. What waits
    /// for an address that is no longer among them is forgotten.
    void hold(core::ObjectId instance, const AnnouncementRules& rules, Targets targets);
    /// A block for `some` of its addresses now, and the second block for them.
    void announce(core::ObjectId instance, const Targets& some);
    /// The same for all of them.
    void announce_all(core::ObjectId instance);
    /// Only the second block for `some`, at `when` (a predecessor has sent the first).
    void announce_later(core::ObjectId instance, const Targets& some, core::Instant when);
    /// Somebody of lower priority has advertised: blocks as configured for that.
    void after_lower_priority(core::ObjectId instance);
    /// An address that is no virtual one, once; nobody needs to hold it.
    void announce_other(core::ObjectId instance, const AddressName& address);
    /// No longer Active: nothing more is sent, not even what waits in the queue.
    void drop(core::ObjectId instance);

    [[nodiscard]] bool holds(core::ObjectId instance) const { return entries_.contains(instance); }
    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

  private:
    struct Entry {
        Entry(loop::Loop& loop, std::function<void()> on_second, std::function<void()> on_refresh,
              std::function<void()> on_lower, std::function<void()> on_extra)
            : second_block(loop, std::move(on_second)),
              refresh(loop, std::move(on_refresh)),
              lower_priority(loop, std::move(on_lower)),
              extra(loop, std::move(on_extra)) {}
        AnnouncementRules rules;
        Targets targets;
        Targets second_targets;
        loop::Timer second_block;
        loop::Timer refresh;
        loop::Timer lower_priority;
        loop::Timer extra;
    };

    Entry* find(core::ObjectId instance);
    Entry& make(core::ObjectId instance);
    void on_second_block(core::ObjectId instance);
    void on_refresh(core::ObjectId instance);
    void on_extra(core::ObjectId instance);
    void enqueue(core::ObjectId instance, const Targets& targets, std::uint32_t rounds);
    void send_some();
    struct Portion {
        std::size_t done = 0;  // of the targets
        bool full = false;     // the next one waits for room
    };
    Portion hand_over();
    [[nodiscard]] bool worth_waiting(std::uint32_t interface_index);
    void schedule(core::Interval at_least);
    bool prepare(const AddressName& target, Frame& frame);
    [[nodiscard]] const netlink::Link* link_of(const std::string& interface);
    [[nodiscard]] bool is_router_on(std::uint32_t interface_index);

    loop::Loop& loop_;
    Kernel& kernel_;
    std::map<core::ObjectId, std::unique_ptr<Entry>> entries_;
    AnnouncementQueue queue_;
    // Of the portion that is being sent; kept for the next one.
    std::vector<const AddressName*> targets_;
    std::vector<Frame> frames_;
    std::vector<std::size_t> places_;  // of the frames among the targets
    std::string last_interface_;       // the last one that was looked up
    const netlink::Link* last_link_ = nullptr;
    loop::Timer next_portion_;
    std::set<std::uint32_t>
        routers_;  // interfaces that forward IPv6, asked for at most once a second
    std::optional<core::Instant> routers_asked_;
    std::map<std::uint32_t, core::Instant> full_since_;  // interfaces that had no room last
    std::uint64_t sent_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace holdfast::ipvsd
