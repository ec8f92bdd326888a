#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "ipvsd/announcer.hpp"
#include "ipvsd/claims.hpp"
#include "ipvsd/kernel.hpp"
#include "ipvsd/ledger.hpp"
#include "ipvsd/model.hpp"
#include "ipvsd/plan.hpp"
#include "lib/log/logger.hpp"
#include "lib/log/rate_limit.hpp"
#include "lib/loop/loop.hpp"

namespace holdfast::ipvsd {

/// What became of the addresses of one instance.
struct InstanceOutcome {
    int error = 0;  // errno of the first object that failed, 0: all as wished
    core::ObjectId failed_object;
};

/// What the repair of drift has put back.
struct Restored {
    std::string what;  // for people
    std::set<core::ObjectId> instances;
};

/// The addresses of the instances: what is wished of them, what the kernel has, what it refused,
/// and their announcements. Network asks it for its part of a batch and tells it what became of
/// that; the ledger is written before the kernel is asked, announcements go after it.
///
/// It believes its own picture of the kernel between two dumps; events that contradict the picture
/// cause a dump, never a change by themselves, since an event may be older than our last request.
/// Everything it is given must outlive it.
class Addresses {
  public:
    using Instances = std::map<core::ObjectId, const Instance*>;

    Addresses(loop::Loop& loop, Kernel& kernel, Ledger& ledger, Announcer& announcer,
              log::Logger& log, WishOf wish_of);

    /// The instances from now on; applies nothing. Their Instance objects stay valid until the next
    /// call.
    void set_instances(Instances instances);
    /// A cold start: whoever becomes Active announces, whatever the kernel had already.
    void start(bool cold) { cold_ = cold; }
    /// Reads all addresses of the kernel anew.
    core::Status look();

    /// Interfaces on which nothing of ours may stand: something else has their name.
    void refuse_interfaces(std::function<bool(const std::string&)> is_taken) {
        is_taken_ = std::move(is_taken);
    }

    struct Work {
        std::vector<AddressWish> wishes;
        std::vector<Change> plan;
        bool of_all = false;  // what is neither wished nor there need not be remembered
    };
    [[nodiscard]] Work plan_for(std::span<const core::ObjectId> changed);
    [[nodiscard]] Work plan_all(bool leftovers_may_go) const;
    /// Everything that is ours goes.
    [[nodiscard]] Work plan_removal();
    /// Before the kernel is asked.
    void note_in_ledger(const Work& work);
    /// What the kernel said to each change of the plan; code 0: done.
    std::map<core::ObjectId, InstanceOutcome> settle(const Work& work,
                                                     std::span<const core::Error> errors,
                                                     std::span<const core::ObjectId> changed);
    void settle_all(const Work& work, std::span<const core::Error> errors);
    void settle_removal(const Work& work, std::span<const core::Error> errors);
    /// The same after a check: what was done is a repair.
    Restored settle_repair(const Work& work, std::span<const core::Error> errors);

    // Events of the kernel; true: something of ours may not be as it should be.
    bool link_changed(const netlink::Link& now);
    void link_removed(const netlink::Link& last);
    bool address_changed(const netlink::InterfaceAddress& now);
    bool address_removed(const netlink::InterfaceAddress& last);

    [[nodiscard]] bool failing() const { return !failing_.empty(); }
    struct Count {
        std::uint32_t wanted = 0;
        std::uint32_t installed = 0;
        std::vector<std::string> missing;  // which and why, for people; ten at most
    };
    [[nodiscard]] Count count(core::ObjectId instance) const;
    [[nodiscard]] std::uint64_t repaired() const { return repaired_; }

  private:
    using AddressClaim = Claim<ConfiguredAddress>;
    using Failures = std::map<AddressName, int>;

    [[nodiscard]] AddressWish wish_for(const AddressName& name,
                                       const std::vector<AddressClaim>& claims) const;
    [[nodiscard]] std::vector<AddressWish> wishes_of(std::span<const core::ObjectId> some) const;
    [[nodiscard]] std::vector<AddressWish> all_wishes() const;
    Failures take_results(const Work& work, std::span<const core::Error> errors);
    void took_effect(const Change& change);
    [[nodiscard]] AddressName name_in(const netlink::InterfaceAddress& address) const;
    void follow(core::ObjectId instance, Wish before, const std::set<AddressName>& added);
    void resume_announcements(core::ObjectId instance, const Announcer::Targets& targets);
    [[nodiscard]] InstanceOutcome outcome_of(core::ObjectId instance,
                                             const Failures& failures) const;
    [[nodiscard]] bool is_as_wished(const AddressName& name) const;
    [[nodiscard]] bool is_usable(const AddressName& name) const;
    [[nodiscard]] std::string why_missing(const AddressName& name) const;
    void tidy_ledger(const std::vector<AddressWish>& wishes);
    void log_failures(const Failures& failures);
    void log_repair(const Change& change);
    void add_owners(const AddressName& name, std::set<core::ObjectId>& owners) const;

    loop::Loop& loop_;
    Kernel& kernel_;
    Ledger& ledger_;
    Announcer& announcer_;
    log::Logger& log_;
    WishOf wish_of_;
    std::function<bool(const std::string&)> is_taken_;

    Instances instances_;
    std::map<AddressName, std::vector<AddressClaim>> claims_;
    std::map<core::ObjectId, Wish> last_wish_;  // as of the last apply
    AddressesInKernel picture_;
    bool looked_ = false;           // the last dump did not fail
    std::set<AddressName> added_;   // by the change that is being carried out
    std::set<AddressName> let_go_;  // gone by somebody else's hand, and not to be put back
    Failures failing_;              // already logged
    bool cold_ = true;
    /// Whoever removes our addresses in a loop, or all at once, fills no journal.
    log::RateLimit repairs_limit_{{.every = std::chrono::seconds{10}, .burst = 10}};
    std::uint64_t repaired_ = 0;
};

}  // namespace holdfast::ipvsd
