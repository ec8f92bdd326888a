#include "lib/netlink/interface_table.hpp"

#include <utility>
#include <vector>

namespace holdfast::netlink {

const Interface* InterfaceTable::find(std::uint32_t index) const {
    const auto found = interfaces_.find(index);
    return found == interfaces_.end() ? nullptr : &found->second;
}

const Interface* InterfaceTable::find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : find(found->second);
}

void InterfaceTable::put(const Link& link) {
    if (dumping_links_) seen_links_.insert(link.index);
    const auto [at, is_new] = interfaces_.try_emplace(link.index);
    if (!is_new && at->second.link == link) return;
    const Link before = std::exchange(at->second.link, link);
    if (!is_new && before.name != link.name) forget_name(before);
    by_name_[link.name] = link.index;
    if (listener_ != nullptr) listener_->link_changed(link, is_new ? nullptr : &before);
}

/// Unless another one has taken the name since.
void InterfaceTable::forget_name(const Link& link) {
    const auto found = by_name_.find(link.name);
    if (found != by_name_.end() && found->second == link.index) by_name_.erase(found);
}

void InterfaceTable::remove_link(std::uint32_t index) {
    const auto at = interfaces_.find(index);
    if (at == interfaces_.end()) return;
    while (!at->second.addresses.empty()) {
        remove(AddressKey(at->second.addresses.begin()->first));
    }
    const Link last = at->second.link;
    forget_name(last);
    interfaces_.erase(at);
    if (listener_ != nullptr) listener_->link_removed(last);
}

void InterfaceTable::put(const InterfaceAddress& address) {
    const AddressKey key = key_of(address);
    if (dumping_addresses_) seen_addresses_.insert(key);
    const auto interface = interfaces_.find(address.interface_index);
    if (interface == interfaces_.end()) return;
    const auto [at, is_new] = interface->second.addresses.try_emplace(key);
    if (!is_new && at->second == address) return;
    const InterfaceAddress before = std::exchange(at->second, address);
    if (listener_ != nullptr) listener_->address_changed(address, is_new ? nullptr : &before);
}

void InterfaceTable::remove(const AddressKey& address) {
    const auto interface = interfaces_.find(address.interface_index);
    if (interface == interfaces_.end()) return;
    const auto at = interface->second.addresses.find(address);
    if (at == interface->second.addresses.end()) return;
    const InterfaceAddress last = at->second;
    interface->second.addresses.erase(at);
    if (listener_ != nullptr) listener_->address_removed(last);
}

void InterfaceTable::begin_dump_of_links() {
    dumping_links_ = true;
    seen_links_.clear();
}

void InterfaceTable::end_dump_of_links() {
    std::vector<std::uint32_t> gone;
    for (const auto& [index, interface] : interfaces_) {
        if (!seen_links_.contains(index)) gone.push_back(index);
    }
    dumping_links_ = false;
    for (const std::uint32_t index : gone) remove_link(index);
}

void InterfaceTable::begin_dump_of_addresses() {
    dumping_addresses_ = true;
    seen_addresses_.clear();
}

void InterfaceTable::end_dump_of_addresses() {
    std::vector<AddressKey> gone;
    for (const auto& [index, interface] : interfaces_) {
        for (const auto& [key, address] : interface.addresses) {
            if (!seen_addresses_.contains(key)) gone.push_back(key);
        }
    }
    dumping_addresses_ = false;
    for (const AddressKey& key : gone) remove(key);
}

void InterfaceTable::synchronised() {
    if (listener_ != nullptr) listener_->synchronised();
}

}  // namespace holdfast::netlink
