#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "ipvsd/claims.hpp"
#include "ipvsd/model.hpp"
#include "lib/netlink/interface_table.hpp"

namespace holdfast::ipvsd {

/// A route of the configuration, there once, however many instances have it.
struct ClaimedRoute {
    std::string name;          // name_of() what it is on this host now
    core::ObjectId ledger_id;  // Ledger::route_id() of the name
    netlink::RouteHead head;
    std::vector<Claim<ConfiguredRoute>> claims;
};

struct ClaimedRule {
    std::string name;  // name_of()
    std::vector<Claim<ConfiguredRule>> claims;
};

/// Who has which routes and rules in his configuration, found by all that the kernel tells of them.
/// A host may have twenty thousand routes, and names are long: they are made here, once.
class PathClaims {
  public:
    using Instances = std::map<core::ObjectId, const Instance*>;

    /// The Instance objects stay valid until the next call. `interfaces`: a VRF says which table
    /// its routes are in.
    void set_instances(const Instances& instances, const netlink::InterfaceTable& interfaces);
    /// Once more, after a VRF came or went.
    void name_anew(const netlink::InterfaceTable& interfaces);

    /// In the order of the configuration, which counts for routes with one destination.
    struct List {
        std::vector<const ClaimedRoute*> routes;
        std::vector<const ClaimedRule*> rules;
    };
    [[nodiscard]] const List& all() const { return all_; }
    /// Empty for one that has nothing.
    [[nodiscard]] const List& of(core::ObjectId instance) const;

    using Routes = std::vector<const ClaimedRoute*>;
    /// Several routes may have one name, see name_of(). Empty: nobody's.
    [[nodiscard]] const Routes& named(const std::string& name) const;
    [[nodiscard]] const Routes& at(const netlink::RouteHead& head) const;
    /// Those that a host without this address cannot have as they are wished.
    [[nodiscard]] const Routes& from(const core::Address& source) const;
    /// nullptr: nobody's.
    [[nodiscard]] const ClaimedRule* rule(const std::string& name) const;

    /// Whether a route asks for an interface or VRF of this name.
    [[nodiscard]] bool uses(const std::string& interface) const {
        return interfaces_.contains(interface);
    }
    [[nodiscard]] bool uses_vrf(const std::string& interface) const {
        return vrfs_.contains(interface);
    }
    [[nodiscard]] Following following() const;

  private:
    void add(core::ObjectId instance, const ConfiguredRoute& route,
             const netlink::InterfaceTable& interfaces);
    void add(core::ObjectId instance, const ConfiguredRule& rule);
    ClaimedRoute& put(const std::string& key, const ConfiguredRoute& route,
                      const netlink::InterfaceTable& interfaces);

    Instances instances_;
    std::deque<ClaimedRoute> routes_;  // a deque, since all below point into it
    std::deque<ClaimedRule> rules_;
    List all_;
    std::map<core::ObjectId, List> of_instance_;
    std::unordered_map<std::string, ClaimedRoute*> by_key_;  // name and interfaces
    std::unordered_map<std::string, Routes> by_name_;
    std::map<netlink::RouteHead, Routes> by_head_;
    std::map<core::Address, Routes> by_source_;
    std::unordered_map<std::string, ClaimedRule*> rules_by_name_;
    std::set<std::string> interfaces_;
    std::set<std::string> vrfs_;
};

/// As it is on this host now, as far as that can be said while one of its interfaces is missing.
[[nodiscard]] netlink::Route value_of(const ConfiguredRoute& route,
                                      const netlink::InterfaceTable& interfaces);

}  // namespace holdfast::ipvsd
