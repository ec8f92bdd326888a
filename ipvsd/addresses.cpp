#include "ipvsd/addresses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "ipvsd/few_lines.hpp"

namespace holdfast::ipvsd {
namespace {

constexpr std::size_t kMostMissingShown = 10;
constexpr const char* kDuplicate = ": another host has it (duplicate address detection)";

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
      wish_of_(std::move(wish_of)) {}

void Addresses::set_instances(Instances instances) {
    instances_ = std::move(instances);
    claims_.clear();
    for (const auto& [id, instance] : instances_) {
        for (const ConfiguredAddress& each : instance->addresses) {
            claims_[each.name].push_back({id, &each});
        }
    }
    // One that is tracked from now on is put back.
    std::erase_if(let_go_, [&](const AddressName& name) {
        const auto claims = claims_.find(name);
        return claims == claims_.end() || claimed(claims->second, wish_of_).object->restored;
    });
    std::erase_if(last_wish_, [&](const auto& each) {
        if (instances_.contains(each.first)) return false;
        announcer_.drop(each.first);
        return true;
    });
}

// ---- Wishes ---------------------------------------------------------------------------------

AddressWish Addresses::wish_for(const AddressName& name,
                                const std::vector<AddressClaim>& claims) const {
    const auto claim = claimed(claims, wish_of_);
    AddressWish wish{.name = name, .value = claim.object->value, .wish = claim.wish};
    const netlink::Interface* interface = kernel_.interfaces().find(name.interface);
    const bool usable = interface != nullptr && !(is_taken_ && is_taken_(name.interface));
    wish.value.interface_index = usable ? interface->link.index : 0;
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

// ---- Plans ----------------------------------------------------------------------------------

Addresses::Work Addresses::plan_for(std::span<const core::ObjectId> changed) {
    Work work{.wishes = wishes_of(changed)};
    for (const AddressWish& wish : work.wishes) let_go_.erase(wish.name);
    work.plan = plan_addresses(work.wishes, picture_, {});
    return work;
}

Addresses::Work Addresses::plan_all(bool leftovers_may_go) const {
    Work work{.wishes = all_wishes(), .of_all = leftovers_may_go};
    for (AddressWish& wish : work.wishes) {
        if (wish.wish == Wish::present && let_go_.contains(wish.name)) wish.wish = Wish::unknown;
    }
    work.plan =
        plan_addresses(work.wishes, picture_,
                       leftovers_may_go ? ledger_.address_names() : std::set<AddressName>{});
    return work;
}

Addresses::Work Addresses::plan_removal() {
    Work work{.wishes = all_wishes()};
    for (AddressWish& each : work.wishes) each.wish = Wish::absent;
    for (const auto& [id, instance] : instances_) announcer_.drop(id);
    // Everything of the ledger is ours; what is configured but not in it belongs to somebody else
    // by now, or is not there.
    std::erase_if(work.wishes, [&](const AddressWish& each) {
        return !ledger_.addresses().contains(each.name);
    });
    work.plan = plan_addresses(work.wishes, picture_, ledger_.address_names());
    return work;
}

void Addresses::note_in_ledger(const Work& work) {
    bool all_written = true;
    for (const AddressWish& each : work.wishes) {
        if (each.wish == Wish::present) {
            all_written = ledger_.add(each.name, loop_.now()) && all_written;
        } else if (each.wish == Wish::absent && !picture_.contains(each.name)) {
            ledger_.erase(each.name);
        }
    }
    if (work.of_all && looked_) tidy_ledger(work.wishes);
    if (!all_written) {
        log_.warning("LEDGER_FULL", "a successor will not know all addresses: state file is full");
    }
}

/// An address that nobody has in his configuration and that is not there is ours no more: somebody
/// else may come to use it.
void Addresses::tidy_ledger(const std::vector<AddressWish>& wishes) {
    if (ledger_.addresses().empty()) return;
    std::set<AddressName> gone = ledger_.address_names();
    for (const AddressWish& each : wishes) gone.erase(each.name);
    for (const AddressName& name : gone) {
        if (!picture_.contains(name)) ledger_.erase(name);
    }
}

// ---- What became of it ----------------------------------------------------------------------

Addresses::Failures Addresses::take_results(const Work& work, std::span<const core::Error> errors) {
    Failures failures;
    for (const AddressWish& each : work.wishes) {
        const bool homeless = each.wish == Wish::present && each.value.interface_index == 0;
        if (homeless) failures[each.name] = ENODEV;
    }
    for (std::size_t i = 0; i < work.plan.size(); ++i) {
        const int code = errors[i].code();
        if (code == 0 || already_so(work.plan[i], code)) {
            took_effect(work.plan[i]);
        } else if (const auto* subject = subject_of(work.plan[i])) {
            failures.emplace(name_in(*subject), code);
        }
    }
    return failures;
}

std::map<core::ObjectId, InstanceOutcome> Addresses::settle(
    const Work& work, std::span<const core::Error> errors,
    std::span<const core::ObjectId> changed) {
    const Failures failures = take_results(work, errors);
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

void Addresses::settle_all(const Work& work, std::span<const core::Error> errors) {
    log_failures(take_results(work, errors));
    const std::set<AddressName> added = std::exchange(added_, {});
    for (const auto& [id, instance] : instances_) {
        const auto before = last_wish_.try_emplace(id, Wish::unknown).first->second;
        follow(id, before, added);
    }
}

void Addresses::settle_removal(const Work& work, std::span<const core::Error> errors) {
    log_failures(take_results(work, errors));
    added_.clear();
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
    FewLines lines(log_);
    for (const auto& [name, code] : failures) {
        const auto known = failing_.find(name);
        if (known != failing_.end() && known->second == code) continue;
        failing_[name] = code;
        lines.error("ADDRESS_FAILED", core::Error::from_errno(code, to_text(name)).text());
    }
    std::erase_if(failing_, [&](const auto& each) { return is_as_wished(each.first); });
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
    if (!found->second->announces) return;
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

core::Status Addresses::look() {
    auto dumped = kernel_.dump_addresses();
    looked_ = dumped.ok();
    if (!dumped) return dumped.error();
    picture_.clear();
    for (const netlink::InterfaceAddress& each : *dumped) picture_[name_in(each)] = each;
    return core::Done{};
}

void Addresses::add_owners(const AddressName& name, std::set<core::ObjectId>& owners) const {
    const auto claims = claims_.find(name);
    if (claims == claims_.end()) return;
    for (const AddressClaim& claim : claims->second) {
        if (wish_of_(claim.instance) == Wish::present) owners.insert(claim.instance);
    }
}

Restored Addresses::settle_repair(const Work& work, std::span<const core::Error> errors) {
    Restored restored;
    const Failures failures = take_results(work, errors);
    for (const Change& change : work.plan) {
        const AddressName name = name_in(*subject_of(change));
        if (failures.contains(name) || failing_.contains(name)) continue;
        ++repaired_;
        log_repair(change);
        if (std::holds_alternative<RemoveAddress>(change)) continue;
        restored.what = to_text(name);
        add_owners(name, restored.instances);
    }
    log_failures(failures);
    const std::set<AddressName> added = std::exchange(added_, {});
    for (const auto& [id, instance] : instances_) {
        // What is known is only followed; nobody became Active here.
        const auto last = last_wish_.find(id);
        if (last != last_wish_.end() && last->second == wish_of_(id))
            follow(id, last->second, added);
    }
    return restored;
}

void Addresses::log_repair(const Change& change) {
    const auto left_out = repairs_limit_.admit(0, loop_.now());
    if (!left_out) return;
    const std::string more = *left_out == 0 ? "" : fmt::format(", {} more before", *left_out);
    log_.warning("ADDRESS_RESTORED",
                 fmt::format("{} (changed by somebody else{})", to_text(change), more));
}

bool Addresses::link_changed(const netlink::Link& now) {
    std::erase_if(let_go_, [&](const AddressName& name) { return name.interface == now.name; });
    const auto first = claims_.lower_bound(AddressName{.interface = now.name});
    return first != claims_.end() && first->first.interface == now.name;
}

void Addresses::link_removed(const netlink::Link& last) {
    std::erase_if(picture_, [&](const auto& each) { return each.first.interface == last.name; });
}

bool Addresses::address_changed(const netlink::InterfaceAddress& now) {
    const AddressName name = name_in(now);
    if (!claims_.contains(name)) {
        picture_[name] = now;
        return false;
    }
    const auto known = picture_.find(name);
    if (known == picture_.end() || !fits(known->second, now, name.interface)) return true;
    if (now.is_duplicate() && !known->second.is_duplicate()) {
        log_.error("ADDRESS_DUPLICATE", to_text(name) + kDuplicate);
    }
    known->second = now;  // with what only the kernel knows: secondary, tentative
    return false;
}

bool Addresses::address_removed(const netlink::InterfaceAddress& last) {
    const AddressName name = name_in(last);
    const auto claims = claims_.find(name);
    if (claims == claims_.end()) {
        picture_.erase(name);
        return false;
    }
    if (!picture_.contains(name)) return false;
    if (claimed(claims->second, wish_of_).object->restored) return true;
    // An interface that goes down takes its IPv6 addresses along: that is no decision of anybody.
    const netlink::Interface* interface = kernel_.interfaces().find(name.interface);
    if (interface != nullptr && interface->link.is_up()) let_go_.insert(name);
    return false;
}

Addresses::Count Addresses::count(core::ObjectId instance) const {
    const auto found = instances_.find(instance);
    Count count;
    if (found == instances_.end()) return count;
    const bool wanted = wish_of_(instance) == Wish::present;
    for (const ConfiguredAddress& each : found->second->addresses) {
        const bool there = is_usable(each.name);
        if (wanted) ++count.wanted;
        if (there) ++count.installed;
        if (wanted && !there && count.missing.size() < kMostMissingShown) {
            count.missing.push_back(why_missing(each.name));
        }
    }
    return count;
}

/// Really there, and answered for.
bool Addresses::is_usable(const AddressName& name) const {
    const auto found = picture_.find(name);
    return found != picture_.end() && !found->second.is_duplicate() && !let_go_.contains(name);
}

std::string Addresses::why_missing(const AddressName& name) const {
    const std::string text = to_text(name);
    if (let_go_.contains(name)) return text + ": removed by somebody else, and not tracked";
    if (picture_.contains(name)) return text + kDuplicate;
    const auto failure = failing_.find(name);
    if (failure == failing_.end()) return text + ": not there; it is about to be put back";
    return core::Error::from_errno(failure->second, text).text();
}

}  // namespace holdfast::ipvsd
