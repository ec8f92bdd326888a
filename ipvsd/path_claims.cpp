#include "ipvsd/path_claims.hpp"

#include "ipvsd/ledger.hpp"

namespace holdfast::ipvsd {
namespace {

const PathClaims::Routes kNone;

template <class Index, class Key>
const PathClaims::Routes& look_up(const Index& index, const Key& key) {
    const auto found = index.find(key);
    return found == index.end() ? kNone : found->second;
}

}  // namespace

netlink::Route value_of(const ConfiguredRoute& route, const netlink::InterfaceTable& interfaces) {
    return resolve(route, interfaces).value_or(route.value);
}

void PathClaims::set_instances(const Instances& instances,
                               const netlink::InterfaceTable& interfaces) {
    instances_ = instances;
    name_anew(interfaces);
}

void PathClaims::name_anew(const netlink::InterfaceTable& interfaces) {
    const Instances instances = std::move(instances_);
    *this = PathClaims();
    instances_ = instances;
    for (const auto& [id, instance] : instances_) {
        for (const ConfiguredRoute& route : instance->routes) add(id, route, interfaces);
        for (const ConfiguredRule& rule : instance->rules) add(id, rule);
    }
}

/// The route that `key` stands for, made when it is not there yet.
ClaimedRoute& PathClaims::put(const std::string& key, const ConfiguredRoute& route,
                              const netlink::InterfaceTable& interfaces) {
    ClaimedRoute*& claimed = by_key_[key];
    if (claimed != nullptr) return *claimed;
    const netlink::Route value = value_of(route, interfaces);
    claimed = &routes_.emplace_back(ClaimedRoute{
        .name = name_of(value), .ledger_id = {}, .head = head_of(value), .claims = {}});
    claimed->ledger_id = Ledger::route_id(claimed->name);
    all_.routes.push_back(claimed);
    by_name_[claimed->name].push_back(claimed);
    by_head_[claimed->head].push_back(claimed);
    return *claimed;
}

void PathClaims::add(core::ObjectId instance, const ConfiguredRoute& route,
                     const netlink::InterfaceTable& interfaces) {
    std::string key = name_of(route.value);
    for (const std::string& interface : route.interfaces) key += " dev " + interface;
    if (!route.vrf.empty()) key += " vrf " + route.vrf;
    ClaimedRoute& claimed = put(key, route, interfaces);
    // Twice in one instance is once.
    auto& list = of_instance_[instance].routes;
    if (claimed.claims.empty() || claimed.claims.back().instance != instance) {
        list.push_back(&claimed);
    }
    claimed.claims.push_back({instance, &route});
    if (const auto& source = route.value.preferred_source) {
        Routes& same = by_source_[*source];
        if (same.empty() || same.back() != &claimed) same.push_back(&claimed);
    }
    interfaces_.insert(route.interfaces.begin(), route.interfaces.end());
    if (!route.vrf.empty()) vrfs_.insert(route.vrf);
    interfaces_.erase(std::string());  // a hop that names none
}

void PathClaims::add(core::ObjectId instance, const ConfiguredRule& rule) {
    std::string name = name_of(rule.value);
    ClaimedRule*& claimed = rules_by_name_[name];
    if (claimed == nullptr) {
        claimed = &rules_.emplace_back(ClaimedRule{.name = std::move(name), .claims = {}});
        all_.rules.push_back(claimed);
    }
    if (claimed->claims.empty() || claimed->claims.back().instance != instance) {
        of_instance_[instance].rules.push_back(claimed);
    }
    claimed->claims.push_back({instance, &rule});
}

const PathClaims::List& PathClaims::of(core::ObjectId instance) const {
    static const List kNothing;
    const auto found = of_instance_.find(instance);
    return found == of_instance_.end() ? kNothing : found->second;
}

const PathClaims::Routes& PathClaims::named(const std::string& name) const {
    return look_up(by_name_, name);
}
const PathClaims::Routes& PathClaims::at(const netlink::RouteHead& head) const {
    return look_up(by_head_, head);
}
const PathClaims::Routes& PathClaims::from(const core::Address& source) const {
    return look_up(by_source_, source);
}

const ClaimedRule* PathClaims::rule(const std::string& name) const {
    const auto found = rules_by_name_.find(name);
    return found == rules_by_name_.end() ? nullptr : found->second;
}

Following PathClaims::following() const {
    Following following{.rules = !rules_.empty()};
    for (const auto& [head, routes] : by_head_) following.routes.insert(head);
    return following;
}

}  // namespace holdfast::ipvsd
