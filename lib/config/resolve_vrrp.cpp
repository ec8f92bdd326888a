// Instances and groups: keepalived's completion of vrrp_instance and vrrp_sync_group.
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "lib/config/resolve.hpp"
#include "lib/core/address.hpp"
#include "lib/core/ids.hpp"

namespace holdfast::config {

namespace {

constexpr std::uint32_t kOwner = 255;
constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::uint64_t kCentisecond = 10'000;
constexpr std::uint64_t kMaxInterval3 = 4095 * kCentisecond;
/// What fits into one advertisement: a count of one octet, and an MTU of 1500 for IPv6.
constexpr int kMaxAddresses4 = 255;
constexpr int kMaxAddresses6 = 90;

std::string address_text(const std::string& octets) {
    const auto address = core::Address::from_bytes(std::string_view(octets));
    return address ? address->text() : std::string("?");
}

class InstanceResolver {
  public:
    InstanceResolver(Resolution& all, v1::VrrpInstance& instance, const ObjectPlaces& places)
        : all_(all), global_(all.config.global()), instance_(instance), places_(places) {}

    void run() {
        instance_.set_id(core::object_id("vrrp_instance", instance_.name()).value);
        if (!instance_.has_ipv6()) instance_.set_ipv6(false);
        decide_version();
        decide_state();
        decide_interval();
        decide_destination();
        check_authentication();
        inherit();
        drop_own_interface();
        complete_addresses();
    }

  private:
    void error(std::string_view keyword, std::string_view class_name, std::string text,
               std::string hint = {}) {
        all_.report.error(Complaint::general, class_name, places_.of(keyword), std::move(text))
            .hint = std::move(hint);
    }

    void decide_version() {
        if (instance_.ipv6()) {
            if (instance_.has_version() && instance_.version() == 2) {
                error("version", "version_conflict",
                      "an IPv6 instance uses version 3; 2 is ignored");
            }
            instance_.set_version(3);
        } else if (!instance_.has_version()) {
            instance_.set_version(global_.has_vrrp_version() ? global_.vrrp_version() : 2);
        }
    }

    void decide_state() {
        const bool active = instance_.state() == v1::INITIAL_ACTIVE;
        if (!instance_.has_priority()) instance_.set_priority(active ? kOwner : 100);
        if (!instance_.has_state()) {
            instance_.set_state(instance_.priority() == kOwner ? v1::INITIAL_ACTIVE
                                                               : v1::INITIAL_BACKUP);
        }
        if (instance_.nopreempt() && instance_.priority() == kOwner) {
            error("nopreempt", "nopreempt_cleared",
                  "nopreempt does not go with priority 255; it is cleared");
            instance_.set_nopreempt(false);
        } else if (instance_.nopreempt() && active) {
            error("nopreempt", "nopreempt_cleared",
                  "nopreempt does not go with state MASTER; it is cleared",
                  "write state BACKUP on every node and let the priority decide");
            instance_.set_nopreempt(false);
        }
        if (instance_.preempt_delay_us() == 0) return;
        if (active) {
            error("preempt_delay", "preempt_delay_cleared",
                  "preempt_delay does not go with state MASTER; it is cleared",
                  "write state BACKUP; the priority decides who becomes master");
            instance_.clear_preempt_delay_us();
        } else if (instance_.nopreempt()) {
            error("preempt_delay", "preempt_delay_cleared",
                  "preempt_delay does not go with nopreempt; it is cleared");
            instance_.clear_preempt_delay_us();
        }
    }

    void decide_interval() {
        if (!instance_.has_advert_interval_us()) instance_.set_advert_interval_us(kSecond);
        const std::uint64_t written = instance_.advert_interval_us();
        const std::uint64_t step = instance_.version() == 2 ? kSecond : kCentisecond;
        std::uint64_t rounded = std::max(step, (written + step / 2) / step * step);
        if (instance_.version() == 3) rounded = std::min(rounded, kMaxInterval3);
        if (rounded == written) return;
        error("advert_int", "advert_int_rounded",
              fmt::format("version {} counts advert_int in {}; {} s becomes {} s",
                          instance_.version(), step == kSecond ? "whole seconds" : "steps of 10 ms",
                          static_cast<double>(written) / 1e6, static_cast<double>(rounded) / 1e6));
        instance_.set_advert_interval_us(rounded);
    }

