#include <map>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "lib/config/findings/findings.hpp"
#include "lib/config/near_names.hpp"
#include "lib/config/resolve.hpp"

namespace holdfast::config {

namespace {

class Validator {
  public:
    explicit Validator(const Resolution& all) : all_(all) {}

    void run() {
        for (int i = 0; i < all_.config.vrrp_instances_size(); ++i) {
            const auto& instance = all_.config.vrrp_instances(i);
            all_.report.set_object("vrrp_instance " + instance.name());
            check(instance, all_.places.instances[static_cast<std::size_t>(i)]);
        }
        for (int i = 0; i < all_.config.vrrp_sync_groups_size(); ++i) {
            const auto& group = all_.config.vrrp_sync_groups(i);
            all_.report.set_object("vrrp_sync_group " + group.name());
            for (const auto& tracked : group.track_interfaces()) {
                check_interface(
                    tracked.interface(),
                    all_.places.groups[static_cast<std::size_t>(i)].of("track_interface"));
            }
        }
        all_.report.set_object({});
    }

  private:
    void fatal(std::string_view class_name, const Place& place, std::string text) {
        all_.report.fatal(Complaint::general, class_name, place, std::move(text));
    }

    void check_interface(const std::string& name, const Place& place) {
        const HostFacts* host = all_.request.host;
        if (name.empty() || host == nullptr || all_.config.global().dynamic_interfaces()) return;
        if (host->interface_exists(name)) return;
        // keepalived ends here; our router waits in Fault, with this cause, until the interface
        // comes.
        auto& found = all_.report.error(Complaint::general, "no_interface", place,
                                        fmt::format("there is no interface {}", name));
        std::string near = near_interface(name);
        found.hint = !near.empty()
                         ? std::move(near)
                         : "its router waits in Fault until it comes; dynamic_interfaces says that "
                           "this is wanted";
    }

    /// Of the interfaces that are named somewhere and exist, the one that is spelt nearly alike.
    std::string near_interface(const std::string& name) {
        if (!present_) present_ = present_interfaces();
        return did_you_mean(name, *present_);
    }
    [[nodiscard]] std::vector<std::string> present_interfaces() const {
        std::set<std::string> names;
        const auto add = [&](const std::string& name) {
            if (names.size() < std::size_t{kCandidates} && !name.empty()) names.insert(name);
        };
        for (const auto& instance : all_.config.vrrp_instances()) {
            add(instance.interface());
            for (const auto& tracked : instance.track_interfaces()) add(tracked.interface());
        }
        std::erase_if(names, [&](const std::string& name) {
            return !all_.request.host->interface_exists(name);
        });
        return {names.begin(), names.end()};
    }

    void check(const v1::VrrpInstance& instance, const ObjectPlaces& places) {
        if (!instance.has_virtual_router_id()) {
            fatal("no_router_id", places.block,
                  fmt::format("vrrp_instance {} needs a virtual_router_id", instance.name()));
        }
        const bool needs_interface = !(instance.unicast() && instance.has_source_address());
        if (instance.interface().empty() && needs_interface) {
            fatal("no_interface_given", places.block,
                  fmt::format("vrrp_instance {} needs an interface", instance.name()));
        }
        check_interface(instance.interface(), places.of("interface"));
        check_addresses(instance, places);
        for (const auto& tracked : instance.track_interfaces()) {
            check_interface(tracked.interface(), places.of("track_interface"));
        }
        check_unique(instance, places);
    }

    void check_addresses(const v1::VrrpInstance& instance, const ObjectPlaces& places) {
        bool advertised = false;
        for (const auto& address : instance.addresses()) {
            advertised = advertised || !address.excluded();
            if (address.interface() == instance.interface()) continue;
            const auto place = all_.places.addresses.find(address.id());
            check_interface(address.interface(),
                            place != all_.places.addresses.end() ? place->second : places.block);
        }
        if (advertised || instance.no_virtual_ipaddress()) return;
        const std::string text =
            fmt::format("vrrp_instance {} has no virtual address", instance.name());
        if (instance.version() == 3) {
            fatal("no_address", places.block, text + "; version 3 needs one");
        } else {
            all_.report.error(Complaint::general, "no_address", places.block, text);
        }
    }

    void check_unique(const v1::VrrpInstance& instance, const ObjectPlaces& places) {
        if (!instance.has_virtual_router_id() || instance.interface().empty()) return;
        const Key key{instance.interface(), instance.ipv6(), instance.virtual_router_id(),
                      instance.unicast() ? instance.source_address() : instance.multicast_group()};
        const auto [first, is_new] = seen_.emplace(key, instance.name());
        if (is_new) return;
        fatal("duplicate_router_id", places.of("virtual_router_id"),
              fmt::format("vrrp_instance {} and {} both use virtual_router_id {} with IPv{} on {}",
                          first->second, instance.name(), instance.virtual_router_id(),
                          instance.ipv6() ? 6 : 4, instance.interface()));
    }

    using Key = std::tuple<std::string, bool, std::uint32_t, std::string>;
    const Resolution& all_;
    std::map<Key, std::string> seen_;
    std::optional<std::vector<std::string>> present_;  // interfaces, once one is missed
};

}  // namespace

void validate(const Resolution& all) {
    Validator(all).run();
    find_in_routers(all);
    find_in_services(all);
    find_in_scripts(all);
    find_in_addresses(all);
}

}  // namespace holdfast::config
