#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ipvsd/interface_plan.hpp"
#include "ipvsd/plan.hpp"
#include "lib/core/interval.hpp"
#include "lib/state/state_file.hpp"

namespace holdfast::ipvsd {

/// What we created or took over in the kernel, by kernel key, in the state file: it outlives this
/// process, and a renamed instance moves no address. Written before the kernel is asked, erased
/// after the kernel has removed. What the successor finds in it and nobody wishes is removed.
class Ledger {
  public:
    static constexpr std::size_t kRecordSize = 80;

    /// Reads all records; those that make no sense are dropped.
    explicit Ledger(state::StateFile file);

    /// True if it is in the file now; false only when the file is full (it is remembered for the
    /// life of this process all the same).
    bool add(const AddressName& name, core::Instant when);
    bool add(const ServiceKey& key);
    /// Of routes and rules the file holds a hash of their name_of(), and where to look.
    [[nodiscard]] static core::ObjectId route_id(const std::string& name);
    bool add_route(core::ObjectId id, const RouteTable& place);
    bool add_rule(const std::string& name);
    void erase_route(core::ObjectId id);
    void erase_rule(const std::string& name);
    void erase(const AddressName& name);
    void erase(const ServiceKey& key);

    /// With the time of add(), so that a successor knows which announcements are still due.
    [[nodiscard]] const std::map<AddressName, core::Instant>& addresses() const {
        return addresses_;
    }
    [[nodiscard]] std::set<AddressName> address_names() const;
    [[nodiscard]] const std::set<ServiceKey>& services() const { return services_; }
    [[nodiscard]] bool has_route(core::ObjectId id) const { return routes_.contains(id); }
    [[nodiscard]] bool has_rule(const std::string& name) const;
    [[nodiscard]] const std::map<core::ObjectId, RouteTable>& routes() const { return routes_; }
    /// All but these go: they are not in the kernel, and whoever puts something of that name there
    /// puts his own. Returns how many went.
    std::size_t keep_routes(const std::set<core::ObjectId>& kept);
    std::size_t keep_rules(const std::set<std::string>& kept);
    [[nodiscard]] bool has_rules() const { return !rules_.empty(); }
    /// Where the routes are.
    [[nodiscard]] std::set<RouteTable> route_tables() const;

    // Virtual interfaces that we made, settings that we changed with their old values, our nftables
    // table.
    bool add_interface(const std::string& name);
    void erase_interface(const std::string& name);
    bool add(const SettingName& setting, std::uint32_t old);
    void erase(const SettingName& setting);
    /// One at most; a name of more than 47 octets is not kept.
    bool set_table(const std::string& name);
    void erase_table();
    [[nodiscard]] const InterfaceLedger& interfaces() const { return interfaces_; }
    [[nodiscard]] const std::string& table() const { return table_; }

    /// A larger file for the generation that needs it; on failure the old one is kept.
    core::Status move_to(core::UniqueFd larger);
    /// A successor starts cold from now on.
    void mark_ended() { file_.mark_ended(); }

  private:
    template <class Record>
    bool write(core::ObjectId id, const Record& record);

    state::StateFile file_;
    bool overflowed_ = false;  // something is remembered only
    std::map<AddressName, core::Instant> addresses_;
    std::set<ServiceKey> services_;
    std::map<core::ObjectId, RouteTable> routes_;
    std::set<core::ObjectId> rules_;
    InterfaceLedger interfaces_;
    std::string table_;
};

}  // namespace holdfast::ipvsd
