#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <set>
#include <string>

#include "lib/config/names.hpp"
#include "lib/config/resolve.hpp"

namespace holdfast::config {
namespace {

constexpr std::string_view kDefaultPrefix = "vrrp";

/// RFC 9568 7.3: 00-00-5E-00-01-{VRID}, and 02 for IPv6.
std::string standard_mac(bool ipv6, std::uint32_t router_id) {
    return {'\0', '\0', '\x5e', '\0', ipv6 ? '\x02' : '\x01', static_cast<char>(router_id)};
}

/// One instance's virtual interfaces; `taken` are the names that others have.
class InterfaceMaker {
  public:
    InterfaceMaker(Resolution& all, std::set<std::string>& taken, NameTables& names,
                   v1::VrrpInstance& instance, const ObjectPlaces& places)
        : all_(all), taken_(taken), names_(names), instance_(instance), places_(places) {}

    void run() {
        instance_.clear_virtual_interfaces();
        if (instance_.interface().empty()) return;
        if (instance_.vmac().enabled()) {
            make_own_vmac();
        } else if (instance_.ipvlan().enabled()) {
            make_own_ipvlan();
        }
        for (auto& address : *instance_.mutable_addresses()) place(address);
    }

  private:
    const v1::GlobalDefs& global() const { return all_.config.global(); }

    std::string prefix_of_own() const {
        return global().vmac_prefix().empty() ? std::string(kDefaultPrefix)
                                              : global().vmac_prefix();
    }
    std::string prefix_of_addresses() const {
        return global().vmac_addr_prefix().empty() ? prefix_of_own() : global().vmac_addr_prefix();
    }

    /// vrrp.51, then vrrp4.51 or vrrp6.51, then vrrp1.51, vrrp2.51 ...
    std::string free_name(const std::string& prefix, bool ipv6) {
        const std::uint32_t id = instance_.virtual_router_id();
        std::string name = fmt::format("{}.{}", prefix, id);
        if (!taken_.insert(name).second) {
            name = fmt::format("{}{}.{}", prefix, ipv6 ? 6 : 4, id);
            for (unsigned number = 1; !taken_.insert(name).second; ++number) {
                name = fmt::format("{}{}.{}", prefix, number, id);
            }
        }
        return name;
    }

    /// 0, and an error, for a name that nothing knows.
    std::uint32_t number_of_group(std::string_view keyword, const std::string& group) {
        if (group.empty()) return 0;
        if (const auto number = names_.find("group", group)) return *number;
        all_.report.error(
            Complaint::general, "interface_group", places_.of(keyword),
            fmt::format("{}: there is no group of interfaces {}; it is ignored", keyword, group));
        return 0;
    }

    std::string mac(bool ipv6) const {
        std::string octets = instance_.vmac().address();
        if (octets.size() == 5) octets.push_back(static_cast<char>(instance_.virtual_router_id()));
        return octets.size() == 6 ? octets : standard_mac(ipv6, instance_.virtual_router_id());
    }

    v1::VirtualInterface& add(std::string name, const std::string& parent) {
        auto& made = *instance_.add_virtual_interfaces();
        made.set_name(std::move(name));
        made.set_parent(parent);
        return made;
    }

    std::string own_name(const std::string& written) {
        return written.empty() ? free_name(prefix_of_own(), instance_.ipv6()) : written;
    }

    void make_own_vmac() {
        const auto& vmac = instance_.vmac();
        auto& made = add(own_name(vmac.name()), instance_.interface());
        made.set_own(true);
        made.set_hardware_address(mac(instance_.ipv6()));
        if (const auto group = number_of_group("use_vmac", vmac.group())) made.set_group(group);
    }

    void make_own_ipvlan() {
        const auto& ipvlan = instance_.ipvlan();
        auto& made = add(own_name(ipvlan.name()), instance_.interface());
        made.set_own(true);
        made.set_ipvlan(true);
        made.set_ipvlan_type(ipvlan.type());
        if (const auto group = number_of_group("use_ipvlan", ipvlan.group())) made.set_group(group);
        if (!ipvlan.has_address()) return;
        made.set_address(ipvlan.address());
        made.set_prefix_length(ipvlan.prefix_length());
        // It is the source of the advertisements, unless another one is written.
        if (instance_.source_address().empty()) instance_.set_source_address(ipvlan.address());
    }

    /// On which virtual interface it stands, if on any.
    void place(v1::VirtualAddress& address) {
        address.clear_device();
        const bool ipv6 = address.address().size() == 16;
        const bool at_home = address.interface() == instance_.interface();
        const bool own_family = ipv6 == instance_.ipv6();
        const bool for_all = instance_.vmac().for_addresses();
        const bool has_own =
            instance_.virtual_interfaces_size() > 0 && instance_.virtual_interfaces(0).own();
        if (has_own && at_home && (own_family || !(for_all || address.use_vmac()))) {
            address.set_device(instance_.virtual_interfaces(0).name());
        } else if (for_all || address.use_vmac()) {
            address.set_device(vmac_on(address.interface(), ipv6));
        }
    }

    std::string vmac_on(const std::string& parent, bool ipv6) {
        const std::string octets = mac(ipv6);
        for (const auto& known : instance_.virtual_interfaces()) {
            const bool fits = !known.ipvlan() && known.parent() == parent;
            if (fits && known.hardware_address() == octets) return known.name();
        }
        auto& made = add(free_name(prefix_of_addresses(), ipv6), parent);
        made.set_hardware_address(octets);
        return made.name();
    }

    Resolution& all_;
    std::set<std::string>& taken_;
    NameTables& names_;
    v1::VrrpInstance& instance_;
    const ObjectPlaces& places_;
};

}  // namespace

void resolve_virtual_interfaces(Resolution& all) {
    // A name that is written is nobody else's, wherever in the file it stands.
    std::set<std::string> taken;
    for (const auto& instance : all.config.vrrp_instances()) {
        if (instance.vmac().has_name()) taken.insert(instance.vmac().name());
        if (instance.ipvlan().has_name()) taken.insert(instance.ipvlan().name());
    }
    NameTables names(&all.files);
    for (int i = 0; i < all.config.vrrp_instances_size(); ++i) {
        auto& instance = *all.config.mutable_vrrp_instances(i);
        all.report.set_object("vrrp_instance " + instance.name());
        InterfaceMaker(all, taken, names, instance,
                       all.places.instances[static_cast<std::size_t>(i)])
            .run();
    }
    all.report.set_object({});
}

}  // namespace holdfast::config
