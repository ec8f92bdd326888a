#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "lib/log/logger.hpp"
#include "lib/log/rate_limit.hpp"
#include "lib/loop/loop.hpp"
#include "vrrpd/authentication_header.hpp"
#include "vrrpd/group.hpp"
#include "vrrpd/hmac_trailer.hpp"
#include "vrrpd/kernel_watch.hpp"
#include "vrrpd/model.hpp"
#include "vrrpd/observations.hpp"
#include "vrrpd/saved_state.hpp"
#include "vrrpd/sockets.hpp"

namespace holdfast::vrrp {

class Instance;
class SyncGroup;

/// One transition, for ipvsd, the supervisor and the log.
struct RoleChanged {
    Instance& instance;
    StateName from{};
    StateName to{};
    std::string because;
    /// ipvsd must know, but people see the same router under another name.
    bool renamed = false;
};

/// What happens to a router beside its transitions.
enum class Happening : std::uint8_t {
    priority_changed,
    lower_priority_heard,  // by an Active Router
    reasserted,            // a second Active Router is gone
};

/// What routers at work tell the rest of vrrpd.
class Reporter {
  public:
    virtual ~Reporter() = default;
    /// The transitions of one step, which belong together.
    virtual void roles_changed(SyncGroup& group, std::span<const RoleChanged> changes,
                               const std::optional<GroupChanged>& group_changed) = 0;
    /// Somebody else may have been believed to have the addresses of this Active Router.
    virtual void announce(Instance& instance, AnnounceAgain::Why why) = 0;
    virtual void happened(Instance& instance, Happening what) = 0;
    /// A timer acts so late, more than an interval: this process was kept from running, and all
    /// its timers were. When that is worth a line, how many were left out since the last one.
    virtual std::optional<std::uint64_t> late(core::Interval by) = 0;
    /// A timer is about to act; true when the machine slept and everything is different now.
    virtual bool slept() = 0;
    /// What ipvsd did with an instance's role changed.
    virtual void kernel_changed(Instance& instance) = 0;
};

/// What instances and groups work with; all of it outlives them.
struct Tools {
    loop::Loop& loop;
    log::Logger& log;
    Wire& wire;
    SavedState& saved;
    Reporter& reporter;
};

/// One virtual router at work: its setting, its timer, its packets, its counters. What it does is
/// decided in its group's pure step(); this only carries out.
class Instance {
  public:
    Instance(const Tools& tools, InstanceSetting setting);
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    [[nodiscard]] const InstanceSetting& setting() const { return setting_; }
    void configure(InstanceSetting setting);
    [[nodiscard]] const WireKey& wire_key() const { return wire_key_; }
    [[nodiscard]] core::ObjectId id() const { return setting_.id; }

    /// Which group decides, and as which of its members.
    void join(SyncGroup& group, std::size_t member);
    [[nodiscard]] SyncGroup& group() const { return *group_; }
    [[nodiscard]] std::size_t member() const { return member_; }
    [[nodiscard]] const Router& router() const;

    /// The packet passed the filters; it is checked, counted, and told to the group.
    void receive(const Datagram& datagram);
    /// Brings nearer what receive() will need, in kFetchSteps steps, each of which needs what the
    /// one before it fetched.
    static constexpr unsigned kFetchSteps = 3;
    void fetch(unsigned step) const;
    /// Says `priority` to the multicast group or to each peer.
    void advertise(std::uint8_t priority, const core::Address& source);
    void notice(const Noticed& what);
    void notice(const DualBegan& episode);
    void notice(const DualEnded& episode);
    void count(const StateChanged& change);
    /// True at most once a second.
    [[nodiscard]] bool may_announce();
    void save();
    /// What the predecessor left.
    void restore(const SavedRouter& saved);

    [[nodiscard]] const Counters& counters() const { return counters_; }
    [[nodiscard]] double since() const { return since_; }
    [[nodiscard]] const Observations& observations() const { return observations_; }

    loop::Timer timer;
    KernelWatch kernel;
    /// Which virtual interface of it ipvsd cannot make, and why; empty: none.
    std::string interface_failure;

  private:
    void prepare_proofs();
    [[nodiscard]] Moment moment() const;
    void refuse(const Datagram& datagram, Rejection why);
    void note_differences(const Datagram& datagram, const Accepted& accepted);
    void note_send_error(const core::Error& error);
    void note_sent();
    /// Speaks to a peer in the form of checksum that it uses itself.
    void adopt_checksum(const Datagram& datagram, ChecksumForm heard);
    [[nodiscard]] ChecksumForm checksum_for(const core::Address& destination) const;
    void note_time(const Moment& now);
    core::Status send_to(const core::Address& destination, const core::Address& source,
                         const Moment& now);
    /// A line that the network can provoke; `text()` makes it, once it is certain to be written.
    /// False when it is left out.
    template <class Text>
    bool warn(unsigned kind, std::string_view event, const Text& text) {
        const auto left_out = limit_.admit(kind, tools_.loop.now());
        if (left_out) write(event, text(), *left_out);
        return left_out.has_value();
    }
    void write(std::string_view event, const std::string& text, std::uint64_t left_out);

    const Tools& tools_;
    InstanceSetting setting_;
    WireKey wire_key_;
    Advertisement said_;  // what we advertise, but for the priority
    std::optional<TrailerKeeper> trailer_;
    std::optional<HeaderKeeper> header_;
    /// Peers that want the checksum of keepalived before 1.3.7.
    std::set<core::Address> old_checksum_peers_;
    core::Interval time_difference_{0};  // as it was logged
    SyncGroup* group_ = nullptr;
    std::size_t member_ = 0;
    Counters counters_;
    Observations observations_;
    bool send_failure_told_ = false;
    double since_ = 0;
    std::optional<core::Instant> announced_at_;
    log::RateLimit limit_;
    state::SlotHint saved_at_;
    bool file_full_ = false;
};

}  // namespace holdfast::vrrp
