// Virtual addresses that cannot do what is meant.
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "lib/config/findings/findings.hpp"
#include "lib/config/resolve.hpp"
#include "lib/config/vrrp_defaults.hpp"
#include "lib/core/address.hpp"

namespace holdfast::config {

namespace {

class AddressFinder {
  public:
    explicit AddressFinder(const Resolution& all) : all_(all) {}

    void run() {
        for (const auto& instance : all_.config.vrrp_instances()) {
            for (const auto& address : instance.addresses()) ours_.insert(address.address());
        }
        for (const auto& instance : all_.config.vrrp_instances()) {
            all_.report.set_object("vrrp_instance " + instance.name());
            for (const auto& address : instance.addresses()) check(instance, address);
        }
        all_.report.set_object({});
    }

  private:
    void check(const v1::VrrpInstance& instance, const v1::VirtualAddress& address) {
        find_in_two_instances(instance, address);
        const auto value = core::Address::from_bytes(std::string_view(address.address()));
        if (!value || value->is_link_local()) return;
        find_own_source(instance, address, *value);
        if (all_.request.host == nullptr) return;
        std::vector<HostFacts::InterfaceAddress> present;
        for (const auto& each : all_.request.host->addresses_of(address.interface())) {
            if (each.address.family() == value->family()) present.push_back(each);
        }
        find_real_one(instance, address, *value, present);
        find_lonely(address, *value, present);
    }

    Diagnostic& warn(std::string_view class_name, const v1::VirtualAddress& address,
                     std::string text) {
        const auto place = all_.places.addresses.find(address.id());
        return all_.report.warning(class_name,
                                   place != all_.places.addresses.end() ? place->second : Place{},
                                   std::move(text));
    }

    void find_in_two_instances(const v1::VrrpInstance& instance,
                               const v1::VirtualAddress& address) {
        const auto [first, is_new] =
            owners_.emplace(std::pair(address.address(), address.interface()), &instance);
        if (is_new || first->second == &instance) return;
        warn("address_used_twice", address,
             fmt::format("vrrp_instance {} has this address on {} as well", first->second->name(),
                         address.interface()))
            .hint = "when one of the two becomes backup it removes the other's address";
    }

    void find_own_source(const v1::VrrpInstance& instance, const v1::VirtualAddress& address,
                         const core::Address& value) {
        if (instance.priority() == kOwner || instance.source_address() != address.address()) return;
        warn("address_is_source", address,
             fmt::format("{} is the source of the advertisements, which a backup has not",
                         value.text()))
            .hint = "give the interface an address of its own, or priority 255 to its owner";
    }

    /// The first address of an interface was there before any of ours.
    void find_real_one(const v1::VrrpInstance& instance, const v1::VirtualAddress& address,
                       const core::Address& value,
                       const std::vector<HostFacts::InterfaceAddress>& present) {
        const bool first = !present.empty() && present.front().address == value;
        if (!first || value.family() != core::Family::ipv4) return;
        if (instance.priority() == kOwner || instance.source_address() == address.address()) return;
        // Alone on another interface it may be ours, from the time when we were active.
        if (address.interface() != instance.interface() &&
            present.front().prefix_length == address.prefix_length()) {
            return;
        }
        warn("address_is_real", address,
             fmt::format("{} is {}'s own address", value.text(), address.interface()))
            .hint = "a backup removes it; its owner has priority 255";
    }

    void find_lonely(const v1::VirtualAddress& address, const core::Address& value,
                     const std::vector<HostFacts::InterfaceAddress>& present) {
        const auto full = static_cast<std::uint32_t>(core::octets_of(value.family()) * 8);
        if (address.has_peer() || address.prefix_length() >= full) return;
        bool compared = false;
        for (const auto& each : present) {
            if (each.address.is_link_local() || ours_.contains(each.address.octets())) continue;
            compared = true;
            const std::uint32_t length = std::min(address.prefix_length(), each.prefix_length);
            if (value.shares_prefix(each.address, length)) return;
        }
        if (!compared) return;
        warn("address_outside", address,
             fmt::format("no address of {} lies in the network of {}/{}", address.interface(),
                         value.text(), address.prefix_length()))
            .hint = "a wrong prefix length or interface? with the full length no network is added";
    }

    const Resolution& all_;
    std::set<std::string> ours_;
    std::map<std::pair<std::string, std::string>, const v1::VrrpInstance*> owners_;
};

}  // namespace

void find_in_addresses(const Resolution& all) {
    AddressFinder(all).run();
}

}  // namespace holdfast::config
