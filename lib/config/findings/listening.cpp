#include "lib/config/findings/listening.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "lib/core/address.hpp"

namespace holdfast::config {

namespace {

/// What a service, or an entry of its group, claims: addresses from `first` to `last` in network
/// order, or a mark written as text.
struct Claim {
    bool ipv6 = false;
    int protocol = 0;
    std::uint32_t port = 0;
    std::string first;
    std::string last;
    std::string_view owner;
    const Place* place = nullptr;

    [[nodiscard]] auto key() const { return std::tuple(first.size(), ipv6, protocol, port); }
    friend bool operator<(const Claim& one, const Claim& other) {
        return std::tuple(one.key(), std::string_view(one.first)) <
               std::tuple(other.key(), std::string_view(other.first));
    }
};

/// Lengths 4 and 16 are addresses; a mark has 5 octets so that it is neither.
std::string mark_text(std::uint32_t mark) {
    std::string text = "m";
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(mark >> shift & 0xffU);
    return text;
}

std::string last_of_prefix(std::string octets, std::uint32_t length) {
    for (std::size_t i = 0; i < octets.size(); ++i) {
        const std::size_t bit = 8 * i;
        if (bit + 8 <= length) continue;
        const unsigned kept = length > bit ? static_cast<unsigned>(length - bit) : 0;
        octets[i] = static_cast<char>(static_cast<unsigned char>(octets[i]) | (0xffU >> kept));
    }
    return octets;
}

class Listeners {
  public:
    explicit Listeners(const Resolution& all) : all_(all) {}

    void run() {
        for (int i = 0; i < all_.config.virtual_servers_size(); ++i) {
            const auto& service = all_.config.virtual_servers(i);
            add(service.key(), service.name(),
                all_.places.services[static_cast<std::size_t>(i)].block);
        }
        for (const auto& [key, name, place] : all_.tested.listeners) add(key, name, place);
        add_groups();
        report();
    }

  private:
    void add(const v1::ServiceKey& key, std::string_view name, const Place& place) {
        const std::string first = key.has_fwmark() ? mark_text(key.fwmark()) : key.address();
        claims_.push_back({key.ipv6(), key.has_fwmark() ? 0 : key.protocol(), key.port(), first,
                           first, name, &place});
    }

    /// The entries of a group count once for each protocol and family, however many services name
    /// it.
    void add_groups() {
        std::unordered_map<std::string_view, const v1::ServiceGroup*> groups;
        for (const auto& group : all_.config.service_groups()) groups.emplace(group.name(), &group);
        std::set<std::tuple<std::string_view, int, bool>> used;
        for (const GroupUse& use : all_.places.group_uses) {
            const auto group = groups.find(use.group);
            if (group == groups.end()) continue;
            if (used.emplace(use.group, use.protocol, use.ipv6).second) {
                add(*group->second, use);
            } else {
                say_again(use);
            }
        }
    }

    void say_again(const GroupUse& use) {
        const ObjectScope object(all_.report, "virtual_server", use.name);
        all_.report.warning("shared_listener", use.place,
                            fmt::format("another virtual_server listens on group {} with the same "
                                        "protocol; only one of them can",
                                        use.group));
    }

    void add(const v1::ServiceGroup& group, const GroupUse& use) {
        for (const auto& entry : group.entries()) {
            Claim claim{.protocol = use.protocol,
                        .port = entry.port(),
                        .owner = use.name,
                        .place = &use.place};
            if (entry.has_fwmark()) {
                claim.first = claim.last = mark_text(entry.fwmark());
                claim.protocol = 0;
                claim.ipv6 = entry.has_family() ? entry.family() == v1::FAMILY_INET6 : use.ipv6;
            } else {
                claim.ipv6 = entry.address().size() == 16;
                claim.first = entry.address();
                claim.last = entry.has_last_address() ? entry.last_address()
                             : entry.has_prefix_length()
                                 ? last_of_prefix(entry.address(), entry.prefix_length())
                                 : entry.address();
            }
            claims_.push_back(std::move(claim));
        }
    }

    /// After sorting, a claim overlaps an earlier one only if it begins before the one that
    /// reaches farthest has ended.
    void report() {
        std::stable_sort(claims_.begin(), claims_.end());
        const Claim* farthest = nullptr;
        for (const Claim& claim : claims_) {
            if (farthest == nullptr || farthest->key() != claim.key() ||
                farthest->last < claim.first) {
                farthest = &claim;
                continue;
            }
            say(*farthest, claim);
            if (farthest->last < claim.last) farthest = &claim;
        }
    }

    void say(const Claim& one, const Claim& other) {
        const auto address = core::Address::from_bytes(std::string_view(other.first));
        const std::string what =
            address ? fmt::format("{} port {}", address->text(), other.port) : "one firewall mark";
        const std::string text =
            one.owner == other.owner
                ? fmt::format("{} listens on {} twice", other.owner, what)
                : fmt::format("{} and {} both listen on {}; only one of them can", one.owner,
                              other.owner, what);
        const ObjectScope object(all_.report, "virtual_server", other.owner);
        all_.report.warning("shared_listener", *other.place, text);
    }

    const Resolution& all_;
    std::vector<Claim> claims_;
};

}  // namespace

void find_shared_listeners(const Resolution& all) {
    Listeners(all).run();
}

}  // namespace holdfast::config
