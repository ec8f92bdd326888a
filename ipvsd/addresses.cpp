#include "ipvsd/addresses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace holdfast::ipvsd {
namespace {

/// A repair begins this long after the first event, so that one look sees all that belongs
/// together, and at most ten times a second; both together stay below the 200 ms we promise.
constexpr core::Interval kSettle = std::chrono::milliseconds(20);
constexpr core::Interval kBetweenChecks = std::chrono::milliseconds(100);
/// What the kernel refuses is tried again.
constexpr core::Interval kRetry = std::chrono::seconds(2);

const netlink::InterfaceAddress* subject_of(const Change& change) {
    if (const auto* add = std::get_if<AddAddress>(&change)) return &add->address;
    if (const auto* replace = std::get_if<ReplaceAddress>(&change)) return &replace->address;
    if (const auto* remove = std::get_if<RemoveAddress>(&change)) return &remove->address;
    return nullptr;
}

/// Refusals that say the kernel is already as we want it.
bool already_so(const Change& change, int code) {
    if (std::holds_alternative<AddAddress>(change)) return code == EEXIST;
    if (std::holds_alternative<RemoveAddress>(change)) {
        return code == EADDRNOTAVAIL || code == ENODEV;
    }
    return false;
}

}  // namespace

Addresses::Addresses(loop::Loop& loop, Kernel& kernel, Ledger& ledger, Announcer& announcer,
                     log::Logger& log, WishOf wish_of)
    : loop_(loop),
      kernel_(kernel),
      ledger_(ledger),
      announcer_(announcer),
      log_(log),
      wish_of_(std::move(wish_of)),
      check_timer_(loop, [this] { check(); }) {}

void Addresses::set_instances(Instances instances) {
    instances_ = std::move(instances);
    claims_.clear();
    for (const auto& [id, instance] : instances_) {
        for (const ConfiguredAddress& each : instance->addresses) {
            claims_[each.name].push_back({id, &each});
        }
    }
    std::erase_if(last_wish_, [&](const auto& each) {
        if (instances_.contains(each.first)) return false;
        announcer_.drop(each.first);
        return true;
    });
}

void Addresses::start(bool cold) {
    cold_ = cold;
    started_ = true;
    look();
}

// ---- Wishes ---------------------------------------------------------------------------------

AddressWish Addresses::wish_for(const AddressName& name, const std::vector<Claim>& claims) const {
    AddressWish wish{.name = name, .value = claims.front().address->value, .wish = Wish::absent};
    for (const Claim& claim : claims) {
        const Wish one = wish_of_(claim.instance);
        if (one == Wish::present) wish.value = claim.address->value;
        if (one == Wish::present || (one == Wish::unknown && wish.wish == Wish::absent)) {
            wish.wish = one;
        }
    }
    const netlink::Interface* interface = kernel_.interfaces().find(name.interface);
    wish.value.interface_index = interface == nullptr ? 0 : interface->link.index;
    return wish;
}

std::vector<AddressWish> Addresses::wishes_of(std::span<const core::ObjectId> some) const {
    std::vector<AddressWish> wishes;
    std::set<AddressName> seen;
    for (const core::ObjectId id : some) {
        const auto found = instances_.find(id);
        if (found == instances_.end()) continue;
        for (const ConfiguredAddress& each : found->second->addresses) {
            if (!seen.insert(each.name).second) continue;
            wishes.push_back(wish_for(each.name, claims_.at(each.name)));
        }
    }
    return wishes;
}

std::vector<AddressWish> Addresses::all_wishes() const {
    std::vector<core::ObjectId> all;
    for (const auto& [id, instance] : instances_) all.push_back(id);
    return wishes_of(all);
}

std::set<AddressName> Addresses::leftovers() const {
    return leftovers_may_go_ ? ledger_.address_names() : std::set<AddressName>{};
}

// ---- Changes --------------------------------------------------------------------------------

std::map<core::ObjectId, InstanceOutcome> Addresses::apply(
    std::span<const core::ObjectId> changed) {
    const std::vector<AddressWish> wishes = wishes_of(changed);
    const Failures failures = carry_out(wishes, plan_addresses(wishes, picture_, {}));
    log_failures(failures);
    std::map<core::ObjectId, InstanceOutcome> outcomes;
    const std::set<AddressName> added = std::exchange(added_, {});
    for (const core::ObjectId id : changed) {
        const auto before = last_wish_.try_emplace(id, Wish::unknown).first->second;
        follow(id, before, added);
        outcomes[id] = outcome_of(id, failures);
    }
    return outcomes;
}

void Addresses::apply_all() {
    const std::vector<AddressWish> wishes = all_wishes();
    log_failures(carry_out(wishes, plan_addresses(wishes, picture_, leftovers())));
    const std::set<AddressName> added = std::exchange(added_, {});
    for (const auto& [id, instance] : instances_) {
        const auto before = last_wish_.try_emplace(id, Wish::unknown).first->second;
        follow(id, before, added);
    }
}

