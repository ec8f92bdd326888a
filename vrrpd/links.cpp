#include "vrrpd/links.hpp"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace holdfast::vrrp {

namespace {

using netlink::InterfaceAddress;

constexpr core::Interval kPollPeriod = std::chrono::seconds{1};

/// As the kernel's own choice for a device: not of this host only.
bool can_be_ipv4_source(const InterfaceAddress& each) {
    return each.address.family() == core::Family::ipv4 && each.scope < RT_SCOPE_HOST;
}

/// RFC 9568 5.1.2.1: the link-local address, once it may be used.
bool can_be_ipv6_source(const InterfaceAddress& each, bool link_local) {
    return each.address.family() == core::Family::ipv6 && !each.is_tentative() &&
           !each.is_duplicate() && !each.is_deprecated() &&
           each.address.is_link_local() == link_local;
}

}  // namespace

Links::Links(loop::Loop& loop, log::Logger& log, Changed changed, Gone gone)
    : loop_(loop),
      log_(log),
      changed_(std::move(changed)),
      gone_(std::move(gone)),
      poll_(loop, [this] {
          if (monitor_) monitor_->refresh();
          poll_.after(kPollPeriod);
      }) {}

Links::~Links() = default;

core::Status Links::attach(core::UniqueFd socket) {
    auto monitor = netlink::Monitor::wrap(std::move(socket), *this);
    if (!monitor) return monitor.error();
    monitor_ = std::move(monitor).value();
    table_ = &monitor_->table();
    return core::Done{};
}

core::Status Links::start() {
    if (!monitor_) return core::Error("no netlink monitor was granted");
    if (core::Status begun = monitor_->start(); !begun) return begun;
    watch_ = std::make_unique<loop::FdWatch>(loop_, monitor_->fd(), [this] {
        monitor_->readable();
        flush();
    });
    started_ = true;
    dirty_.clear();
    return core::Done{};
}

void Links::adopt(const LinkSettings& settings) {
    const std::set<core::Address> before = std::exchange(settings_, settings).virtual_addresses;
    sources_.clear();
    adopt_rules();
    if (settings_.poll)
        poll_.after(kPollPeriod);
    else
        poll_.cancel();
    if (table_ == nullptr || before == settings_.virtual_addresses) return;
    // What was a source may be a virtual address now, or the reverse.
    for (const auto& [index, interface] : table_->interfaces())
        for (const auto& [key, each] : interface.addresses)
            if (before.contains(each.address) != settings_.virtual_addresses.contains(each.address))
                dirty_.insert(interface.link.name);
}

void Links::adopt_rules() {
    for (auto each = debounced_.begin(); each != debounced_.end();) {
        if (settings_.rules.contains(each->first)) {
            ++each;
            continue;
        }
        if (each->second->believed != runs(each->first)) dirty_.insert(each->first);
        each = debounced_.erase(each);
    }
    for (const auto& [name, rules] : settings_.rules) {
        auto& made = debounced_[name];
        if (!made) {
            made = std::make_unique<Debounced>(loop_, [this, name = name] { delay_over(name); });
            made->believed = runs(name);
        }
        made->rules = rules;
    }
}

bool Links::runs(const std::string& name) const {
    const auto* found = table_ == nullptr ? nullptr : table_->find(name);
    return found != nullptr && found->link.is_running();
}

void Links::note_link(const std::string& name) {
    dirty_.insert(name);
    sources_.erase(name);
    const auto found = debounced_.find(name);
    if (found == debounced_.end()) return;
    Debounced& link = *found->second;
    if (table_ == nullptr || table_->find(name) == nullptr) {
        link.believed = false;  // it does not exist, which no delay changes
        return link.timer.cancel();
    }
    const bool now = runs(name);
    if (now == link.believed) return link.timer.cancel();
    if (link.timer.pending()) return;
    const core::Interval delay = now ? link.rules.up_delay : link.rules.down_delay;
    if (delay == core::Interval::zero())
        link.believed = now;
    else
        link.timer.after(delay);
}

void Links::delay_over(const std::string& name) {
    debounced_.at(name)->believed = runs(name);
    changed_(name);
}

void Links::flush() {
    for (const std::string& interface : std::exchange(dirty_, {})) changed_(interface);
}

Links::View Links::view(const std::string& interface) const {
    const auto* found = table_ == nullptr ? nullptr : table_->find(interface);
    if (found == nullptr) return {};
    const auto debounced = debounced_.find(interface);
    const bool running =
        debounced == debounced_.end() ? found->link.is_running() : debounced->second->believed;
    return {.exists = true, .running = running, .index = found->link.index};
}

