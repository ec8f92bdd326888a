// Interfaces that are made on top of others, and nftables, of the kernel in memory.

#include <linux/if_link.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>

#include "tests/fakes/fake_kernel.hpp"

namespace holdfast::tests {

ipvsd::Report FakeKernel::change_links(std::span<const ipvsd::LinkChange> changes) {
    ipvsd::Report report;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const int code =
            std::visit([this](const auto& what) { return carry_out(what); }, changes[i]);
        if (code != 0) {
            report.refusals.push_back(
                {i, core::Error::from_errno(code, ipvsd::to_text(changes[i]))});
        }
    }
    deliver();
    return report;
}

core::Result<std::vector<netlink::LinkDetails>> FakeKernel::dump_links() {
    std::vector<netlink::LinkDetails> all;
    for (const auto& [index, interface] : interfaces_) {
        all.push_back({interface.link, interface.ipv4});
    }
    return all;
}

netlink::Ipv4Settings& FakeKernel::ipv4_of(std::uint32_t index) {
    return interfaces_.at(index).ipv4;
}

int FakeKernel::carry_out(const ipvsd::MakeLink& change) {
    if (make_code_ != 0) return make_code_;
    const netlink::NewLink& made = change.link;
    const auto is_named = [&](const auto& each) { return each.second.link.name == made.name; };
    if (std::ranges::any_of(interfaces_, is_named)) return EEXIST;
    const auto parent = interfaces_.find(made.parent_index);
    if (parent == interfaces_.end()) return ENODEV;
    const auto has_mac = [&](const auto& each) {
        return each.second.link.parent_index == made.parent_index &&
               each.second.link.hardware_address == made.hardware_address;
    };
    if (made.kind == "macvlan" && std::ranges::any_of(interfaces_, has_mac)) return EADDRINUSE;
    const std::uint32_t mtu = parent->second.link.mtu;
    const std::uint32_t index = add_interface(made.name);
    interfaces_.at(index).ipv4 = made.ipv4;
    set_interface(index, [&](netlink::Link& link) {
        link.kind = made.kind;
        link.mode = made.mode;
        link.parent_index = made.parent_index;
        link.master_index = made.master_index;
        link.alias = made.alias;
        link.mtu = mtu;
        if (made.kind == "macvlan") link.hardware_address = made.hardware_address;
    });
    return 0;
}

int FakeKernel::carry_out(const ipvsd::EditLink& change) {
    if (edit_code_ != 0) return edit_code_;
    const auto found = interfaces_.find(change.edit.index);
    if (found == interfaces_.end()) return ENODEV;
    for (const auto& [setting, value] : change.edit.ipv4) found->second.ipv4[setting] = value;
    set_interface(change.edit.index, [&](netlink::Link& link) {
        if (change.edit.mtu) link.mtu = *change.edit.mtu;
        if (change.edit.master) link.master_index = *change.edit.master;
        if (change.edit.mode) link.mode = *change.edit.mode;
        if (change.edit.up) {
            link.flags = *change.edit.up ? link.flags | IFF_UP | IFF_RUNNING
                                         : link.flags & ~std::uint32_t{IFF_UP | IFF_RUNNING};
        }
    });
    return 0;
}

int FakeKernel::carry_out(const ipvsd::RemoveLink& change) {
    if (!interfaces_.contains(change.index)) return ENODEV;
    remove_interface(change.index);
    return 0;
}

core::Status FakeKernel::change_firewall(const ipvsd::FirewallChange& change) {
    const int code = firewall_code_ != 0
                         ? firewall_code_
                         : std::visit([this](const auto& what) { return carry_out(what); }, change);
    if (code != 0) return core::Error::from_errno(code, "nftables");
    return core::Done{};
}

int FakeKernel::carry_out(const ipvsd::ReplaceTable& change) {
    firewall_.insert_or_assign(change.table.name, change.table);
    return 0;
}

int FakeKernel::carry_out(const ipvsd::RemoveTable& change) {
    return firewall_.erase(change.name) == 0 ? ENOENT : 0;
}

int FakeKernel::carry_out(const ipvsd::ChangeSilent& change) {
    const auto found = firewall_.find(change.table);
    if (found == firewall_.end()) return ENOENT;
    std::set<std::string>& silent = found->second.silent;
    if (!std::ranges::includes(silent, change.removed)) return ENOENT;
    silent.insert(change.added.begin(), change.added.end());
    for (const std::string& each : change.removed) silent.erase(each);
    return 0;
}

void FakeKernel::flush_firewall() {
    for (const auto& [name, table] : std::exchange(firewall_, {})) {
        tell([this, gone = name] {
            if (listener_ != nullptr) listener_->firewall_changed(gone);
        });
    }
}

}  // namespace holdfast::tests