void Addresses::remove_all() {
    std::vector<AddressWish> wishes = all_wishes();
    for (AddressWish& each : wishes) each.wish = Wish::absent;
    for (const auto& [id, instance] : instances_) announcer_.drop(id);
    // Everything of the ledger is ours; what is configured but not in it belongs to somebody else
    // by now, or is not there.
    std::erase_if(
        wishes, [&](const AddressWish& each) { return !ledger_.addresses().contains(each.name); });
    carry_out(wishes, plan_addresses(wishes, picture_, ledger_.address_names()));
    added_.clear();
}

void Addresses::note_in_ledger(std::span<const AddressWish> wishes) {
    bool all_written = true;
    for (const AddressWish& each : wishes) {
        if (each.wish == Wish::present) {
            all_written = ledger_.add(each.name, loop_.now()) && all_written;
        } else if (each.wish == Wish::absent && !picture_.contains(each.name)) {
            ledger_.erase(each.name);
        }
    }
    if (!all_written) {
        log_.warning("LEDGER_FULL", "a successor will not know all addresses: state file is full");
    }
}

Addresses::Failures Addresses::carry_out(std::span<const AddressWish> wishes,
                                         const std::vector<Change>& plan) {
    Failures failures;
    note_in_ledger(wishes);
    for (const AddressWish& each : wishes) {
        const bool homeless = each.wish == Wish::present && each.value.interface_index == 0;
        if (homeless) failures[each.name] = ENODEV;
    }
    if (plan.empty()) return failures;

    const Report report = kernel_.apply(plan);
    std::map<std::size_t, int> refused;
    for (const Report::Refusal& each : report.refusals) {
        if (already_so(plan[each.change], each.error.code())) continue;
        refused[each.change] = each.error.code();
    }
    for (std::size_t i = 0; i < plan.size(); ++i) {
        const auto refusal = refused.find(i);
        if (refusal == refused.end()) {
            took_effect(plan[i]);
        } else if (const auto* subject = subject_of(plan[i])) {
            failures.emplace(name_in(*subject), refusal->second);
        }
    }
    if (report.uncertain) check_soon();
    return failures;
}

AddressName Addresses::name_in(const netlink::InterfaceAddress& address) const {
    const netlink::Interface* interface = kernel_.interfaces().find(address.interface_index);
    return name_of(interface == nullptr ? std::string() : interface->link.name, address);
}

void Addresses::took_effect(const Change& change) {
    const netlink::InterfaceAddress* subject = subject_of(change);
    if (subject == nullptr) return;
    const AddressName name = name_in(*subject);
    if (std::holds_alternative<RemoveAddress>(change)) {
        picture_.erase(name);
        // With RemoveAddress before AddAddress of the same name, the wish keeps it in the ledger.
        const auto claims = claims_.find(name);
        const bool wished =
            claims != claims_.end() && wish_for(name, claims->second).wish == Wish::present;
        if (!wished) ledger_.erase(name);
        return;
    }
    if (std::holds_alternative<AddAddress>(change)) added_.insert(name);
    picture_[name] = *subject;
}

InstanceOutcome Addresses::outcome_of(core::ObjectId instance, const Failures& failures) const {
    const auto found = instances_.find(instance);
    if (found == instances_.end()) return {};
    for (const ConfiguredAddress& each : found->second->addresses) {
        const auto failure = failures.find(each.name);
        if (failure != failures.end()) return {failure->second, each.id};
    }
    return {};
}

bool Addresses::is_as_wished(const AddressName& name) const {
    const auto claims = claims_.find(name);
    const Wish wish = claims == claims_.end() ? Wish::absent : wish_for(name, claims->second).wish;
    return wish == Wish::unknown || picture_.contains(name) == (wish == Wish::present);
}

void Addresses::log_failures(const Failures& failures) {
    for (const auto& [name, code] : failures) {
        const auto known = failing_.find(name);
        if (known != failing_.end() && known->second == code) continue;
        failing_[name] = code;
        log_.error("ADDRESS_FAILED", core::Error::from_errno(code, to_text(name)).text());
    }
    std::erase_if(failing_, [&](const auto& each) { return is_as_wished(each.first); });
    if (!failing_.empty() && !check_timer_.pending()) check_timer_.after(kRetry);
}

// ---- Announcements --------------------------------------------------------------------------

