// keepalived's completion of vrrp_instance.
#include <unordered_set>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/resolve.hpp"
#include "lib/config/vrrp_defaults.hpp"
#include "lib/core/address.hpp"
#include "lib/core/ids.hpp"

namespace holdfast::config {

namespace {

constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::uint64_t kCentisecond = 10'000;
constexpr std::uint64_t kMaxInterval3 = 4095 * kCentisecond;

class InstanceResolver {
  public:
    InstanceResolver(Resolution& all, v1::VrrpInstance& instance, const ObjectPlaces& places)
        : all_(all), global_(all.config.global()), instance_(instance), places_(places) {}

    void run() {
        instance_.set_id(core::object_id("vrrp_instance", instance_.name()).value);
        decide_family();
        decide_version();
        strict_ = instance_.has_strict() ? instance_.strict() : global_.strict();
        decide_state();
        decide_preemption();
        decide_interval();
        decide_destination();
        resolve_authentication(all_, instance_, places_, strict_);
        if (instance_.has_auth_hmac()) {
            resolve_hmac(all_, instance_, places_.of("auth_hmac"), strict_);
        }
        decide_virtual_interface();
        if (strict_) apply_strict_rules(all_, instance_, places_);
        inherit_from_globals(global_, instance_);
        check_owner();
        drop_own_interface();
        resolve_addresses(all_, instance_, places_);
    }

  private:
    void error(std::string_view keyword, std::string_view class_name, std::string text,
               std::string hint = {}) {
        all_.report.error(Complaint::general, class_name, places_.of(keyword), std::move(text))
            .hint = std::move(hint);
    }

    static std::optional<bool> is_ipv6(const std::string& octets) {
        if (octets.empty()) return std::nullopt;
        return octets.size() == 16;
    }

    /// What says the family first: native_ipv6, an address that is advertised, the source, a peer,
    /// the group.
    std::optional<bool> family_written() const {
        if (instance_.native_ipv6()) return true;
        for (const auto& address : instance_.addresses()) {
            if (!address.excluded()) return is_ipv6(address.address());
        }
        if (const auto given = is_ipv6(source())) return given;
        if (instance_.unicast_peers_size() > 0) {
            return is_ipv6(instance_.unicast_peers(0).address());
        }
        return is_ipv6(instance_.multicast_group());
    }
    const std::string& source() const {
        return instance_.has_unicast_source() ? instance_.unicast_source()
                                              : instance_.multicast_source();
    }

    /// keepalived.conf is checked where it is read; this is for what comes from elsewhere.
    bool is_other_family(const std::string& octets, std::string_view keyword) {
        const auto family = is_ipv6(octets);
        if (!family || *family == instance_.ipv6()) return false;
        error(
            keyword, "other_family",
            fmt::format("{} is not of the instance's family; it is ignored", address_text(octets)));
        return true;
    }

