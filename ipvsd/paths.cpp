#include "ipvsd/paths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace holdfast::ipvsd {
namespace {

constexpr std::size_t kMostFailuresShown = 10;

RouteTable place_of(const netlink::Route& route) {
    return {route.family, route.table, route.protocol};
}

/// The name of the route or rule that a change is about.
std::string subject_of(const Change& change) {
    if (const auto* add = std::get_if<AddRoute>(&change)) return name_of(add->route);
    if (const auto* remove = std::get_if<RemoveRoute>(&change)) return name_of(remove->route);
    if (const auto* add = std::get_if<AddRule>(&change)) return name_of(add->rule);
    if (const auto* remove = std::get_if<RemoveRule>(&change)) return name_of(remove->rule);
    return {};
}

bool is_removal(const Change& change) {
    return std::holds_alternative<RemoveRoute>(change) ||
           std::holds_alternative<RemoveRule>(change);
}

bool is_about_rule(const Change& change) {
    return std::holds_alternative<AddRule>(change) || std::holds_alternative<RemoveRule>(change);
}

/// Refusals that say the kernel is already as we want it.
bool already_so(const Change& change, int code) {
    if (!is_removal(change)) return code == EEXIST;
    return code == ESRCH || code == ENOENT || code == ENODEV;
}

void append(std::vector<Change>& list, std::vector<Change> more) {
    list.insert(list.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
}

/// The changes of a plan in the order of their errors.
std::vector<const Change*> changes_of(const PathPlan& plan) {
    std::vector<const Change*> all;
    for (const Change& change : plan.removals) all.push_back(&change);
    for (const Change& change : plan.additions) all.push_back(&change);
    return all;
}

}  // namespace

Paths::Paths(loop::Loop& loop, Kernel& kernel, Ledger& ledger, log::Logger& log, WishOf wish_of)
    : loop_(loop), kernel_(kernel), ledger_(ledger), log_(log), wish_of_(std::move(wish_of)) {}

// ---- Wishes ---------------------------------------------------------------------------------

/// As it can be without its interfaces when they are missing.
netlink::Route Paths::value_of(const ConfiguredRoute& route) const {
    return resolve(route, kernel_.interfaces()).value_or(route.value);
}

std::string Paths::key_of(const ConfiguredRoute& route) {
    std::string key = name_of(route.value);
    for (const std::string& interface : route.interfaces) key += " dev " + interface;
    return route.vrf.empty() ? key : key + " vrf " + route.vrf;
}

void Paths::set_instances(const Instances& instances) {
    instances_ = instances;
    route_claims_.clear();
    route_keys_.clear();
    heads_.clear();
    rule_claims_.clear();
    for (const auto& [id, instance] : instances_) {
        for (const ConfiguredRoute& route : instance->routes) {
            const std::string key = key_of(route);
            route_claims_[key].push_back({id, &route});
            const netlink::Route value = value_of(route);
            route_keys_[name_of(value)].insert(key);
            heads_[head_of(value)].insert(name_of(value));
        }
        for (const ConfiguredRule& rule : instance->rules) {
            rule_claims_[name_of(rule.value)].push_back({id, &rule});
        }
    }
    follow();
    must_look_ = true;
}

void Paths::follow() const {
    Following following{.rules = !rule_claims_.empty()};
    for (const auto& [head, names] : heads_) following.routes.insert(head);
    kernel_.follow_routes(std::move(following));
}

core::Status Paths::look() {
    std::set<RouteTable> places = ledger_.route_tables();
    for (const auto& [key, claims] : route_claims_) {
        places.insert(place_of(value_of(*claims.front().object)));
    }
    must_look_ = false;
    if (!places.empty()) {
        const std::vector<RouteTable> list(places.begin(), places.end());
        auto routes = kernel_.dump_routes(list);
        if (!routes) return routes.error();
        routes_.clear();
        for (netlink::Route& each : *routes) routes_.emplace(name_of(each), std::move(each));
    }
    if (rule_claims_.empty() && !ledger_.has_rules()) return core::Done{};
    return look_at_rules();
}

core::Status Paths::look_at_rules() {
    auto rules = kernel_.dump_rules();
    if (!rules) return rules.error();
    rules_.clear();
    for (netlink::Rule& each : *rules) rules_.emplace(name_of(each), std::move(each));
    return core::Done{};
}

void Paths::add_route_wish(const std::string& key, Work& work) const {
    const auto claim = claimed(route_claims_.at(key), wish_of_);
    const auto value = resolve(*claim.object, kernel_.interfaces());
    RouteWish wish{.value = value.value_or(claim.object->value),
                   .placement = claim.object->placement,
                   .wish = claim.wish,
                   .possible = value.has_value()};
    const std::string name = name_of(wish.value);
    if (wish.wish == Wish::present && (let_go_.contains(name) || is_stubborn(wish.value))) {
        wish.wish = Wish::unknown;
    }
    if (wish.wish == Wish::present && !wish.possible) work.impossible.push_back(name);
    work.routes.push_back(std::move(wish));
}

bool Paths::is_stubborn(const netlink::Route& wished) const {
    const auto last = remade_.find(name_of(wished));
    if (last == remade_.end()) return false;
    const auto found = find(routes_, wished);
    return found != routes_.end() && found->second == last->second;
}

void Paths::add_rule_wish(const std::string& name, Work& work) const {
    const auto claim = claimed(rule_claims_.at(name), wish_of_);
    RuleWish wish{.value = claim.object->value, .wish = claim.wish};
    if (wish.wish == Wish::present && let_go_.contains(name)) wish.wish = Wish::unknown;
    work.rules.push_back(std::move(wish));
}

// ---- Plans ----------------------------------------------------------------------------------

void Paths::addresses_go(std::span<const Change> changes) {
    going_.clear();
    for (const Change& change : changes) {
        const auto* remove = std::get_if<RemoveAddress>(&change);
        if (remove != nullptr) going_.insert(remove->address.address);
    }
}

/// Routes that are to stay although the address that is their source is removed, or made anew.
void Paths::add_those_without_source(Work& work) {
    for (const RouteWish& wish : work.routes) {
        const auto& source = wish.value.preferred_source;
        if (wish.wish != Wish::present || !wish.possible || !source || !going_.contains(*source)) {
            continue;
        }
        if (source->family() == core::Family::ipv6) must_look_ = true;
        const auto found = find(routes_, wish.value);
        if (found == routes_.end() || !fits(wish.value, found->second)) continue;
        work.plan.additions.emplace_back(AddRoute{wish.value, wish.placement});
    }
}

void Paths::make_plan(Work& work, bool leftovers_may_go) {
    std::set<std::string> routes;
    std::set<std::string> rules;
    if (leftovers_may_go) {
        for (const auto& [name, route] : routes_) {
            if (!route_keys_.contains(name) && ledger_.has_route(name)) routes.insert(name);
        }
        for (const auto& [name, rule] : rules_) {
            if (!rule_claims_.contains(name) && ledger_.has_rule(name)) rules.insert(name);
        }
    }
    PathPlan of_routes = plan_routes(work.routes, routes_, routes);
    PathPlan of_rules = plan_rules(work.rules, rules_, rules);
    work.plan.removals = std::move(of_rules.removals);
    append(work.plan.removals, std::move(of_routes.removals));
    work.plan.additions = std::move(of_routes.additions);
    add_those_without_source(work);
    append(work.plan.additions, std::move(of_rules.additions));
}

Paths::Work Paths::plan_for(std::span<const core::ObjectId> changed) {
    Work work;
    std::set<std::string> seen;
    for (const core::ObjectId id : changed) {
        const auto found = instances_.find(id);
        if (found == instances_.end()) continue;
        for (const ConfiguredRoute& route : found->second->routes) {
            const std::string key = key_of(route);
            let_go_.erase(name_of(value_of(route)));
            remade_.erase(name_of(value_of(route)));
            if (seen.insert(key).second) add_route_wish(key, work);
        }
        for (const ConfiguredRule& rule : found->second->rules) {
            const std::string name = name_of(rule.value);
            let_go_.erase(name);
            if (seen.insert(name).second) add_rule_wish(name, work);
        }
    }
    make_plan(work, false);
    return work;
}

Paths::Work Paths::plan_all(bool leftovers_may_go) {
    if (rules_doubtful_) rules_doubtful_ = !look_at_rules();
    Work work;
    // In the order of the configuration, not of names: that of routes with one destination counts.
    std::set<std::string> seen;
    for (const auto& [id, instance] : instances_) {
        for (const ConfiguredRoute& route : instance->routes) {
            const std::string key = key_of(route);
            if (seen.insert(key).second) add_route_wish(key, work);
        }
        for (const ConfiguredRule& rule : instance->rules) {
            const std::string name = name_of(rule.value);
            if (seen.insert(name).second) add_rule_wish(name, work);
        }
    }
    make_plan(work, leftovers_may_go);
    return work;
}

Paths::Work Paths::plan_removal() {
    Work work = plan_all(true);
    // What is configured but not in the ledger belongs to somebody else by now, or is not there.
    std::erase_if(work.routes,
                  [&](const RouteWish& wish) { return !ledger_.has_route(name_of(wish.value)); });
    std::erase_if(work.rules,
                  [&](const RuleWish& wish) { return !ledger_.has_rule(name_of(wish.value)); });
    for (RouteWish& wish : work.routes) wish.wish = Wish::absent;
    for (RuleWish& wish : work.rules) wish.wish = Wish::absent;
    work.impossible.clear();
    make_plan(work, true);
    return work;
}

void Paths::note_in_ledger(const Work& work) {
    bool all_written = true;
    for (const RouteWish& wish : work.routes) {
        const std::string name = name_of(wish.value);
        if (wish.wish == Wish::present) {
            all_written = ledger_.add_route(name, place_of(wish.value)) && all_written;
        } else if (wish.wish == Wish::absent && !routes_.contains(name)) {
            ledger_.erase_route(name);
        }
    }
    for (const RuleWish& wish : work.rules) {
        const std::string name = name_of(wish.value);
        if (wish.wish == Wish::present) {
            all_written = ledger_.add_rule(name) && all_written;
        } else if (wish.wish == Wish::absent && !rules_.contains(name)) {
            ledger_.erase_rule(name);
        }
    }
    if (!all_written) {
        log_.warning("LEDGER_FULL", "a successor will not know all routes: state file is full");
    }
}

// ---- What became of it ----------------------------------------------------------------------

bool Paths::wished(const std::string& name) const {
    const auto keys = route_keys_.find(name);
    if (keys != route_keys_.end()) {
        return std::ranges::any_of(keys->second, [&](const std::string& key) {
            return claimed(route_claims_.at(key), wish_of_).wish == Wish::present;
        });
    }
    const auto rule = rule_claims_.find(name);
    return rule != rule_claims_.end() && claimed(rule->second, wish_of_).wish == Wish::present;
}

void Paths::took_effect(const Change& change) {
    if (const auto* add = std::get_if<AddRoute>(&change)) {
        if (find(routes_, add->route) == routes_.end()) {
            routes_.emplace(name_of(add->route), add->route);
        }
    } else if (const auto* add_rule = std::get_if<AddRule>(&change)) {
        rules_.insert_or_assign(name_of(add_rule->rule), add_rule->rule);
    } else if (const auto* remove = std::get_if<RemoveRoute>(&change)) {
        const std::string name = name_of(remove->route);
        const auto found = find(routes_, remove->route);
        if (found != routes_.end()) routes_.erase(found);
        if (!wished(name)) {
            ledger_.erase_route(name);
        } else {
            remade_.insert_or_assign(name, remove->route);
        }
    } else if (const auto* remove_rule = std::get_if<RemoveRule>(&change)) {
        const std::string name = name_of(remove_rule->rule);
        rules_.erase(name);
        if (!wished(name)) ledger_.erase_rule(name);
    }
}

void Paths::failed(const Change& change, const core::Error& error) {
    const std::string name = subject_of(change);
    Failure& known = failing_[name];
    if (known.code == error.code()) return;
    known = {error.code(), error.text()};
    log_.error(is_about_rule(change) ? "RULE_FAILED" : "ROUTE_FAILED", error.text());
}

/// A failure is over when the object is there, or nobody wishes it any more.
void Paths::forget_settled_failures() {
    std::erase_if(failing_, [&](const auto& each) {
        const bool there = routes_.contains(each.first) || rules_.contains(each.first);
        return there == wished(each.first);
    });
}

void Paths::settle(const Work& work, std::span<const core::Error> errors) {
    const auto changes = changes_of(work.plan);
    std::vector<std::size_t> doubtful;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const int code = errors[i].code();
        if (code == EEXIST && std::holds_alternative<AddRule>(*changes[i])) {
            doubtful.push_back(i);
        } else if (code == 0 || already_so(*changes[i], code)) {
            took_effect(*changes[i]);
        } else {
            failed(*changes[i], errors[i]);
        }
    }
    // Of rules the kernel says so, too, when another one stands in the way.
    if (!doubtful.empty() && !look_at_rules()) rules_doubtful_ = true;
    for (const std::size_t i : doubtful) {
        if (!rules_.contains(subject_of(*changes[i]))) failed(*changes[i], errors[i]);
    }
    for (const std::string& name : work.impossible) {
        Failure& known = failing_[name];
        if (known.code == ENODEV) continue;
        known = {ENODEV, "route " + name + ": an interface of it is absent"};
        log_.error("ROUTE_FAILED", known.text);
    }
    forget_settled_failures();
}

