#include "ipvsd/paths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace holdfast::ipvsd {
namespace {

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

/// One that may stand beside no other with its destination: EEXIST speaks of any of those.
bool stands_alone(const Change& change) {
    const auto* add = std::get_if<AddRoute>(&change);
    return add != nullptr && add->placement == netlink::RoutePlacement::alone;
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

void Paths::set_instances(const Instances& instances) {
    claims_.set_instances(instances, kernel_.interfaces());
    forget_unclaimed();
    kernel_.follow_routes(claims_.following());
    must_look_ = true;
}

/// What nobody has in his configuration any more is not remembered for ever.
void Paths::forget_unclaimed() {
    const auto is_nobodys = [&](const std::string& name) {
        return claims_.named(name).empty() && claims_.rule(name) == nullptr;
    };
    std::erase_if(let_go_, is_nobodys);
    std::erase_if(doubtful_, is_nobodys);
    std::erase_if(remade_, [&](const auto& each) { return is_nobodys(each.first); });
}

void Paths::add_wish(const ClaimedRoute& route, Work& work) const {
    const auto claim = claimed(route.claims, wish_of_);
    auto value = resolve(*claim.object, kernel_.interfaces());
    RouteWish wish{.name = route.name,
                   .value = value ? std::move(*value) : claim.object->value,
                   .placement = claim.object->placement,
                   .wish = claim.wish,
                   .possible = value.has_value(),
                   .doubtful = doubtful_.contains(route.name),
                   .in_ledger = ledger_.has_route(route.ledger_id),
                   .ledger_id = route.ledger_id};
    const bool left_alone = let_go_.contains(wish.name) || is_stubborn(wish.name, wish.value);
    if (wish.wish == Wish::present && left_alone) wish.wish = Wish::unknown;
    if (wish.wish == Wish::present && !wish.possible) work.impossible.push_back(wish.name);
    work.routes.push_back(std::move(wish));
}

bool Paths::is_stubborn(const std::string& name, const netlink::Route& wished) const {
    const auto last = remade_.find(name);
    if (last == remade_.end()) return false;
    const auto found = find(routes_, name, wished);
    return found != routes_.end() && found->second == last->second;
}

void Paths::add_wish(const ClaimedRule& rule, Work& work) const {
    const auto claim = claimed(rule.claims, wish_of_);
    RuleWish wish{.value = claim.object->value, .wish = claim.wish};
    if (wish.wish == Wish::present && let_go_.contains(rule.name)) wish.wish = Wish::unknown;
    work.rules.push_back(std::move(wish));
}

bool Paths::wished(const std::string& name) const {
    const auto is_wished = [&](const auto& claims) {
        return claimed(claims, wish_of_).wish == Wish::present;
    };
    const ClaimedRule* rule = claims_.rule(name);
    return (rule != nullptr && is_wished(rule->claims)) ||
           std::ranges::any_of(claims_.named(name),
                               [&](const auto* each) { return is_wished(each->claims); });
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
    if (going_.empty()) return;
    for (const RouteWish& wish : work.routes) {
        const auto& source = wish.value.preferred_source;
        if (wish.wish != Wish::present || !wish.possible || !source || !going_.contains(*source)) {
            continue;
        }
        if (source->family() == core::Family::ipv6) must_look_ = true;
        const auto found = find(routes_, wish.name, wish.value);
        if (found == routes_.end() || wish.doubtful || !fits(wish.value, found->second)) continue;
        work.plan.additions.emplace_back(AddRoute{wish.value, wish.placement});
    }
}

void Paths::make_plan(Work& work, bool leftovers_may_go) {
    std::set<std::string> routes;
    std::set<std::string> rules;
    if (leftovers_may_go) {
        for (const auto& [name, route] : routes_) {
            if (!claims_.named(name).empty()) continue;
            if (ledger_.has_route(Ledger::route_id(name))) routes.insert(name);
        }
        for (const auto& [name, rule] : rules_) {
            if (claims_.rule(name) == nullptr && ledger_.has_rule(name)) rules.insert(name);
        }
        if (std::exchange(looked_, false)) tidy_ledger(routes, rules);
    }
    PathPlan of_routes = plan_routes(work.routes, routes_, routes);
    PathPlan of_rules = plan_rules(work.rules, rules_, rules);
    work.plan.removals = std::move(of_rules.removals);
    append(work.plan.removals, std::move(of_routes.removals));
    work.plan.additions = std::move(of_routes.additions);
    add_those_without_source(work);
    append(work.plan.additions, std::move(of_rules.additions));
}

/// What nobody wishes and the kernel has not is ours no more: somebody else may come to use it.
void Paths::tidy_ledger(const std::set<std::string>& route_leftovers,
                        std::set<std::string> rule_leftovers) {
    std::set<core::ObjectId> routes;
    for (const std::string& name : route_leftovers) routes.insert(Ledger::route_id(name));
    for (const ClaimedRoute* each : claims_.all().routes) routes.insert(each->ledger_id);
    ledger_.keep_routes(routes);
    for (const ClaimedRule* each : claims_.all().rules) rule_leftovers.insert(each->name);
    ledger_.keep_rules(rule_leftovers);
}

Paths::Work Paths::plan_for(std::span<const core::ObjectId> changed) {
    if (rules_doubtful_) rules_doubtful_ = !look_at_rules();
    Work work;
    std::set<const void*> seen;
    for (const core::ObjectId id : changed) {
        const PathClaims::List& list = claims_.of(id);
        for (const ClaimedRoute* each : list.routes) {
            let_go_.erase(each->name);
            remade_.erase(each->name);
            if (seen.insert(each).second) add_wish(*each, work);
        }
        for (const ClaimedRule* each : list.rules) {
            let_go_.erase(each->name);
            if (seen.insert(each).second) add_wish(*each, work);
        }
    }
    make_plan(work, false);
    return work;
}

Paths::Work Paths::plan_all(bool leftovers_may_go) {
    if (rules_doubtful_) rules_doubtful_ = !look_at_rules();
    Work work;
    for (const ClaimedRoute* each : claims_.all().routes) add_wish(*each, work);
    for (const ClaimedRule* each : claims_.all().rules) add_wish(*each, work);
    make_plan(work, leftovers_may_go);
    return work;
}

Paths::Work Paths::plan_removal() {
    if (rules_doubtful_) rules_doubtful_ = !look_at_rules();
    Work work;
    // What is configured but not in the ledger belongs to somebody else by now, or is not there.
    for (const ClaimedRoute* each : claims_.all().routes) {
        if (ledger_.has_route(each->ledger_id)) add_wish(*each, work);
    }
    for (const ClaimedRule* each : claims_.all().rules) {
        if (ledger_.has_rule(each->name)) add_wish(*each, work);
    }
    for (RouteWish& wish : work.routes) wish.wish = Wish::absent;
    for (RuleWish& wish : work.rules) wish.wish = Wish::absent;
    work.impossible.clear();
    make_plan(work, true);
    return work;
}

void Paths::note_in_ledger(const Work& work) {
    bool all_written = true;
    for (const RouteWish& wish : work.routes) {
        if (wish.wish == Wish::present) {
            const RouteTable place{wish.value.family, wish.value.table, wish.value.protocol};
            all_written = ledger_.add_route(wish.ledger_id, place) && all_written;
        } else if (wish.wish == Wish::absent && wish.in_ledger && !routes_.contains(wish.name) &&
                   wish.value.family == core::Family::ipv4 && !wished(wish.name)) {
            ledger_.erase_route(wish.ledger_id);
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

void Paths::took_effect(const AddRoute& change) {
    std::string name = name_of(change.route);
    doubtful_.erase(name);
    if (find(routes_, name, change.route) != routes_.end()) return;
    routes_.emplace(std::move(name), change.route);
}

void Paths::took_effect(const AddRule& change) {
    rules_.insert_or_assign(name_of(change.rule), change.rule);
}

void Paths::took_effect(const RemoveRoute& change) {
    const std::string name = name_of(change.route);
    doubtful_.erase(name);
    const auto found = find(routes_, name, change.route);
    if (found != routes_.end()) routes_.erase(found);
    if (!wished(name)) {
        ledger_.erase_route(Ledger::route_id(name));
    } else {
        remade_.insert_or_assign(name, change.route);
    }
}

void Paths::took_effect(const RemoveRule& change) {
    const std::string name = name_of(change.rule);
    rules_.erase(name);
    if (!wished(name)) ledger_.erase_rule(name);
}

void Paths::failed(const Change& change, const core::Error& error, FewLines& lines) {
    const std::string name = subject_of(change);
    if (const auto* add = std::get_if<AddRoute>(&change)) {
        doubtful_.erase(name);
        const auto found = find(routes_, name, add->route);
        if (found != routes_.end()) routes_.erase(found);
    }
    Failure& known = failing_[name];
    if (known.code == error.code()) return;
    known = {error.code(), error.text()};
    lines.error(is_about_rule(change) ? "RULE_FAILED" : "ROUTE_FAILED", error.text());
}

/// A failure is over when the object is there, or nobody wishes it any more.
void Paths::forget_settled_failures() {
    std::erase_if(failing_, [&](const auto& each) {
        const bool there = routes_.contains(each.first) || rules_.contains(each.first);
        return there == wished(each.first);
    });
}

/// Of rules the kernel says EEXIST, too, when another one stands in the way.
void Paths::settle_rules_in_the_way(const std::vector<const Change*>& changes,
                                    std::span<const core::Error> errors, FewLines& lines) {
    std::vector<std::size_t> refused;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const bool rule = std::holds_alternative<AddRule>(*changes[i]);
        if (rule && errors[i].code() == EEXIST) refused.push_back(i);
    }
    if (refused.empty()) return;
    if (!look_at_rules()) rules_doubtful_ = true;
    for (const std::size_t i : refused) {
        if (!rules_.contains(subject_of(*changes[i]))) failed(*changes[i], errors[i], lines);
    }
}

void Paths::note_impossible(const Work& work, FewLines& lines) {
    for (const std::string& name : work.impossible) {
        Failure& known = failing_[name];
        if (known.code == ENODEV) continue;
        known = {ENODEV, "route " + name + ": an interface of it is absent"};
        lines.error("ROUTE_FAILED", known.text);
    }
}

void Paths::settle(const Work& work, std::span<const core::Error> errors) {
    FewLines lines(log_);
    const auto changes = changes_of(work.plan);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const Change& change = *changes[i];
        const int code = errors[i].code();
        if (code == EEXIST && std::holds_alternative<AddRule>(change)) continue;
        if (code == EEXIST && stands_alone(change) && !routes_.contains(subject_of(change))) {
            must_look_ = true;
            failed(change, errors[i], lines);
        } else if (code == 0 || already_so(change, code)) {
            std::visit([&](const auto& what) { took_effect(what); }, change);
        } else {
            failed(change, errors[i], lines);
        }
    }
    settle_rules_in_the_way(changes, errors, lines);
    note_impossible(work, lines);
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
    for (const ClaimedRoute* each : claims_.named(name)) add(each->claims);
    if (const ClaimedRule* rule = claims_.rule(name)) add(rule->claims);
    return owners;
}

Restored Paths::settle_repair(const Work& work, std::span<const core::Error> errors) {
    Restored restored;
    const auto changes = changes_of(work.plan);
    const std::map<std::string, Failure> before = failing_;
    settle(work, errors);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const Change& change = *changes[i];
        // EEXIST: it was there all the time. What failed before was never there.
        if (errors[i].code() != 0 || is_removal(change) || before.contains(subject_of(change))) {
            continue;
        }
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

}  // namespace holdfast::ipvsd
