#include "ipvsd/interfaces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace holdfast::ipvsd {
namespace {

/// As for addresses: one look sees all that belongs together, and a repair is done within 200 ms.
constexpr core::Interval kSettle = std::chrono::milliseconds(20);
constexpr core::Interval kBetweenChecks = std::chrono::milliseconds(100);
constexpr core::Interval kRetry = std::chrono::seconds(2);

std::string subject_of(const LinkChange& change) {
    if (const auto* make = std::get_if<MakeLink>(&change)) return make->link.name;
    if (const auto* edit = std::get_if<EditLink>(&change)) return edit->name;
    return std::get<RemoveLink>(change).name;
}

}  // namespace

Interfaces::Interfaces(loop::Loop& loop, Kernel& kernel, Ledger& ledger, log::Logger& log)
    : loop_(loop), kernel_(kernel), ledger_(ledger), log_(log), check_timer_(loop, [this] {
          look_and_carry_out(true);
      }) {}

void Interfaces::set_wishes(std::vector<VirtualInterface> wished, std::set<std::string> promoting) {
    promoting_ = std::move(promoting);
    wished_.clear();
    std::set<std::string> names;
    for (VirtualInterface& each : wished) {
        if (names.insert(each.name).second) wished_.push_back(std::move(each));
    }
}

void Interfaces::apply() {
    const bool nothing = wished_.empty() && promoting_.empty() &&
                         ledger_.interfaces().made.empty() && ledger_.interfaces().changed.empty();
    if (nothing) {
        actual_.clear();
        log_conflicts({});
        return;
    }
    look_and_carry_out(false);
}

void Interfaces::remove_all() {
    check_timer_.cancel();
    wished_.clear();
    promoting_.clear();
    apply();
}

void Interfaces::look_and_carry_out(bool repair) {
    last_check_ = loop_.now();
    auto dumped = kernel_.dump_links();
    if (!dumped) {
        log_.error("KERNEL_DUMP", dumped.error().text());
        check_timer_.after(kBetweenChecks);
        return;
    }
    LinksInKernel links;
    for (netlink::LinkDetails& each : *dumped) links[each.link.name] = std::move(each);
    carry_out(plan_interfaces(wished_, promoting_, links, ledger_.interfaces(), true), repair);
}

void Interfaces::carry_out(InterfacePlan plan, bool repair) {
    bool noted = true;
    for (const std::string& each : plan.made) noted = ledger_.add_interface(each) && noted;
    for (const auto& [name, old] : plan.changed) {
        noted = ledger_.add(name, old) && noted;
        log_.notice("SETTING_CHANGED",
                    fmt::format("net.ipv4.conf.{}.{}, which was {}, until we stop", name.interface,
                                netlink::to_text(name.setting), old));
    }
    if (!noted) {
        log_.warning("LEDGER_FULL", "a successor will not know all interfaces: state file is full");
    }
    actual_ = std::move(plan.actual);
    if (!plan.changes.empty()) {
        const Report report = kernel_.change_links(plan.changes);
        for (const Report::Refusal& each : report.refusals) {
            const LinkChange& change = plan.changes[each.change];
            // The parent, or the interface itself, went away meanwhile: its event comes.
            if (each.error.code() == ENODEV) continue;
            plan.conflicts[subject_of(change)] = each.error.text();
        }
        for (const LinkChange& each : plan.changes) {
            if (repair) log_repair(each);
        }
    }
    for (const std::string& each : plan.gone) ledger_.erase_interface(each);
    for (const SettingName& each : plan.restored) ledger_.erase(each);
    for (const VirtualInterface& each : wished_) {
        if (each.address && actual_.contains(each.name)) put_address(each);
    }
    log_conflicts(plan.conflicts);
    std::erase_if(actual_, [&](const auto& each) { return conflicts_.contains(each.first); });
    for (const auto& [wished, actual] : actual_) seen_.insert(wished);
}

/// EEXIST from the kernel is as wished.
void Interfaces::put_address(const VirtualInterface& wished) {
    const netlink::Interface* interface = kernel_.interfaces().find(actual_name(wished.name));
    if (interface == nullptr) return;
    netlink::InterfaceAddress address = *wished.address;
    address.interface_index = interface->link.index;
    if (interface->addresses.contains(netlink::key_of(address))) return;
    const Change change = AddAddress{address};
    static_cast<void>(kernel_.apply(std::span(&change, 1)));
}

void Interfaces::log_conflicts(const std::map<std::string, std::string>& now) {
    for (const auto& [name, why] : now) {
        const auto known = conflicts_.find(name);
        if (known != conflicts_.end() && known->second == why) continue;
        log_.error("INTERFACE_FAILED", fmt::format("{}: {}", name, why));
    }
    for (const auto& [name, why] : conflicts_) {
        if (!now.contains(name)) log_.notice("INTERFACE_RECOVERED", name);
    }
    conflicts_ = now;
    if (!conflicts_.empty() && !check_timer_.pending()) check_timer_.after(kRetry);
}

void Interfaces::log_repair(const LinkChange& change) {
    const auto* make = std::get_if<MakeLink>(&change);
    // One that comes with its parent for the first time is nobody's doing.
    if (make != nullptr && !seen_.contains(make->link.name)) return;
    const auto left_out = repairs_limit_.admit(0, loop_.now());
    if (!left_out) return;
    const std::string more = *left_out == 0 ? "" : fmt::format(", {} more before", *left_out);
    log_.warning("INTERFACE_RESTORED",
                 fmt::format("{} (changed by somebody else{})", to_text(change), more));
}

void Interfaces::check_soon() {
    if (wished_.empty() && promoting_.empty()) return;
    const core::Instant due = std::max(loop_.now() + kSettle, last_check_ + kBetweenChecks);
    if (check_timer_.pending() && check_timer_.deadline() <= due) return;
    check_timer_.at(due);
}

bool Interfaces::concerns(const std::string& name) const {
    if (promoting_.contains(name)) return true;
    return std::ranges::any_of(wished_, [&](const VirtualInterface& each) {
        return each.name == name || each.parent == name || actual_name(each.name) == name;
    });
}

void Interfaces::link_changed(const netlink::Link& now, const netlink::Link* before) {
    const bool matters = before == nullptr || before->name != now.name || before->mtu != now.mtu ||
                         before->is_up() != now.is_up() || before->mode != now.mode ||
                         before->hardware_address != now.hardware_address;
    if (!matters) return;
    if (concerns(now.name) || (before != nullptr && concerns(before->name))) check_soon();
}

void Interfaces::link_removed(const netlink::Link& last) {
    if (concerns(last.name)) check_soon();
}

const std::string& Interfaces::actual_name(const std::string& name) const {
    const auto found = actual_.find(name);
    return found == actual_.end() ? name : found->second;
}

std::vector<Interfaces::Changed> Interfaces::changed_settings() const {
    std::vector<Changed> all;
    for (const auto& [name, old] : ledger_.interfaces().changed) all.push_back({name, old});
    return all;
}

}  // namespace holdfast::ipvsd
