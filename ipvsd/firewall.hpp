#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ipvsd/firewall_plan.hpp"
#include "ipvsd/kernel.hpp"
#include "ipvsd/ledger.hpp"
#include "ipvsd/model.hpp"
#include "lib/log/logger.hpp"
#include "lib/log/rate_limit.hpp"
#include "lib/loop/loop.hpp"

namespace holdfast::ipvsd {

/// Keeps our nftables table in the kernel: silences the virtual interfaces of routers that are not
/// Active, and drops packets to the addresses of routers with no_accept. Nothing to filter: no
/// table. What somebody else flushes is back within 200 ms, whole. Everything it is given must
/// outlive it.
class Firewall {
  public:
    using WishOf = std::function<Wish(core::ObjectId instance)>;
    using NameOf = std::function<std::string(const std::string& virtual_interface)>;
    using Instances = std::map<core::ObjectId, const Instance*>;

    Firewall(loop::Loop& loop, Kernel& kernel, Ledger& ledger, log::Logger& log, WishOf wish_of,
             NameOf actual_name);

    /// The instances from now on, with the names that their interfaces have; applies nothing.
    void set_instances(const FirewallRules& rules, const Instances& instances);
    /// A cold start: a router of which nobody has spoken is silent; after a restart it is not.
    void start(bool cold);
    /// Makes the kernel fit the present wishes. Before addresses come, and before they go.
    void follow();
    void remove_all();

    /// Somebody has removed the table, or something in it; empty: it may be so.
    void table_changed(const std::string& table);

  private:
    [[nodiscard]] std::set<std::string> silent() const;
    [[nodiscard]] bool is_silent(core::ObjectId instance) const;
    bool carry_out(const FirewallChange& change);
    void replace_after_change();
    void note_refusing();

    loop::Loop& loop_;
    Kernel& kernel_;
    Ledger& ledger_;
    log::Logger& log_;
    WishOf wish_of_;
    NameOf actual_name_;
    FirewallTable wished_;  // without the silent ones, which follow the roles
    std::vector<std::pair<core::ObjectId, std::string>> virtual_;  // interfaces
    std::map<core::ObjectId, std::string> refusing_;               // names of instances
    FirewallTable there_;                                          // as far as we know
    bool whole_ = false;             // more than the silent ones may differ from what is there
    std::set<core::ObjectId> told_;  // of whose addresses it was said that they do not answer
    std::string failing_;            // the reason that was logged
    bool certain_ = false;           // somebody else has changed it: its event was not lost
    bool cold_ = true;
    bool started_ = false;
    log::RateLimit repairs_limit_{{.every = std::chrono::seconds{10}, .burst = 10}};
    loop::Timer check_timer_;
    core::Instant last_check_{};
};

}  // namespace holdfast::ipvsd
