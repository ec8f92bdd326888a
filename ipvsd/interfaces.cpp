#include "ipvsd/interfaces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

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

/// In words that say what to do about it, where the kernel's do not.
std::string explain(const VirtualInterface& wished, const core::Error& error) {
    switch (error.code()) {
        case EOPNOTSUPP:
            return fmt::format("this kernel makes no {0}: its module {0} is missing", wished.kind);
        case EPERM:
            return fmt::format("{} may not be made: CAP_NET_ADMIN is missing", wished.kind);
        case EBUSY:
            return wished.parent + " is a port of a bridge or the like and can carry no other";
        case EADDRINUSE:
            return fmt::format("{}, or another interface on it, has the address {} already",
                               wished.parent, wished.hardware_address.text());
        default:
            return error.text();
    }
}

}  // namespace

Interfaces::Interfaces(loop::Loop& loop, Kernel& kernel, Ledger& ledger, log::Logger& log,
                       std::function<void()> changed)
    : loop_(loop),
      kernel_(kernel),
      ledger_(ledger),
      log_(log),
      changed_(std::move(changed)),
      check_timer_(loop, [this] { check(); }) {}

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
        conflicts_.clear();
        log_troubles({});
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

void Interfaces::check() {
    const auto names_before = renamed();
    const Troubles conflicts_before = conflicts_;
    look_and_carry_out(true);
    if (renamed() != names_before || conflicts_ != conflicts_before) changed_();
}

std::map<std::string, std::string> Interfaces::renamed() const {
    std::map<std::string, std::string> others = actual_;
    std::erase_if(others, [](const auto& each) { return each.first == each.second; });
    return others;
}

void Interfaces::look_and_carry_out(bool repair) {
    last_check_ = loop_.now();
    auto dumped = kernel_.dump_links();
    if (!dumped) {
        if (std::exchange(dump_trouble_, dumped.error().text()) != dumped.error().text()) {
            log_.error("KERNEL_DUMP", dumped.error().text());
        }
        check_timer_.after(kBetweenChecks);
        return;
    }
    dump_trouble_.clear();
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
    Troubles troubles;
    if (!plan.changes.empty()) change_links(plan, troubles, repair);
    for (const std::string& each : plan.gone) ledger_.erase_interface(each);
    for (const SettingName& each : plan.restored) ledger_.erase(each);
    for (const VirtualInterface& each : wished_) {
        if (each.address && actual_.contains(each.name)) put_address(each);
    }
    conflicts_ = std::move(plan.conflicts);
    troubles.insert(conflicts_.begin(), conflicts_.end());
    log_troubles(troubles);
    std::erase_if(actual_, [&](const auto& each) { return conflicts_.contains(each.first); });
    for (const auto& [wished, actual] : actual_) {
        if (kernel_.interfaces().find(actual) != nullptr) seen_.insert(wished);
    }
}

/// Without an interface its router cannot work; other changes that are refused hurt less.
void Interfaces::change_links(InterfacePlan& plan, Troubles& troubles, bool repair) {
    const Report report = kernel_.change_links(plan.changes);
    std::set<std::size_t> refused;
    for (const Report::Refusal& each : report.refusals) {
        refused.insert(each.change);
        // The parent, or the interface itself, went away or down meanwhile: its event comes.
        if (each.error.code() == ENODEV || each.error.code() == ENETDOWN) continue;
        const LinkChange& change = plan.changes[each.change];
        if (const VirtualInterface* wished = concerned(change)) {
            plan.conflicts[wished->name] = explain(*wished, each.error);
            continue;
        }
        const std::string subject = subject_of(change);
        troubles[subject] = each.error.text();
        // It is as it was, and what the ledger says of it holds.
        plan.gone.erase(subject);
        std::erase_if(plan.restored, [&](const auto& name) { return name.interface == subject; });
    }
    for (std::size_t i = 0; i < plan.changes.size(); ++i) {
        if (repair && !refused.contains(i)) log_repair(plan.changes[i]);
    }
}

/// The wished interface that is not there, or not up, without this change.
const VirtualInterface* Interfaces::concerned(const LinkChange& change) const {
    const auto* edit = std::get_if<EditLink>(&change);
    const bool needed =
        std::holds_alternative<MakeLink>(change) || (edit != nullptr && edit->edit.up == true);
    const std::string subject = subject_of(change);
    const auto found = std::ranges::find_if(
        wished_, [&](const VirtualInterface& each) { return actual_name(each.name) == subject; });
    return needed && found != wished_.end() ? &*found : nullptr;
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

void Interfaces::log_troubles(const Troubles& now) {
    for (const auto& [name, why] : now) {
        const auto known = troubles_.find(name);
        if (known != troubles_.end() && known->second == why) continue;
        log_.error("INTERFACE_FAILED", fmt::format("{}: {}", name, why));
    }
    for (const auto& [name, why] : troubles_) {
        if (!now.contains(name)) log_.notice("INTERFACE_RECOVERED", name);
    }
    troubles_ = now;
    if (!troubles_.empty() && !check_timer_.pending()) check_timer_.after(kRetry);
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
                         before->master_index != now.master_index ||
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
