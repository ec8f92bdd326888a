#include "ipvsd/interface_plan.hpp"

#include <fmt/format.h>
#include <linux/if_link.h>

#include <algorithm>

namespace holdfast::ipvsd {
namespace {

using netlink::Ipv4Setting;
using netlink::LinkDetails;

std::string describe(const MakeLink& change) {
    return fmt::format("make {} {}", change.link.kind, change.link.name);
}
std::string describe(const EditLink& change) {
    return "set up " + change.name;
}
std::string describe(const RemoveLink& change) {
    return "remove " + change.name;
}

/// Private mode would take advertisements of our peers, whose source is its own MAC address, away
/// from the parent. VEPA and bridge mode leave them to it.
bool leaves_adverts_to_parent(const LinkDetails& found) {
    return found.link.mode == MACVLAN_MODE_VEPA || found.link.mode == MACVLAN_MODE_BRIDGE;
}

class Planner {
  public:
    Planner(std::span<const VirtualInterface> wished, const LinksInKernel& kernel,
            const InterfaceLedger& ledger)
        : kernel_(kernel), ledger_(ledger) {
        for (const VirtualInterface& each : wished) named_.insert(each.name);
    }

    void wish(const VirtualInterface& wished) {
        const auto parent = kernel_.find(wished.parent);
        if (parent == kernel_.end()) return;  // it comes with its parent
        parents_.insert(wished.parent);
        const LinkDetails* found = find_equal(wished, parent->second.link.index);
        if (found == nullptr) {
            make(wished, parent->second);
            return;
        }
        plan_.actual[wished.name] = found->link.name;
        repair(wished, *found, parent->second);
    }

    void remove_leftovers() {
        for (const std::string& name : ledger_.made) {
            if (!named_.contains(name)) remove(name);
        }
    }

    void settle_parents(const std::set<std::string>& promoting, bool leftovers) {
        for (const std::string& name : parents_) prepare(name, settings_of_parents());
        for (const std::string& name : promoting) prepare(name, settings_of_promoting());
        for (const auto& [name, old] : ledger_.changed) {
            const bool promotes = name.setting == Ipv4Setting::promote_secondaries;
            const bool used = borrowed_.contains(name.interface) ||
                              (promotes ? promoting : parents_).contains(name.interface);
            if (leftovers && !used) restore(name, old);
        }
    }

    InterfacePlan take() { return std::move(plan_); }

  private:
    [[nodiscard]] bool equals(const VirtualInterface& wished, const LinkDetails& found,
                              std::uint32_t parent) const {
        if (found.link.kind != wished.kind || found.link.parent_index != parent) return false;
        if (wished.kind == "macvlan") return found.link.hardware_address == wished.hardware_address;
        return !is_ours(found.link.name) || found.link.alias == tag_of(wished);
    }

    /// The one of that name first; of macvlans any with the same parent and MAC address.
    const LinkDetails* find_equal(const VirtualInterface& wished, std::uint32_t parent) const {
        const auto named = kernel_.find(wished.name);
        if (named != kernel_.end() && equals(wished, named->second, parent)) return &named->second;
        if (wished.kind != "macvlan") return nullptr;
        const auto other = std::ranges::find_if(kernel_, [&](const auto& each) {
            return equals(wished, each.second, parent) && !is_leftover(each.first);
        });
        return other == kernel_.end() ? nullptr : &other->second;
    }

    /// Ours, under a name that is wished no longer: it goes.
    [[nodiscard]] bool is_leftover(const std::string& name) const {
        return !named_.contains(name) && is_ours(name);
    }

    /// A parent has no room for two interfaces with one MAC address.
    void make_room(const VirtualInterface& wished, std::uint32_t parent) {
        if (wished.kind != "macvlan") return;
        for (const auto& [name, found] : kernel_) {
            if (is_leftover(name) && equals(wished, found, parent)) remove(name);
        }
    }

    /// The VRF that the parent belongs to, 0 if none.
    [[nodiscard]] std::uint32_t vrf_of(const LinkDetails& parent) const {
        const std::uint32_t above = parent.link.master_index;
        const auto is_vrf = [&](const auto& each) {
            return each.second.link.index == above && each.second.link.kind == "vrf";
        };
        return above != 0 && std::ranges::any_of(kernel_, is_vrf) ? above : 0;
    }

    void make(const VirtualInterface& wished, const LinkDetails& parent) {
        const auto in_the_way = kernel_.find(wished.name);
        if (in_the_way != kernel_.end()) {
            if (!is_ours(wished.name)) {
                plan_.conflicts[wished.name] = fmt::format(
                    "there is an interface {} that is no {} of {}{}", wished.name, wished.kind,
                    wished.parent,
                    wished.kind == "macvlan" ? " with address " + wished.hardware_address.text()
                                             : "");
                return;
            }
            remove(wished.name);
        }
        make_room(wished, parent.link.index);
        plan_.gone.erase(wished.name);
        plan_.made.insert(wished.name);
        plan_.actual[wished.name] = wished.name;
        plan_.changes.emplace_back(MakeLink{
            {.name = wished.name,
             .kind = wished.kind,
             .parent_index = parent.link.index,
             .mode = wished.kind == "macvlan" ? std::uint32_t{MACVLAN_MODE_VEPA} : wished.mode,
             .flags = wished.flags,
             .hardware_address = wished.hardware_address,
             .group = wished.group,
             .master_index = vrf_of(parent),
             .alias = tag_of(wished),
             .ipv4 = settings_of_virtual_interfaces()}});
    }