    void decide_family() {
        instance_.set_ipv6(family_written().value_or(false));
        auto& addresses = *instance_.mutable_addresses();
        for (int i = addresses.size(); i-- > 0;) {
            if (!addresses.Get(i).excluded() &&
                is_other_family(addresses.Get(i).address(), "virtual_ipaddress")) {
                addresses.DeleteSubrange(i, 1);
            }
        }
        auto& peers = *instance_.mutable_unicast_peers();
        for (int i = peers.size(); i-- > 0;) {
            if (is_other_family(peers.Get(i).address(), "unicast_peer")) peers.DeleteSubrange(i, 1);
        }
        if (is_other_family(instance_.multicast_group(), "mcast_dst_ip")) {
            instance_.clear_multicast_group();
        }
        instance_.clear_source_address();
        const bool unicast = instance_.has_unicast_source();
        if (!source().empty() &&
            !is_other_family(source(), unicast ? "unicast_src_ip" : "mcast_src_ip")) {
            instance_.set_source_address(source());
        }
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
        if (!instance_.has_priority()) {
            const bool active = instance_.state() == v1::INITIAL_ACTIVE;
            instance_.set_priority(active ? kOwner : 100);
            if (active && !strict_) warn_of_owner();
        }
        const auto own = is_owner() ? v1::INITIAL_ACTIVE : v1::INITIAL_BACKUP;
        if (!instance_.has_state()) {
            instance_.set_state(own);
        } else if (strict_ && instance_.state() != own) {
            error(
                "state", "strict_state",
                fmt::format("strict mode: state MASTER goes with priority 255 and no other; state "
                            "becomes {}",
                            is_owner() ? "MASTER" : "BACKUP"));
            instance_.set_state(own);
        }
    }
    void warn_of_owner() {
        all_.report
            .warning("owner_by_state", places_.of("state"),
                     "state MASTER without priority means priority 255, the owner of the "
                     "addresses, whom no other router outvotes")
            .hint = "write a priority, such as 150";
    }
    [[nodiscard]] bool is_owner() const { return instance_.priority() == kOwner; }

    void decide_preemption() {
        const bool active = instance_.state() == v1::INITIAL_ACTIVE;
        if (instance_.nopreempt() && is_owner()) {
            error("nopreempt", "nopreempt_cleared",
                  "nopreempt does not go with priority 255; it is cleared",
                  "give every router a priority below 255");
            instance_.set_nopreempt(false);
        } else if (instance_.nopreempt() && active) {
            error("nopreempt", "nopreempt_cleared",
                  "nopreempt does not go with state MASTER; it is cleared",
                  "write state BACKUP on every node and let the priority decide");
            instance_.set_nopreempt(false);
        }
        if (instance_.has_timer_expired_backup() && !instance_.nopreempt()) {
            error("timer_expired_backup", "timer_expired_cleared",
                  "timer_expired_backup works with nopreempt only; it is ignored");
            instance_.clear_timer_expired_backup();
        }
        if (instance_.preempt_delay_us() == 0) return;
        if (strict_) {
            error("preempt_delay", "preempt_delay_cleared",
                  "strict mode has no preempt_delay; it is cleared");
        } else if (active) {
            error("preempt_delay", "preempt_delay_cleared",
                  "preempt_delay does not go with state MASTER; it is cleared",
                  "write state BACKUP; the priority decides who becomes master");
        } else if (instance_.nopreempt()) {
            error("preempt_delay", "preempt_delay_cleared",
                  "preempt_delay does not go with nopreempt; it is cleared",
                  "keep one of the two: never to take over, or to wait before it");
        } else {
            return;
        }
        instance_.clear_preempt_delay_us();
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
                          static_cast<double>(written) / 1e6, static_cast<double>(rounded) / 1e6),
              interval_hint(written));
        instance_.set_advert_interval_us(rounded);
    }
    [[nodiscard]] std::string interval_hint(std::uint64_t written) const {
        if (instance_.version() == 2 && written % kCentisecond == 0 && written <= kMaxInterval3) {
            return "version 3 can carry it; every router of the virtual router must change at once";
        }
        if (instance_.version() == 3 && written > kMaxInterval3) {
            return "version 3 carries at most 40.95 s";
        }
        return {};
    }

