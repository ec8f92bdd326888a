#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ipvsd/addresses.hpp"
#include "ipvsd/paths.hpp"
#include "ipvsd/thefts.hpp"

namespace holdfast::ipvsd {

/// Addresses, routes and rules of the instances, in the order in which they need each other: one
/// batch of requests removes rules, then routes, then addresses, and adds addresses, then routes,
/// then rules. What somebody else removes is back within 200 ms; when that is of no use,
/// `contested` is told. Everything it is given must outlive it.
class Network {
  public:
    using Instances = Addresses::Instances;
    /// `what` is the object that was restored last, for people.
    using Contested = std::function<void(core::ObjectId instance, const std::string& what)>;

    Network(loop::Loop& loop, Kernel& kernel, Ledger& ledger, Announcer& announcer,
            log::Logger& log, WishOf wish_of, Contested contested);

    /// The instances from now on; applies nothing. Their Instance objects stay valid until the next
    /// call.
    void set_instances(const Instances& instances);
    /// Interfaces on which nothing of ours may stand: something else has their name.
    void refuse_interfaces(std::function<bool(const std::string&)> is_taken) {
        addresses_.refuse_interfaces(std::move(is_taken));
    }
    /// Leftovers in the ledger may go: everybody has said what he wishes.
    void remove_leftovers(bool allowed) { leftovers_may_go_ = allowed; }
    /// A cold start: whoever becomes Active announces, whatever the kernel had already.
    void start(bool cold);

    /// Makes the kernel fit the present wishes of `changed`. Only addresses count in the outcome: a
    /// route or rule that the kernel refuses is logged, shown and tried again.
    std::map<core::ObjectId, InstanceOutcome> apply(std::span<const core::ObjectId> changed);
    /// The same for all, and for what the ledger names.
    void apply_all();
    /// Removes everything that is ours, whatever is wished.
    void remove_all();

    // Events of the kernel.
    void link_changed(const netlink::Link& now, const netlink::Link* before);
    void link_removed(const netlink::Link& last);
    void address_changed(const netlink::InterfaceAddress& now);
    void address_removed(const netlink::InterfaceAddress& last);
    void route_changed(const netlink::Route& route, bool gone);
    void rule_changed(const netlink::Rule& rule, bool gone);
    void routes_lost();
    void check_soon();

    [[nodiscard]] Addresses::Count count(core::ObjectId instance) const {
        return addresses_.count(instance);
    }
    [[nodiscard]] Paths::Count count_paths(core::ObjectId instance) const {
        return paths_.count(instance);
    }

  private:
    struct Errors {
        std::vector<core::Error> of_addresses;
        std::vector<core::Error> of_paths;
    };
    Errors carry_out(const Addresses::Work& addresses, const Paths::Work& paths);
    void look_at_addresses();
    void look_at_paths();
    [[nodiscard]] core::Instant next_look_at_paths() const;
    void look_failed(const core::Error& why, bool again);
    void check_by(core::Instant due);
    void check();
    void judge(const Restored& restored);
    void retry_later();

    loop::Loop& loop_;
    Kernel& kernel_;
    log::Logger& log_;
    WishOf wish_of_;
    Contested contested_;
    Addresses addresses_;
    Paths paths_;
    Thefts thefts_;
    bool leftovers_may_go_ = false;
    bool started_ = false;
    loop::Timer check_timer_;
    core::Instant last_check_{};
    core::Interval between_looks_{};
    core::Instant last_look_{};
    bool addresses_unread_ = false;  // the last look failed
    bool paths_unread_ = false;
    log::RateLimit failures_limit_{{.every = std::chrono::seconds{10}, .burst = 3}};
};

}  // namespace holdfast::ipvsd
