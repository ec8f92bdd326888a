#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ipvsd/interface_plan.hpp"
#include "ipvsd/kernel.hpp"
#include "ipvsd/ledger.hpp"
#include "lib/log/logger.hpp"
#include "lib/log/rate_limit.hpp"
#include "lib/loop/loop.hpp"

namespace holdfast::ipvsd {

/// Keeps the virtual interfaces of the configuration in the kernel, up and as they should be,
/// whatever role their routers have, as long as their parents are there; what somebody else removes
/// or sets down is back within 200 ms. Settings of the parents are noted in the ledger before they
/// are changed, and put back when the last virtual interface on them goes. Everything it is given
/// must outlive it.
class Interfaces {
  public:
    /// `changed`: other interfaces than before carry the wished ones, or other ones cannot be made.
    /// Not called from within apply().
    Interfaces(loop::Loop& loop, Kernel& kernel, Ledger& ledger, log::Logger& log,
               std::function<void()> changed);

    /// From now on; applies nothing. Of equal names the first counts.
    /// `promoting`: where secondary addresses are to be promoted.
    void set_wishes(std::vector<VirtualInterface> wished, std::set<std::string> promoting);
    /// Makes the kernel fit. Events of links that this causes are told before it returns.
    void apply();
    /// Removes everything that is ours and restores every setting.
    void remove_all();

    void link_changed(const netlink::Link& now, const netlink::Link* before);
    void link_removed(const netlink::Link& last);
    void check_soon();

    /// The name of what carries the wished interface `name`; else `name` itself.
    [[nodiscard]] const std::string& actual_name(const std::string& name) const;
    /// True while something else stands under a wished name: it gets none of our addresses.
    [[nodiscard]] bool is_in_conflict(const std::string& name) const {
        return conflicts_.contains(name);
    }

    struct Changed {
        SettingName name;
        std::uint32_t old_value = 0;
    };
    /// What we have changed of interfaces that we did not make.
    [[nodiscard]] std::vector<Changed> changed_settings() const;
    /// Wished interfaces that cannot be made, and why, for people.
    [[nodiscard]] const std::map<std::string, std::string>& conflicts() const { return conflicts_; }

  private:
    void carry_out(InterfacePlan plan, bool repair);
    void look_and_carry_out(bool repair);
    void check();
    [[nodiscard]] std::map<std::string, std::string> renamed() const;
    [[nodiscard]] bool concerns(const std::string& name) const;
    void put_address(const VirtualInterface& wished);
    using Troubles = std::map<std::string, std::string>;
    void change_links(InterfacePlan& plan, Troubles& troubles, bool repair);
    [[nodiscard]] const VirtualInterface* concerned(const LinkChange& change) const;
    void log_troubles(const Troubles& now);
    void log_repair(const LinkChange& change);

    loop::Loop& loop_;
    Kernel& kernel_;
    Ledger& ledger_;
    log::Logger& log_;
    std::function<void()> changed_;
    std::vector<VirtualInterface> wished_;
    std::set<std::string> promoting_;
    std::map<std::string, std::string> actual_;
    Troubles conflicts_;
    Troubles troubles_;           // that were logged: these, and others that touch no address
    std::string dump_trouble_;    // logged
    std::set<std::string> seen_;  // wished ones that were there
    log::RateLimit repairs_limit_{{.every = std::chrono::seconds{10}, .burst = 10}};
    loop::Timer check_timer_;
    core::Instant last_check_{};
};

}  // namespace holdfast::ipvsd