    void repair(const VirtualInterface& wished, const LinkDetails& found,
                const LinkDetails& parent) {
        netlink::LinkEdit edit{.index = found.link.index};
        bool differs = false;
        if (!found.link.is_up()) {
            edit.up = true;
            differs = true;
        }
        const bool ours = is_ours(found.link.name);
        if (ours && found.link.mtu != parent.link.mtu) {
            edit.mtu = parent.link.mtu;
            differs = true;
        }
        if (ours && found.link.master_index != vrf_of(parent)) {
            edit.master = vrf_of(parent);
            differs = true;
        }
        if (wished.kind == "macvlan" && !leaves_adverts_to_parent(found)) {
            edit.kind = wished.kind;
            edit.mode = MACVLAN_MODE_VEPA;
            differs = true;
        }
        for (const auto& [setting, value] : settings_of_virtual_interfaces()) {
            const auto now = found.ipv4.find(setting);
            if (now == found.ipv4.end() || now->second == value) continue;
            edit.ipv4[setting] = value;
            if (!ours) remember({found.link.name, setting}, now->second);
            differs = true;
        }
        if (differs) plan_.changes.emplace_back(EditLink{found.link.name, std::move(edit)});
        if (!ours) borrowed_.insert(found.link.name);
    }

    void prepare(const std::string& name, const netlink::Ipv4Settings& settings) {
        const auto found = kernel_.find(name);
        if (found == kernel_.end()) return;
        netlink::LinkEdit edit{.index = found->second.link.index};
        for (const auto& [setting, value] : settings) {
            const auto now = found->second.ipv4.find(setting);
            // Whatever is stricter serves as well. An interface that was made anew has lost it.
            if (now == found->second.ipv4.end() || now->second >= value) continue;
            remember({name, setting}, now->second);
            edit.ipv4[setting] = value;
        }
        if (!edit.ipv4.empty()) plan_.changes.emplace_back(EditLink{name, std::move(edit)});
    }

    void remember(const SettingName& name, std::uint32_t old) {
        if (!ledger_.changed.contains(name)) plan_.changed.emplace(name, old);
    }

    /// Unless somebody has changed it after us.
    void restore(const SettingName& name, std::uint32_t old) {
        plan_.restored.insert(name);
        const auto found = kernel_.find(name.interface);
        if (found == kernel_.end()) return;
        const auto now = found->second.ipv4.find(name.setting);
        const auto is_value = [&](const netlink::Ipv4Settings& ours) {
            const auto value = ours.find(name.setting);
            return value != ours.end() && now != found->second.ipv4.end() &&
                   now->second == value->second;
        };
        if (!is_value(settings_of_parents()) && !is_value(settings_of_virtual_interfaces())) {
            return;
        }
        netlink::LinkEdit edit{.index = found->second.link.index};
        edit.ipv4[name.setting] = old;
        plan_.changes.emplace_back(EditLink{name.interface, std::move(edit)});
    }

    [[nodiscard]] bool is_ours(const std::string& name) const {
        const auto found = kernel_.find(name);
        if (found == kernel_.end() || !ledger_.made.contains(name)) return false;
        const std::string& alias = found->second.link.alias;
        return alias == tag_of(name) || alias.starts_with(tag_of(name) + " ");
    }

    void remove(const std::string& name) {
        if (!plan_.gone.insert(name).second) return;
        if (is_ours(name)) {
            plan_.changes.emplace_back(RemoveLink{name, kernel_.find(name)->second.link.index});
        }
    }

    const LinksInKernel& kernel_;
    const InterfaceLedger& ledger_;
    std::set<std::string> named_;
    std::set<std::string> parents_;
    std::set<std::string> borrowed_;  // made by somebody else, used as it is
    InterfacePlan plan_;
};

}  // namespace

std::string to_text(const LinkChange& change) {
    return std::visit([](const auto& what) { return describe(what); }, change);
}

std::string tag_of(const std::string& interface) {
    return "holdfast:" + interface;
}

std::string tag_of(const VirtualInterface& wished) {
    std::string tag = tag_of(wished.name);
    if (wished.flags != 0) tag += fmt::format(" flags {}", wished.flags);
    if (wished.address) {
        tag += fmt::format(" {}/{}", wished.address->address.text(), wished.address->prefix_length);
    }
    return tag;
}

const netlink::Ipv4Settings& settings_of_virtual_interfaces() {
    static const netlink::Ipv4Settings kSettings{
        {Ipv4Setting::proxy_arp, 0},           {Ipv4Setting::rp_filter, 2},
        {Ipv4Setting::arp_filter, 0},          {Ipv4Setting::arp_ignore, 1},
        {Ipv4Setting::promote_secondaries, 1},
    };
    return kSettings;
}

const netlink::Ipv4Settings& settings_of_promoting() {
    static const netlink::Ipv4Settings kSettings{{Ipv4Setting::promote_secondaries, 1}};
    return kSettings;
}

const netlink::Ipv4Settings& settings_of_parents() {
    static const netlink::Ipv4Settings kSettings{
        {Ipv4Setting::arp_announce, 2},
        {Ipv4Setting::arp_ignore, 1},
    };
    return kSettings;
}

InterfacePlan plan_interfaces(std::span<const VirtualInterface> wished,
                              const std::set<std::string>& promoting, const LinksInKernel& kernel,
                              const InterfaceLedger& ledger, bool leftovers) {
    Planner planner(wished, kernel, ledger);
    for (const VirtualInterface& each : wished) planner.wish(each);
    if (leftovers) planner.remove_leftovers();
    planner.settle_parents(promoting, leftovers);
    return planner.take();
}

}  // namespace holdfast::ipvsd