    void decide_destination() {
        instance_.set_unicast(instance_.unicast_peers_size() > 0);
        if (instance_.has_multicast_group()) return;
        const bool ipv6 = instance_.ipv6();
        const bool given = ipv6 ? global_.has_vrrp_mcast_group6() : global_.has_vrrp_mcast_group4();
        if (given) {
            instance_.set_multicast_group(ipv6 ? global_.vrrp_mcast_group6()
                                               : global_.vrrp_mcast_group4());
        } else {
            instance_.set_multicast_group(
                core::Address::from_text(ipv6 ? "ff02::12" : "224.0.0.18")->octets());
        }
    }

    void check_authentication() {
        if (!instance_.has_authentication()) return;
        const v1::Authentication& given = instance_.authentication();
        if (given.type() == v1::AUTHENTICATION_NONE) {
            if (given.has_password()) {
                all_.report.warning("authentication_ignored", places_.of("authentication"),
                                    "auth_pass without auth_type is not used");
            }
            instance_.clear_authentication();
        } else if (instance_.has_strict() ? instance_.strict() : global_.strict()) {
            error("authentication", "authentication_ignored",
                  "strict mode has no authentication; it is ignored");
            instance_.clear_authentication();
        } else if (instance_.version() == 3) {
            error("authentication", "authentication_ignored",
                  "version 3 has no authentication; it is ignored");
            instance_.clear_authentication();
        } else if (!given.has_password()) {
            error("authentication", "authentication_ignored",
                  "authentication without auth_pass is ignored",
                  "without a password every router of the network is believed");
            instance_.clear_authentication();
        } else if (given.type() == v1::AUTHENTICATION_AH) {
            all_.report.warning("not_carried_out", places_.of("authentication"),
                                "auth_type AH is accepted, not carried out yet");
        }
    }

    void inherit() {
        auto& i = instance_;
        const auto& g = global_;
        if (!i.has_garp_master_delay_us()) {
            i.set_garp_master_delay_us(g.has_garp_master_delay_us() ? g.garp_master_delay_us()
                                                                    : 5 * kSecond);
        }
        if (!i.has_garp_master_repeat()) {
            i.set_garp_master_repeat(g.has_garp_master_repeat() ? g.garp_master_repeat() : 5);
        }
        if (!i.has_garp_master_refresh_us()) {
            i.set_garp_master_refresh_us(g.garp_master_refresh_us());
        }
        if (!i.has_garp_master_refresh_repeat()) {
            i.set_garp_master_refresh_repeat(
                g.has_garp_master_refresh_repeat() ? g.garp_master_refresh_repeat() : 1);
        }
        if (!i.has_garp_lower_priority_delay_us()) {
            i.set_garp_lower_priority_delay_us(g.has_garp_lower_priority_delay_us()
                                                   ? g.garp_lower_priority_delay_us()
                                                   : i.garp_master_delay_us());
        }
        if (!i.has_garp_lower_priority_repeat()) {
            i.set_garp_lower_priority_repeat(g.has_garp_lower_priority_repeat()
                                                 ? g.garp_lower_priority_repeat()
                                                 : i.garp_master_repeat());
        }
        if (!i.has_down_timer_adverts()) {
            i.set_down_timer_adverts(g.has_down_timer_adverts() ? g.down_timer_adverts() : 3);
        }
        if (!i.has_lower_priority_no_advert()) {
            i.set_lower_priority_no_advert(g.lower_priority_no_advert());
        }
        if (!i.has_higher_priority_send_advert()) {
            i.set_higher_priority_send_advert(g.higher_priority_send_advert());
        }
        if (!i.has_accept()) i.set_accept(true);
    }

    void drop_own_interface() {
        auto& tracked = *instance_.mutable_track_interfaces();
        for (int i = tracked.size(); i-- > 0;) {
            if (tracked.Get(i).interface() != instance_.interface()) continue;
            error("track_interface", "own_interface_tracked",
                  fmt::format("{} is the instance's own interface and tracked anyway; the entry is "
                              "ignored",
                              instance_.interface()));
            tracked.DeleteSubrange(i, 1);
        }
    }