std::set<core::ObjectId> Paths::owners_of(const Change& change) const {
    std::set<core::ObjectId> owners;
    const auto add = [&](const auto& claims) {
        for (const auto& claim : claims) {
            if (wish_of_(claim.instance) == Wish::present) owners.insert(claim.instance);
        }
    };
    const std::string name = subject_of(change);
    const auto keys = route_keys_.find(name);
    if (keys != route_keys_.end()) {
        for (const std::string& key : keys->second) add(route_claims_.at(key));
    }
    const auto rule = rule_claims_.find(name);
    if (rule != rule_claims_.end()) add(rule->second);
    return owners;
}

Restored Paths::settle_repair(const Work& work, std::span<const core::Error> errors) {
    Restored restored;
    const auto changes = changes_of(work.plan);
    const std::map<std::string, Failure> before = failing_;
    settle(work, errors);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const Change& change = *changes[i];
        const std::string name = subject_of(change);
        // EEXIST: it was there all the time. What failed before was never there.
        if (errors[i].code() != 0 || is_removal(change) || before.contains(name)) continue;
        ++repaired_;
        restored.what = to_text(change);
        restored.instances.merge(owners_of(change));
        const auto left_out = repairs_limit_.admit(0, loop_.now());
        if (!left_out) continue;
        const std::string more = *left_out == 0 ? "" : fmt::format(", {} more before", *left_out);
        log_.warning(is_about_rule(change) ? "RULE_RESTORED" : "ROUTE_RESTORED",
                     fmt::format("{} (changed by somebody else{})", to_text(change), more));
    }
    return restored;
}