void Addresses::follow(core::ObjectId instance, Wish before, const std::set<AddressName>& added) {
    const Wish now = wish_of_(instance);
    last_wish_[instance] = now;
    const auto found = instances_.find(instance);
    if (found == instances_.end() || now != Wish::present) {
        if (now == Wish::absent) announcer_.drop(instance);
        return;
    }
    Announcer::Targets targets;
    Announcer::Targets fresh;
    for (const ConfiguredAddress& each : found->second->addresses) {
        if (!picture_.contains(each.name)) continue;
        targets.push_back(each.name);
        if (added.contains(each.name)) fresh.push_back(each.name);
    }
    const bool held = announcer_.holds(instance);
    announcer_.hold(instance, found->second->announcement, targets);
    const bool newly_active = before == Wish::absent || (before == Wish::unknown && cold_);
    if (newly_active) {
        announcer_.announce(instance, targets);
        return;
    }
    announcer_.announce(instance, fresh);
    if (!held) resume_announcements(instance, targets);
}

/// The predecessor of this process has announced these addresses; only what it owed is sent.
void Addresses::resume_announcements(core::ObjectId instance, const Announcer::Targets& targets) {
    const core::Interval delay = instances_.at(instance)->announcement.delay;
    if (delay.count() == 0) return;
    Announcer::Targets owed;
    core::Instant due{};
    for (const AddressName& name : targets) {
        const auto noted = ledger_.addresses().find(name);
        if (noted == ledger_.addresses().end() || noted->second + delay <= loop_.now()) continue;
        owed.push_back(name);
        due = std::max(due, noted->second + delay);
    }
    announcer_.announce_later(instance, owed, due);
}

// ---- Drift ----------------------------------------------------------------------------------

void Addresses::look() {
    auto dumped = kernel_.dump_addresses();
    if (!dumped) {
        log_.error("KERNEL_DUMP", dumped.error().text());
        check_timer_.after(kBetweenChecks);
        return;
    }
    picture_.clear();
    for (const netlink::InterfaceAddress& each : *dumped) picture_[name_in(each)] = each;
}

void Addresses::check_soon() {
    const core::Instant due = std::max(loop_.now() + kSettle, last_check_ + kBetweenChecks);
    if (!started_ || (check_timer_.pending() && check_timer_.deadline() <= due)) return;
    check_timer_.at(due);
}

void Addresses::check() {
    last_check_ = loop_.now();
    look();
    const std::vector<AddressWish> wishes = all_wishes();
    const std::vector<Change> plan = plan_addresses(wishes, picture_, leftovers());
    const Failures failures = carry_out(wishes, plan);
    for (std::size_t i = 0; i < plan.size(); ++i) {
        const AddressName name = name_in(*subject_of(plan[i]));
        if (failures.contains(name) || failing_.contains(name)) continue;
        ++repaired_;
        log_repair(plan[i]);
    }
    log_failures(failures);
    const std::set<AddressName> added = std::exchange(added_, {});
    for (const auto& [id, instance] : instances_) {
        // What is known is only followed; nobody became Active here.
        const auto last = last_wish_.find(id);
        if (last != last_wish_.end() && last->second == wish_of_(id))
            follow(id, last->second, added);
    }
}

void Addresses::log_repair(const Change& change) {
    const auto left_out = repairs_limit_.admit(0, loop_.now());
    if (!left_out) return;
    const std::string more = *left_out == 0 ? "" : fmt::format(", {} more before", *left_out);
    log_.warning("ADDRESS_RESTORED",
                 fmt::format("{} (changed by somebody else{})", to_text(change), more));
}

void Addresses::link_changed(const netlink::Link& now, const netlink::Link* before) {
    const bool came = before == nullptr || before->name != now.name;
    const bool rose = before != nullptr && now.is_up() && !before->is_up();
    if (came || rose) check_soon();
}

void Addresses::link_removed(const netlink::Link& last) {
    std::erase_if(picture_, [&](const auto& each) { return each.first.interface == last.name; });
}

void Addresses::address_changed(const netlink::InterfaceAddress& now) {
    const AddressName name = name_in(now);
    const auto claims = claims_.find(name);
    if (claims == claims_.end()) {
        picture_[name] = now;
        return;
    }
    const auto known = picture_.find(name);
    if (known != picture_.end() && fits(known->second, now, name.interface)) {
        known->second = now;  // with what only the kernel knows: secondary, tentative
    } else {
        check_soon();
    }
}

void Addresses::address_removed(const netlink::InterfaceAddress& last) {
    const AddressName name = name_in(last);
    if (!claims_.contains(name)) {
        picture_.erase(name);
    } else if (picture_.contains(name)) {
        check_soon();
    }
}

Addresses::Count Addresses::count(core::ObjectId instance) const {
    const auto found = instances_.find(instance);
    Count count;
    if (found == instances_.end()) return count;
    const bool wanted = wish_of_(instance) == Wish::present;
    for (const ConfiguredAddress& each : found->second->addresses) {
        if (wanted) ++count.wanted;
        if (picture_.contains(each.name)) ++count.installed;
    }
    return count;
}

}  // namespace holdfast::ipvsd
