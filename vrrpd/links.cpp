#include "vrrpd/links.hpp"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace holdfast::vrrp {

namespace {

using netlink::InterfaceAddress;

/// As the kernel's own choice for a device: primary, and not of this host only.
bool can_be_ipv4_source(const InterfaceAddress& each) {
    return each.address.family() == core::Family::ipv4 && !each.is_secondary() &&
           each.scope < RT_SCOPE_HOST;
}

/// RFC 9568 5.1.2.1: the link-local address, once it may be used.
bool can_be_ipv6_source(const InterfaceAddress& each, bool link_local) {
    return each.address.family() == core::Family::ipv6 && !each.is_tentative() &&
           !each.is_duplicate() && !each.is_deprecated() &&
           each.address.is_link_local() == link_local;
}

}  // namespace

Links::Links(loop::Loop& loop, log::Logger& log, Changed changed)
    : loop_(loop), log_(log), changed_(std::move(changed)) {}

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

void Links::flush() {
    for (const std::string& interface : std::exchange(dirty_, {})) changed_(interface);
}

Links::View Links::view(const std::string& interface) const {
    const auto* found = table_ == nullptr ? nullptr : table_->find(interface);
    if (found == nullptr) return {};
    return {.exists = true, .running = found->link.is_running(), .index = found->link.index};
}

std::optional<core::Address> Links::source(const std::string& interface,
                                           const core::Address& destination,
                                           const std::set<core::Address>& virtual_addresses) const {
    const auto* found = table_ == nullptr ? nullptr : table_->find(interface);
    if (found == nullptr) return std::nullopt;
    const bool wants_link_local = destination.is_multicast() || destination.is_link_local();
    // Lower is better: no virtual address, the peer's own network, then the kernel's order.
    std::vector<std::tuple<bool, bool, std::uint64_t, core::Address>> candidates;
    for (const auto& [key, each] : found->addresses) {
        const bool usable = destination.family() == core::Family::ipv4
                                ? can_be_ipv4_source(each)
                                : can_be_ipv6_source(each, wants_link_local);
        if (!usable) continue;
        const bool far = destination.is_multicast() ||
                         !each.address.shares_prefix(destination, each.prefix_length);
        const auto order = order_.find(key);
        candidates.emplace_back(virtual_addresses.contains(each.address), far,
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

bool Links::source_is_tentative(const std::string& interface,
                                const core::Address& destination) const {
    const auto* found = table_ == nullptr ? nullptr : table_->find(interface);
    return found != nullptr && std::ranges::any_of(found->addresses, [&](const auto& entry) {
               const InterfaceAddress& each = entry.second;
               return each.address.family() == destination.family() && each.is_tentative() &&
                      !each.is_duplicate();
           });
}

void Links::link_changed(const netlink::Link& now, const netlink::Link* before) {
    if (before != nullptr && before->name != now.name) dirty_.insert(before->name);
    dirty_.insert(now.name);
}

void Links::link_removed(const netlink::Link& last) {
    dirty_.insert(last.name);
}

void Links::address_changed(const InterfaceAddress& now, const InterfaceAddress* before) {
    if (before == nullptr) order_[netlink::key_of(now)] = next_order_++;
    mark(now.interface_index);
}

void Links::address_removed(const InterfaceAddress& last) {
    order_.erase(netlink::key_of(last));
    mark(last.interface_index);
}

void Links::mark(std::uint32_t index) {
    const auto* found = table_ == nullptr ? nullptr : table_->find(index);
    if (found != nullptr) dirty_.insert(found->link.name);
}

}  // namespace holdfast::vrrp