    void complete_addresses() {
        std::unordered_set<std::string> seen;
        auto& addresses = *instance_.mutable_addresses();
        int kept = 0;
        int advertised = 0;
        const int most = instance_.ipv6() ? kMaxAddresses6 : kMaxAddresses4;
        for (int i = 0; i < addresses.size(); ++i) {
            auto& address = *addresses.Mutable(i);
            if (!address.has_interface()) address.set_interface(instance_.interface());
            const std::string text =
                fmt::format("{}/{}", address_text(address.address()), address.prefix_length());
            const std::string key =
                fmt::format("{} {} {}", instance_.name(), text, address.interface());
            if (!seen.insert(key).second) {
                all_.report.warning("duplicate", places_.of("virtual_ipaddress"),
                                    fmt::format("{} is there more than once", text));
                continue;
            }
            address.set_id(core::object_id("virtual_address", key).value);
            if (!address.excluded() && ++advertised > most) address.set_excluded(true);
            // keepalived gives host addresses of IPv6 no preferred lifetime, so that they are not
            // chosen as a source.
            if (!address.has_deprecated() && address.address().size() == 16) {
                address.set_deprecated(address.prefix_length() == 128);
            }
            if (kept != i) addresses.SwapElements(kept, i);
            ++kept;
        }
        addresses.DeleteSubrange(kept, addresses.size() - kept);
        if (advertised > most) {
            error(
                "virtual_ipaddress", "too_many_addresses",
                fmt::format("an advertisement holds {} addresses; the others are excluded from it",
                            most));
        }
    }

    Resolution& all_;
    const v1::GlobalDefs& global_;
    v1::VrrpInstance& instance_;
    const ObjectPlaces& places_;
};

}  // namespace

void resolve_instances(Resolution& all) {
    for (int i = 0; i < all.config.vrrp_instances_size(); ++i) {
        auto& instance = *all.config.mutable_vrrp_instances(i);
        all.report.set_object("vrrp_instance " + instance.name());
        InstanceResolver(all, instance, all.places.instances[static_cast<std::size_t>(i)]).run();
    }
    all.report.set_object({});
}

void resolve_groups(Resolution& all) {
    std::unordered_map<std::string, std::uint64_t> instances;
    for (const auto& instance : all.config.vrrp_instances()) {
        instances.emplace(instance.name(), instance.id());
    }
    std::unordered_set<std::string> taken;
    auto& groups = *all.config.mutable_vrrp_sync_groups();
    std::vector<bool> drop(static_cast<std::size_t>(groups.size()));
    for (int i = 0; i < groups.size(); ++i) {
        auto& group = *groups.Mutable(i);
        const ObjectPlaces& places = all.places.groups[static_cast<std::size_t>(i)];
        const std::string object = "vrrp_sync_group " + group.name();
        all.report.set_object(object);
        const auto complain = [&](std::string_view class_name, std::string text) {
            all.report.error(Complaint::general, class_name, places.of("group"), std::move(text));
        };
        group.set_id(core::object_id("vrrp_sync_group", group.name()).value);
        std::vector<std::string> members;
        for (const std::string& member : group.members()) {
            const auto found = instances.find(member);
            if (found == instances.end()) {
                complain("unknown_member",
                         fmt::format("there is no vrrp_instance {}; it is ignored", member));
            } else if (!taken.insert(member).second) {
                complain("member_taken",
                         fmt::format("{} is in a group already; it is ignored here", member));
            } else {
                members.push_back(member);
                group.add_member_ids(found->second);
            }
        }
        group.mutable_members()->Assign(members.begin(), members.end());
        if (members.empty()) {
            complain("empty_group", fmt::format("{} has no member and is dropped", object));
            drop[static_cast<std::size_t>(i)] = true;
        } else if (members.size() == 1) {
            complain("lonely_group", fmt::format("{} has one member only", object));
        }
    }
    drop_marked(groups, all.places.groups, drop);
    all.report.set_object({});
}

}  // namespace holdfast::config
