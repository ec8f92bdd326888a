#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ipvsd/addresses.hpp"
#include "ipvsd/few_lines.hpp"
#include "ipvsd/ledger.hpp"
#include "ipvsd/model.hpp"
#include "ipvsd/path_claims.hpp"
#include "ipvsd/path_plan.hpp"
#include "lib/log/logger.hpp"
#include "lib/log/rate_limit.hpp"
#include "lib/loop/loop.hpp"

namespace holdfast::ipvsd {

/// The routes and rules of the instances: what is wished of them, what the kernel has, what it
/// refused. Network asks it for its part of a batch and tells it what became of that.
///
/// A dump of a table may pass over a million foreign routes. So the picture comes from dumps at the
/// start, after lost events and when an interface of ours comes or goes; an event about a route of
/// ours makes that route doubtful, and it is added again: the kernel says EEXIST if it is there.
/// Nothing leaves the picture by an event, which may be older than our last request: what is
/// doubtful and no longer wished is removed, too. A route or rule that the kernel refuses is
/// logged, shown and tried again; it is no reason to give up a role. Everything it is given must
/// outlive it.
class Paths {
  public:
    using Instances = PathClaims::Instances;

    Paths(loop::Loop& loop, Kernel& kernel, Ledger& ledger, log::Logger& log, WishOf wish_of);

    /// The Instance objects stay valid until the next call.
    void set_instances(const Instances& instances);
    /// Reads the kernel anew where routes and rules of ours may be.
    core::Status look();

    struct Work {
        std::vector<RouteWish> routes;
        std::vector<std::string> impossible;  // names of routes without an interface
        std::vector<RuleWish> rules;
        PathPlan plan;
    };
    /// The changes of addresses in the same batch, told before the plan is made: the kernel takes
    /// routes along with the address that is their source.
    void addresses_go(std::span<const Change> changes);
    [[nodiscard]] Work plan_for(std::span<const core::ObjectId> changed);
    [[nodiscard]] Work plan_all(bool leftovers_may_go);
    /// Everything that is ours goes.
    [[nodiscard]] Work plan_removal();
    /// Before the kernel is asked.
    void note_in_ledger(const Work& work);
    /// `errors` are those of the plan, in its order (removals, additions); no error: code 0.
    void settle(const Work& work, std::span<const core::Error> errors);
    /// The same after a check: what was done is a repair.
    Restored settle_repair(const Work& work, std::span<const core::Error> errors);

    // Events of the kernel; true: something of ours may be gone.
    bool route_changed(const netlink::Route& route, bool gone);
    bool rule_changed(const netlink::Rule& rule, bool gone);
    bool address_removed(const core::Address& address);
    /// An interface came, went, or goes up or down; of one that routes of ours leave by, the
    /// picture is old then.
    bool link_changed(const netlink::Link& link);
    bool must_look() const { return must_look_; }
    void look_again() { must_look_ = true; }

    [[nodiscard]] bool failing() const { return !failing_.empty(); }
    struct Count {
        std::uint32_t wanted = 0;
        std::uint32_t installed = 0;
        std::vector<std::string> missing;  // which and why, for people; ten at most
    };
    [[nodiscard]] Count count(core::ObjectId instance) const;
    [[nodiscard]] std::uint64_t repaired() const { return repaired_; }

  private:
    core::Status look_at_rules();
    [[nodiscard]] bool is_of_interest(const netlink::Route& route,
                                      const std::set<core::ObjectId>& leftovers) const;
    void forget_unclaimed();
    void tidy_ledger(const std::set<std::string>& route_leftovers,
                     std::set<std::string> rule_leftovers);
    void add_wish(const ClaimedRoute& route, Work& work) const;
    void add_wish(const ClaimedRule& rule, Work& work) const;
    [[nodiscard]] bool is_stubborn(const std::string& name, const netlink::Route& wished) const;
    void make_plan(Work& work, bool leftovers_may_go);
    void add_those_without_source(Work& work);
    void took_effect(const AddRoute& change);
    void took_effect(const RemoveRoute& change);
    void took_effect(const AddRule& change);
    void took_effect(const RemoveRule& change);
    template <class Other>
    void took_effect(const Other& /*is no path*/) {}
    void failed(const Change& change, const core::Error& error, FewLines& lines);
    void settle_rules_in_the_way(const std::vector<const Change*>& changes,
                                 std::span<const core::Error> errors, FewLines& lines);
    void note_impossible(const Work& work, FewLines& lines);
    void forget_settled_failures();
    bool suspect_those_at(const netlink::RouteHead& head);
    [[nodiscard]] bool is_as_wished(const std::string& name, const netlink::Route& found) const;
    [[nodiscard]] bool leaves_by(const std::string& name, const netlink::Link& link) const;
    [[nodiscard]] bool wished(const std::string& name) const;
    [[nodiscard]] std::set<core::ObjectId> owners_of(const Change& change) const;

    loop::Loop& loop_;
    Kernel& kernel_;
    Ledger& ledger_;
    log::Logger& log_;
    WishOf wish_of_;

    PathClaims claims_;
    RoutesInKernel routes_;
    RulesInKernel rules_;
    std::set<core::Address> going_;   // addresses that the present batch removes
    std::set<std::string> doubtful_;  // routes that may be gone by somebody else's hand
    std::set<std::string> let_go_;    // gone so, and not to be put back
    /// What the kernel showed of a route before it was made anew because it did not fit. If it is
    /// the same again, the kernel will not have it otherwise: no endless repair.
    std::map<std::string, netlink::Route> remade_;
    struct Failure {
        int code = 0;
        std::string text;
    };
    std::map<std::string, Failure> failing_;  // by name
    bool must_look_ = false;
    bool names_old_ = false;       // a VRF came or went
    bool rules_doubtful_ = false;  // the picture of rules is old
    bool looked_ = false;          // since the ledger was tidied
    /// Whoever removes ours in a loop, or all at once, fills no journal.
    log::RateLimit repairs_limit_{{.every = std::chrono::seconds{10}, .burst = 10}};
    std::uint64_t repaired_ = 0;
};

}  // namespace holdfast::ipvsd
