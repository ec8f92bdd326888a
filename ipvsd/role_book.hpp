#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "ipvsd/model.hpp"
#include "ipvsd/plan.hpp"

namespace holdfast::ipvsd {

/// RFC 9568 6.2, and Fault.
enum class RouterState : std::uint8_t { initialize, backup, active, fault };
[[nodiscard]] std::string_view to_text(RouterState state);

/// What vrrpd said of one instance.
struct RoleSaid {
    core::ObjectId instance;
    RouterState state = RouterState::initialize;
    std::uint64_t epoch = 0;
    core::Interval down_interval{};
};

/// Which instances are Active, as far as anybody said so, and for how long that is believed when
/// vrrpd is silent. Pure: it is told the time.
///
/// An instance is unknown until vrrpd has said it or StateEnd has come; then what was not said is
/// absent. When vrrpd's channel ends, a wish holds for max(down interval, 1 s); a successor's word
/// about that instance ends the wait, its StateBegin alone does not.
class RoleBook {
  public:
    /// Instances of a new configuration. Those that were there keep what is known; new ones are
    /// unknown.
    void set_instances(const std::map<core::ObjectId, Instance>& instances);

    /// Nobody has said anything yet and vrrpd may never come: as if it was lost now.
    void start(core::Instant now);
    void begin();
    void take(const RoleSaid& role);
    void end();
    void vrrpd_lost(core::Instant now);

    /// The next time at which withdraw() has something to do.
    [[nodiscard]] std::optional<core::Instant> next_withdrawal();
    /// Gives up what was waited for long enough; the instances that were not absent until now.
    std::vector<core::ObjectId> withdraw(core::Instant now);

    [[nodiscard]] Wish wish_of(core::ObjectId instance) const;
    /// Everything that is waited for or wished, in an ordered end.
    void release_all();

  private:
    struct Entry {
        Wish wish = Wish::unknown;
        bool said = false;  // since the last StateBegin
        core::Interval down_interval{};
        std::optional<core::Instant> keep_until;
    };
    void keep_for_a_while(Entry& entry, core::Instant now);
    std::map<core::ObjectId, Entry> entries_;
    bool any_waits_ = false;  // perhaps
};

}  // namespace holdfast::ipvsd