// ---- Events ---------------------------------------------------------------------------------

void Paths::suspect(const std::string& name) {
    routes_.erase(name);
    rules_.erase(name);
}

bool Paths::route_changed(const netlink::Route& route, bool gone) {
    const std::string name = name_of(route);
    const auto keys = route_keys_.find(name);
    const auto known = find(routes_, route);
    if (keys == route_keys_.end()) {
        // Somebody else's; it may have taken the place of one of ours.
        const auto names = heads_.find(head_of(route));
        if (gone || names == heads_.end()) return false;
        bool any = false;
        for (const std::string& ours : names->second) {
            if (!routes_.contains(ours)) continue;
            suspect(ours);
            any = true;
        }
        return any;
    }
    if (!gone) {
        if (known == routes_.end()) return wished(name);
        routes_.erase(known);
        routes_.emplace(name, route);
        return std::ranges::none_of(keys->second, [&](const std::string& key) {
            return fits(value_of(*route_claims_.at(key).front().object), route);
        });
    }
    // One that was made anew is there although the kernel told that it removed the old one.
    if (known == routes_.end() || !fits(known->second, route)) return false;
    const bool restored = std::ranges::any_of(keys->second, [&](const std::string& key) {
        return claimed(route_claims_.at(key), wish_of_).object->restored;
    });
    if (restored) {
        routes_.erase(known);
    } else {
        let_go_.insert(name);
    }
    return restored;
}