std::optional<core::Address> Links::source(const std::string& interface,
                                           const core::Address& destination, bool owner) const {
    std::vector<KnownSource>& known = sources_[interface];
    for (const KnownSource& each : known)
        if (each.destination == destination && each.owner == owner) return each.source;
    known.push_back({destination, owner, choose_source(interface, destination, owner)});
    return known.back().source;
}

std::optional<core::Address> Links::choose_source(const std::string& interface,
                                                  const core::Address& destination,
                                                  bool owner) const {
    const auto* found = table_ == nullptr ? nullptr : table_->find(interface);
    if (found == nullptr) return std::nullopt;
    const bool wants_link_local = destination.is_multicast() || destination.is_link_local();
    // Lower is better: no virtual address, a primary one (a virtual one may have become primary
    // when the interface got another address), the peer's own network, then the kernel's order.
    std::vector<std::tuple<bool, bool, bool, std::uint64_t, core::Address>> candidates;
    for (const auto& [key, each] : found->addresses) {
        const bool usable = destination.family() == core::Family::ipv4
                                ? can_be_ipv4_source(each)
                                : can_be_ipv6_source(each, wants_link_local);
        const bool is_virtual = settings_.virtual_addresses.contains(each.address);
        if (!usable || (is_virtual && !owner)) continue;
        const bool far = destination.is_multicast() ||
                         !each.address.shares_prefix(destination, each.prefix_length);
        const auto order = order_.find(key);
        const bool secondary = key.address.family() == core::Family::ipv4 && each.is_secondary();
        candidates.emplace_back(is_virtual, secondary, far,
                                order == order_.end() ? 0 : order->second, each.address);
    }
    if (candidates.empty()) return std::nullopt;
    return std::get<core::Address>(std::ranges::min(candidates));
}

bool Links::has_address(const std::string& interface, const core::Address& address) const {
    const auto* found = table_ == nullptr ? nullptr : table_->find(interface);
    return found != nullptr && std::ranges::any_of(found->addresses, [&](const auto& entry) {
               const InterfaceAddress& each = entry.second;
               return each.address == address && !each.is_tentative() && !each.is_duplicate();
           });
}

Links::NoSource Links::why_no_source(const std::string& interface,
                                     const core::Address& destination) const {
    const auto* found = table_ == nullptr ? nullptr : table_->find(interface);
    NoSource why = NoSource::no_address;
    if (found == nullptr) return why;
    const bool wants_link_local = destination.is_multicast() || destination.is_link_local();
    for (const auto& [key, each] : found->addresses) {
        if (each.address.family() != destination.family() ||
            settings_.virtual_addresses.contains(each.address))
            continue;
        const bool fits = destination.family() == core::Family::ipv4 ||
                          each.address.is_link_local() == wants_link_local;
        if (fits && each.is_tentative() && !each.is_duplicate()) return NoSource::tentative;
        if (fits && each.is_duplicate()) why = NoSource::duplicate;
    }
    return why;
}

void Links::link_changed(const netlink::Link& now, const netlink::Link* before) {
    if (before != nullptr && before->name != now.name) note_link(before->name);
    note_link(now.name);
}

void Links::link_removed(const netlink::Link& last) {
    if (gone_) gone_(last.index);
    note_link(last.name);
}

void Links::address_changed(const InterfaceAddress& now, const InterfaceAddress* before) {
    if (before == nullptr) order_[netlink::key_of(now)] = next_order_++;
    note_address(now);
}

void Links::address_removed(const InterfaceAddress& last) {
    order_.erase(netlink::key_of(last));
    note_address(last);
}

void Links::note_address(const InterfaceAddress& address) {
    const auto* found = table_ == nullptr ? nullptr : table_->find(address.interface_index);
    if (found == nullptr || is_of_no_concern(found->link.name, address.address)) return;
    dirty_.insert(found->link.name);
    sources_.erase(found->link.name);
}

bool Links::is_of_no_concern(const std::string& interface, const core::Address& address) const {
    if (!settings_.virtual_addresses.contains(address) ||
        settings_.tracked_sources.contains(address))
        return false;
    const auto known = sources_.find(interface);
    return known != sources_.end() && std::ranges::none_of(known->second, &KnownSource::owner);
}

}  // namespace holdfast::vrrp