    void decide_destination() {
        const bool unicast = instance_.unicast_peers_size() > 0;
        instance_.set_unicast(unicast);
        if (!unicast) {
            check_words_of_unicast();
        } else if (instance_.has_multicast_group()) {
            error("mcast_dst_ip", "multicast_with_peers",
                  "mcast_dst_ip does not go with unicast peers; it is ignored");
            instance_.clear_multicast_group();
        }
        if (!unicast || !instance_.interface().empty()) instance_.clear_vrf();
        if (instance_.source_address().empty()) instance_.clear_track_source_address();
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

    /// Unicast is meant, but nobody is named to speak to. An empty list is what a generator writes
    /// that found no peer.
    void check_words_of_unicast() {
        if (instance_.has_unicast_ttl()) {
            error("unicast_ttl", "unicast_without_peer",
                  "unicast_ttl without unicast_peer is ignored", kPeerHint);
            instance_.clear_unicast_ttl();
        }
        const std::string_view keyword = instance_.has_unicast_source()     ? "unicast_src_ip"
                                         : instance_.check_unicast_source() ? "check_unicast_src"
                                         : instance_.has_old_unicast_checksum()
                                             ? "old_unicast_checksum"
                                         : places_.has("unicast_peer") ? "unicast_peer"
                                                                       : "";
        if (keyword.empty() || instance_.unicast_fault_no_peer()) return;
        error(keyword, "unicast_without_peer",
              fmt::format("{}: advertisements go out by multicast",
                          keyword == "unicast_peer"
                              ? "unicast_peer names nobody"
                              : fmt::format("{} without unicast_peer", keyword)),
              kPeerHint);
        instance_.clear_check_unicast_source();
        instance_.clear_old_unicast_checksum();
    }
    static constexpr const char* kPeerHint = "name the other routers in unicast_peer";

    void decide_virtual_interface() {
        auto& vmac = *instance_.mutable_vmac();
        if (vmac.has_name() || vmac.has_address() || vmac.has_group() || vmac.netlink_notify()) {
            vmac.set_enabled(true);
        }
        const bool unicast = instance_.unicast() || instance_.unicast_fault_no_peer();
        if (vmac.enabled() && unicast && !vmac.transmit_from_base()) {
            error("use_vmac", "vmac_with_peers",
                  "unicast with use_vmac is sent from the interface underneath",
                  "write vmac_xmit_base as well");
            vmac.set_transmit_from_base(true);
        }
        if (vmac.transmit_from_base() && !vmac.enabled()) {
            error("vmac_xmit_base", "vmac_missing",
                  "vmac_xmit_base works with use_vmac only; it is ignored");
            vmac.clear_transmit_from_base();
        }
        if (vmac.enabled() && instance_.promote_secondaries()) {
            error("promote_secondaries", "promote_secondaries_with_vmac",
                  "promote_secondaries is always on for a virtual MAC address; it is ignored");
            instance_.clear_promote_secondaries();
        }
        if (vmac.ByteSizeLong() == 0) instance_.clear_vmac();
        if (!instance_.has_ipvlan()) return;
        auto& ipvlan = *instance_.mutable_ipvlan();
        ipvlan.set_enabled(true);
        if (ipvlan.has_address()) {
            if (!ipvlan.has_prefix_length()) {
                ipvlan.set_prefix_length(static_cast<std::uint32_t>(ipvlan.address().size()) * 8);
            }
        } else if (!instance_.ipv6() && instance_.source_address().empty()) {
            error(
                "use_ipvlan", "ipvlan_without_address",
                "an IPv4 instance on an ipvlan interface needs an address of its own; it stays in "
                "Fault",
                "write use_ipvlan ADDRESS/LENGTH");
        }
    }

    void check_owner() {
        if (!instance_.has_owner_ignore_adverts()) return;
        if (instance_.owner_ignore_adverts() && !is_owner()) {
            error("owner_ignore_adverts", "not_owner",
                  "owner_ignore_adverts goes with priority 255 only; it is switched off");
            instance_.set_owner_ignore_adverts(false);
        } else if (!instance_.owner_ignore_adverts() && is_owner()) {
            error("owner_ignore_adverts", "owner",
                  "an owner of the addresses ignores advertisements; the setting is switched on");
            instance_.set_owner_ignore_adverts(true);
        }
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

    Resolution& all_;
    const v1::GlobalDefs& global_;
    v1::VrrpInstance& instance_;
    const ObjectPlaces& places_;
    bool strict_ = false;
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

}  // namespace holdfast::config
