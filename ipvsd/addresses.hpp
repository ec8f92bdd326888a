#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "ipvsd/announcer.hpp"
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

/// Keeps the addresses of the instances in the kernel as wished: all of a change in one batch of
/// requests, the ledger before the kernel, announcements after it. What somebody else removes (or
/// adds) is repaired within 200 ms, logged and counted.
///
/// It believes its own picture of the kernel between two dumps; events that contradict the picture
/// cause a dump, never a change by themselves, since an event may be older than our last request.
/// Everything it is given must outlive it.
class Addresses {
  public:
    using WishOf = std::function<Wish(core::ObjectId instance)>;
    using Instances = std::map<core::ObjectId, const Instance*>;

    Addresses(loop::Loop& loop, Kernel& kernel, Ledger& ledger, Announcer& announcer,
              log::Logger& log, WishOf wish_of);

    /// The instances from now on; applies nothing. Their Instance objects stay valid until the next
    /// call.
    void set_instances(Instances instances);
    /// Leftovers in the ledger may go: everybody has said what he wishes.
    void remove_leftovers(bool allowed) { leftovers_may_go_ = allowed; }
    /// A cold start: whoever becomes Active announces, whatever the kernel had already.
    void start(bool cold);

    /// Makes the kernel fit the present wishes of `changed`.
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
    void check_soon();

    struct Count {
        std::uint32_t wanted = 0;
        std::uint32_t installed = 0;
    };
    [[nodiscard]] Count count(core::ObjectId instance) const;
    [[nodiscard]] std::uint64_t repaired() const { return repaired_; }

  private:
    /// Who has an address in his configuration: usually one instance.
    struct Claim {
        core::ObjectId instance;
        const ConfiguredAddress* address = nullptr;
    };
    using Failures = std::map<AddressName, int>;

    [[nodiscard]] AddressWish wish_for(const AddressName& name,
                                       const std::vector<Claim>& claims) const;
    [[nodiscard]] std::vector<AddressWish> wishes_of(std::span<const core::ObjectId> some) const;
    [[nodiscard]] std::vector<AddressWish> all_wishes() const;
    [[nodiscard]] std::set<AddressName> leftovers() const;
    void note_in_ledger(std::span<const AddressWish> wishes);
    Failures carry_out(std::span<const AddressWish> wishes, const std::vector<Change>& plan);
    void took_effect(const Change& change);
    [[nodiscard]] AddressName name_in(const netlink::InterfaceAddress& address) const;
    void look();
    void check();
    void follow(core::ObjectId instance, Wish before, const std::set<AddressName>& added);
    void resume_announcements(core::ObjectId instance, const Announcer::Targets& targets);
    [[nodiscard]] InstanceOutcome outcome_of(core::ObjectId instance,
                                             const Failures& failures) const;
    [[nodiscard]] bool is_as_wished(const AddressName& name) const;
    void log_failures(const Failures& failures);

    loop::Loop& loop_;
    Kernel& kernel_;
    Ledger& ledger_;
    Announcer& announcer_;
    log::Logger& log_;
    WishOf wish_of_;

    Instances instances_;
    std::map<AddressName, std::vector<Claim>> claims_;
    std::map<core::ObjectId, Wish> last_wish_;  // as of the last apply
    AddressesInKernel picture_;
    std::set<AddressName> added_;  // by the change that is being carried out
    Failures failing_;             // already logged
    bool leftovers_may_go_ = false;
    bool cold_ = true;
    bool started_ = false;
    void log_repair(const Change& change);
    /// Whoever removes our addresses in a loop, or all at once, fills no journal.
    log::RateLimit repairs_limit_{{.every = std::chrono::seconds{10}, .burst = 10}};
    loop::Timer check_timer_;
    core::Instant last_check_{};
    std::uint64_t repaired_ = 0;
};

}  // namespace holdfast::ipvsd