bool Paths::rule_changed(const netlink::Rule& rule, bool gone) {
    const std::string name = name_of(rule);
    const auto claims = rule_claims_.find(name);
    if (claims == rule_claims_.end()) return false;
    if (!gone) {
        if (!rules_.contains(name)) rules_.emplace(name, rule);
        return !wished(name);
    }
    if (!rules_.contains(name)) return false;
    if (claimed(claims->second, wish_of_).object->restored) {
        // Perhaps we have removed it ourselves when another was meant, which is still there.
        rules_doubtful_ = true;
        rules_.erase(name);
        return true;
    }
    let_go_.insert(name);
    return false;
}

bool Paths::address_removed(const core::Address& address) {
    const bool concerned = std::ranges::any_of(
        routes_, [&](const auto& each) { return each.second.preferred_source == address; });
    if (!concerned) return false;
    if (address.family() == core::Family::ipv4) {
        drop_routes_from(routes_, address);
    } else {
        must_look_ = true;  // those of IPv6 stay, and lose their source
    }
    return true;
}

bool Paths::links_changed() {
    if (route_claims_.empty()) return false;
    // A VRF that came has a table.
    set_instances(Instances(instances_));
    let_go_.clear();
    return true;
}

Paths::Count Paths::count(core::ObjectId instance) const {
    Count count;
    const auto found = instances_.find(instance);
    if (found == instances_.end()) return count;
    const bool wanted = wish_of_(instance) == Wish::present;
    const auto add = [&](const std::string& name, bool there) {
        if (wanted) ++count.wanted;
        if (there) ++count.installed;
        const auto failure = failing_.find(name);
        if (failure != failing_.end() && count.failures.size() < kMostFailuresShown) {
            count.failures.push_back(failure->second.text);
        }
    };
    for (const ConfiguredRoute& route : found->second->routes) {
        const netlink::Route value = value_of(route);
        add(name_of(value), find(routes_, value) != routes_.end());
    }
    for (const ConfiguredRule& rule : found->second->rules) {
        add(name_of(rule.value), rules_.contains(name_of(rule.value)));
    }
    return count;
}

}  // namespace holdfast::ipvsd
