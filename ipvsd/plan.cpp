#include "ipvsd/plan.hpp"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <optional>
#include <tuple>

namespace holdfast::ipvsd {
namespace {

// ---- Services -------------------------------------------------------------------------------

/// The changes within one service, kept apart by what they do to traffic.
struct DestinationChanges {
    std::vector<Change> upwards;   // come, or change and take traffic
    std::vector<Change> quiesced;  // come or change, weight 0
    std::vector<Change> gone;
};

DestinationChanges compare(const ServiceWish& wish, const ServiceInKernel& found) {
    DestinationChanges changes;
    std::set<core::Endpoint> kept;
    for (const Destination& wished : wish.destinations) {
        kept.insert(wished.endpoint);
        auto& list = wished.weight > 0 ? changes.upwards : changes.quiesced;
        const auto there = found.destinations.find(wished.endpoint);
        if (there == found.destinations.end()) {
            list.emplace_back(AddDestination{wish.service.key, wished});
        } else if (there->second != wished) {
            list.emplace_back(EditDestination{wish.service.key, wished});
        }
    }
    for (const auto& [endpoint, destination] : found.destinations) {
        if (!kept.contains(endpoint)) {
            changes.gone.emplace_back(RemoveDestination{wish.service.key, endpoint});
        }
    }
    return changes;
}

void append(std::vector<Change>& plan, std::vector<Change> more) {
    plan.insert(plan.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
}

void plan_present(std::vector<Change>& plan, const ServiceWish& wish,
                  const ServicesInKernel& kernel) {
    const auto found = kernel.find(wish.service.key);
    if (found == kernel.end()) {
        plan.emplace_back(AddService{wish.service});
    } else if (found->second.service != wish.service) {
        plan.emplace_back(EditService{wish.service});
    }
    DestinationChanges changes =
        compare(wish, found == kernel.end() ? ServiceInKernel{} : found->second);
    append(plan, std::move(changes.upwards));
    append(plan, std::move(changes.quiesced));
    append(plan, std::move(changes.gone));
}

template <class... Fs>
struct Overloaded : Fs... {
    using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

// ---- Addresses ------------------------------------------------------------------------------

bool is_primary_v4(const netlink::InterfaceAddress& address) {
    return address.address.family() == core::Family::ipv4 && !address.is_secondary();
}

/// The value to put back, without what only the kernel sets.
netlink::InterfaceAddress as_request(netlink::InterfaceAddress found) {
    found.flags &= ~static_cast<std::uint32_t>(IFA_F_SECONDARY | IFA_F_TENTATIVE | IFA_F_PERMANENT);
    return found;
}

class AddressPlan {
  public:
    explicit AddressPlan(const AddressesInKernel& kernel) : kernel_(kernel) {}

    void add(const AddressWish& wish) {
        const auto found = kernel_.find(wish.name);
        if (found == kernel_.end()) {
            additions_.emplace_back(AddAddress{wish.value});
            return;
        }
        if (fits(wish.value, found->second, wish.name.interface)) return;
        if (only_lifetimes_differ(wish, found->second)) {
            additions_.emplace_back(ReplaceAddress{wish.value});
            return;
        }
        remove(wish.name);
        additions_.emplace_back(AddAddress{wish.value});
    }

    void remove(const AddressName& name) {
        const auto found = kernel_.find(name);
        if (found == kernel_.end() || !gone_.insert(name).second) return;
        removals_.emplace_back(RemoveAddress{found->second});
        if (is_primary_v4(found->second)) primaries_.push_back(found);
    }

    std::vector<Change> take() {
        std::vector<Change> plan;
        std::reverse(removals_.begin(), removals_.end());
        plan = std::move(removals_);
        for (const auto& primary : primaries_) put_secondaries_back(plan, primary);
        append(plan, std::move(additions_));
        return plan;
    }

  private:
    static bool only_lifetimes_differ(const AddressWish& wish,
                                      const netlink::InterfaceAddress& found) {
        netlink::InterfaceAddress same = found;
        same.preferred_lifetime = wish.value.preferred_lifetime;
        same.valid_lifetime = wish.value.valid_lifetime;
        return fits(wish.value, same, wish.name.interface);
    }

    /// The network of an interface by which the kernel counts addresses as belonging together.
    using Subnet = std::tuple<std::string, std::uint8_t, core::Address>;
    static Subnet subnet_of(const AddressName& name) {
        return {name.interface, name.prefix_length, name.network};
    }

    /// Without promote_secondaries the kernel removes a primary's secondaries with it; whose they
    /// are does not matter then.
    void put_secondaries_back(std::vector<Change>& plan,
                              AddressesInKernel::const_iterator primary) {
        if (!secondaries_) find_secondaries();
        const auto found = secondaries_->find(subnet_of(primary->first));
        if (found == secondaries_->end()) return;
        for (const auto& other : found->second) {
            if (gone_.contains(other->first) || !back_.insert(other->first).second) continue;
            plan.emplace_back(ReplaceAddress{as_request(other->second)});
        }
    }
    /// Once for all primaries: two thousand of them may go at a time.
    void find_secondaries() {
        secondaries_.emplace();
        for (auto each = kernel_.begin(); each != kernel_.end(); ++each) {
            if (!each->second.is_secondary()) continue;
            (*secondaries_)[subnet_of(each->first)].push_back(each);
        }
    }

    const AddressesInKernel& kernel_;
    std::set<AddressName> gone_;
    std::set<AddressName> back_;
    std::vector<AddressesInKernel::const_iterator> primaries_;
    std::optional<std::map<Subnet, std::vector<AddressesInKernel::const_iterator>>> secondaries_;
    std::vector<Change> removals_;
    std::vector<Change> additions_;
};

}  // namespace

ServicesInKernel services_in(const IpvsTable& table) {
    ServicesInKernel services;
    for (const ServiceEntry& entry : table.services) {
        ServiceInKernel& service = services[entry.service.key];
        service.service = entry.service;
        for (const DestinationEntry& each : entry.destinations) {
            service.destinations[each.destination.endpoint] = each.destination;
        }
    }
    return services;
}

std::vector<Change> plan_services(std::span<const ServiceWish> wished,
                                  const ServicesInKernel& kernel,
                                  const std::set<ServiceKey>& ledger) {
    std::vector<Change> plan;
    std::vector<Change> removals;
    std::set<ServiceKey> named;
    for (const ServiceWish& wish : wished) {
        named.insert(wish.service.key);
        if (wish.wish == Wish::present) plan_present(plan, wish, kernel);
        if (wish.wish == Wish::absent && kernel.contains(wish.service.key)) {
            removals.emplace_back(RemoveService{wish.service.key});
        }
    }
    for (const ServiceKey& key : ledger) {
        if (!named.contains(key) && kernel.contains(key)) removals.emplace_back(RemoveService{key});
    }
    append(plan, std::move(removals));
    return plan;
}

void take_over(ServicesInKernel& kernel, const Change& change) {
    const auto destinations = [&](const ServiceKey& key) -> std::map<core::Endpoint, Destination>* {
        const auto found = kernel.find(key);
        return found == kernel.end() ? nullptr : &found->second.destinations;
    };
    std::visit(Overloaded{
                   [&](const AddService& add) {
                       kernel[add.service.key] = {add.service, {}};
                   },
                   [&](const EditService& edit) {
                       const auto found = kernel.find(edit.service.key);
                       if (found != kernel.end()) found->second.service = edit.service;
                   },
                   [&](const RemoveService& remove) { kernel.erase(remove.key); },
                   [&](const AddDestination& add) {
                       if (auto* list = destinations(add.service)) {
                           list->insert_or_assign(add.destination.endpoint, add.destination);
                       }
                   },
                   [&](const EditDestination& edit) {
                       if (auto* list = destinations(edit.service)) {
                           list->insert_or_assign(edit.destination.endpoint, edit.destination);
                       }
                   },
                   [&](const RemoveDestination& remove) {
                       if (auto* list = destinations(remove.service)) list->erase(remove.endpoint);
                   },
                   [](const auto&) {},
               },
               change);
}

std::string to_text(const AddressName& name) {
    std::string text = name.address.text();
    if (name.prefix_length != 0) text += "/" + std::to_string(name.prefix_length);
    return text + " dev " + name.interface;
}

AddressName name_of(const std::string& interface, const netlink::InterfaceAddress& address) {
    const netlink::AddressKey key = netlink::key_of(address);
    return {interface, key.address, key.prefix_length, key.network};
}

std::vector<Change> plan_addresses(std::span<const AddressWish> wished,
                                   const AddressesInKernel& kernel,
                                   const std::set<AddressName>& ledger) {
    AddressPlan plan(kernel);
    std::set<AddressName> named;
    for (const AddressWish& wish : wished) {
        named.insert(wish.name);
        if (wish.wish == Wish::absent) plan.remove(wish.name);
        if (wish.wish == Wish::present && wish.value.interface_index != 0) plan.add(wish);
    }
    for (const AddressName& name : ledger) {
        if (!named.contains(name)) plan.remove(name);
    }
    return plan.take();
}

bool fits(const netlink::InterfaceAddress& wished, const netlink::InterfaceAddress& found,
          std::string_view interface) {
    // One that is to become deprecated some time is as wished before and after that.
    const bool for_a_time =
        wished.preferred_lifetime != 0 && wished.preferred_lifetime != netlink::kForever;
    if (!for_a_time && wished.is_deprecated() != found.is_deprecated()) return false;
    if (found.valid_lifetime != netlink::kForever) return false;  // somebody else's, and it will go
    if (wished.prefix_length != found.prefix_length || wished.peer != found.peer) return false;
    if (wished.address.family() == core::Family::ipv6) return true;
    const auto label_of = [&](const netlink::InterfaceAddress& address) {
        return address.label.empty() ? interface : std::string_view(address.label);
    };
    return wished.scope == found.scope && wished.broadcast == found.broadcast &&
           label_of(wished) == label_of(found);
}

}  // namespace holdfast::ipvsd
