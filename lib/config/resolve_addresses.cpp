// Virtual addresses: their prefixes and broadcast addresses, and how many an advertisement holds.
#include "lib/config/resolve_addresses.hpp"

#include <unordered_set>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/resolve.hpp"
#include "lib/core/address.hpp"
#include "lib/core/ids.hpp"

namespace holdfast::config {

namespace {

/// A count of one octet, and as many as fit into an MTU of 1500 behind the IP header, 8 octets of
/// VRRP and the 24 that keepalived keeps free for an authentication header.
constexpr int kMaxAddresses4 = 255;
constexpr int kMaxAddresses6 = 89;

std::uint32_t full_length(const std::string& octets) {
    return octets.size() == 16 ? 128 : 32;
}

/// 192.0.2.10/24: the host bits set or cleared.
std::string broadcast_of(const v1::VirtualAddress& address) {
    const auto written = core::Address::from_bytes(std::string_view(address.address()));
    const std::uint32_t bits = ntohl(written->to_in_addr().s_addr);
    const std::uint32_t length = address.prefix_length();
    const std::uint32_t mask = length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
    const bool ones = address.broadcast_rule() == v1::HOST_BITS_SET;
    return core::Address::v4(ones ? bits | ~mask : bits & mask).octets();
}

/// The addresses of one instance, the excluded ones behind the others.
class AddressResolver {
  public:
    AddressResolver(Resolution& all, v1::VrrpInstance& instance, const ObjectPlaces& places)
        : all_(all), instance_(instance), places_(places) {}

    void run() {
        google::protobuf::RepeatedPtrField<v1::VirtualAddress> written;
        written.Swap(instance_.mutable_addresses());
        for (int i = 0; i < written.size(); ++i) {
            take(*written.Mutable(i), places_.entry("virtual_ipaddress", i));
        }
        for (int i = 0; i < instance_.excluded_addresses_size(); ++i) {
            v1::VirtualAddress& address = *instance_.mutable_excluded_addresses(i);
            address.set_excluded(true);
            take(address, places_.entry("virtual_ipaddress_excluded", i));
        }
        instance_.clear_excluded_addresses();
    }

  private:
    void take(v1::VirtualAddress& address, const Place& place) {
        complete_address(address);
        if (!address.has_interface()) address.set_interface(instance_.interface());
        const std::string text = prefix_text(address);
        const std::string key =
            fmt::format("{} {} {}", instance_.name(), text, address.interface());
        if (!seen_.insert(key).second) {
            all_.report.warning("duplicate", place,
                                fmt::format("{} is there more than once", text));
            return;
        }
        if (!address.excluded()) limit(address, place);
        address.set_id(core::object_id("virtual_address", key).value);
        all_.places.addresses.emplace(address.id(), place);
        *instance_.add_addresses() = std::move(address);
    }

    void limit(v1::VirtualAddress& address, const Place& place) {
        const int most = instance_.ipv6() ? kMaxAddresses6 : kMaxAddresses4;
        if (++advertised_ <= most) return;
        address.set_excluded(true);
        if (advertised_ > most + 1) return;
        all_.report.error(
            Complaint::general, "too_many_addresses", place,
            fmt::format(
                "an advertisement holds {} addresses; from here on they are excluded from it",
                most));
    }

    Resolution& all_;
    v1::VrrpInstance& instance_;
    const ObjectPlaces& places_;
    std::unordered_set<std::string> seen_;
    int advertised_ = 0;
};

}  // namespace

void complete_address(v1::VirtualAddress& address) {
    if (address.has_peer()) {
        address.set_prefix_length(address.has_peer_prefix_length() ? address.peer_prefix_length()
                                                                   : full_length(address.peer()));
    } else if (!address.has_prefix_length()) {
        address.set_prefix_length(full_length(address.address()));
    }
    if (address.has_broadcast_address()) {
        address.set_broadcast(address.broadcast_address());
    } else if (address.has_broadcast_rule() && address.address().size() == 4) {
        address.set_broadcast(broadcast_of(address));
    }
    // keepalived gives host addresses of IPv6 no preferred lifetime, so that they are not chosen as
    // a source.
    if (address.has_preferred_lifetime_us()) {
        address.set_deprecated(address.preferred_lifetime_us() == 0);
    } else if (address.address().size() == 16) {
        address.set_deprecated(address.prefix_length() == 128);
    }
}

std::string prefix_text(const v1::VirtualAddress& address) {
    return fmt::format("{}/{}", address_text(address.address()), address.prefix_length());
}

void resolve_addresses(Resolution& all, v1::VrrpInstance& instance, const ObjectPlaces& places) {
    AddressResolver(all, instance, places).run();
}

}  // namespace holdfast::config
