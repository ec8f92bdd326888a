// Routes, rules, what is static and what is said about interfaces: keepalived's completion of them,
// and its complaints about what does not go together.
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/prefix.hpp"
#include "lib/config/resolve.hpp"
#include "lib/config/resolve_addresses.hpp"
#include "lib/core/address.hpp"
#include "lib/core/ids.hpp"

namespace holdfast::config {

namespace {

constexpr std::uint32_t kOurProtocol = 18;  // RTPROT_KEEPALIVED
/// keepalived's preference of the first rule that has none; the next ones count down.
constexpr std::uint32_t kFirstPreference = 16384;
constexpr std::uint64_t kShortestTime = 200'000;
constexpr std::uint64_t kLongestTime = 120'000'000;

/// Routes and rules of instances, and all that is static.
class NetworkResolver {
  public:
    explicit NetworkResolver(Resolution& all) : all_(all), config_(all.config) {}

    void run() {
        resolve_track_groups();
        const ObjectPlaces& top = all_.places.top;
        resolve_static_addresses();
        resolve_routes(*config_.mutable_static_routes(), top, "static_routes", "static_route");
        resolve_rules(*config_.mutable_static_rules(), top, "static_rules", "static_rule");
        for (int i = 0; i < config_.vrrp_instances_size(); ++i) {
            auto& instance = *config_.mutable_vrrp_instances(i);
            const ObjectPlaces& places = all_.places.instances[static_cast<std::size_t>(i)];
            all_.report.set_object("vrrp_instance " + instance.name());
            resolve_routes(*instance.mutable_virtual_routes(), places, "virtual_routes",
                           instance.name());
            resolve_rules(*instance.mutable_virtual_rules(), places, "virtual_rules",
                          instance.name());
        }
        all_.report.set_object({});
        for (int i = 0; i < config_.garp_groups_size(); ++i) {
            config_.mutable_garp_groups(i)->set_id(
                core::object_id("garp_group", std::to_string(i)).value);
        }
        if (config_.interfaces_size() > 0) find_patience();
        for (int i = 0; i < config_.interfaces_size(); ++i) resolve_interface(i);
    }

  private:
    void error(std::string_view class_name, const Place& place, std::string text,
               std::string hint = {}, Complaint complaint = Complaint::general) {
        all_.report.error(complaint, class_name, place, std::move(text)).hint = std::move(hint);
    }

    void check_interface(const std::string& name, const Place& place) {
        if (all_.request.host == nullptr || name.empty()) return;
        if (config_.global().dynamic_interfaces()) return;
        if (all_.request.host->interface_exists(name)) return;
        error("no_interface", place, fmt::format("there is no interface {}", name));
    }

    // ---- track groups --------------------------------------------------------------------------

    void resolve_track_groups() {
        std::unordered_map<std::string, std::uint64_t> instances;
        for (const auto& instance : config_.vrrp_instances()) {
            instances.emplace(instance.name(), instance.id());
        }
        for (int i = 0; i < config_.track_groups_size(); ++i) {
            auto& group = *config_.mutable_track_groups(i);
            const Place& place = all_.places.top.entry("track_group", i);
            all_.report.set_object("track_group " + group.name());
            group.set_id(core::object_id("track_group", group.name()).value);
            groups_.insert(group.name());
            for (const std::string& member : group.members()) {
                if (const auto found = instances.find(member); found != instances.end()) {
                    group.add_member_ids(found->second);
                    continue;
                }
                all_.report.warning(
                    "unknown_member", place,
                    fmt::format("there is no vrrp_instance {}; it is no member", member));
            }
            if (group.member_ids().empty()) {
                all_.report.warning("empty_group", place,
                                    fmt::format("track_group {} has no member", group.name()));
            }
        }
        all_.report.set_object({});
    }

    /// The binder knows only groups that stand before the line; other languages have no order.
    template <class Entry>
    void check_track_group(Entry& entry, const Place& place) {
        if (!entry.has_track_group() || groups_.contains(entry.track_group())) return;
        error("unknown_group", place,
              fmt::format("there is no track_group {}; it is ignored", entry.track_group()));
        entry.clear_track_group();
    }

    // ---- addresses -----------------------------------------------------------------------------

    void resolve_static_addresses() {
        std::unordered_set<std::uint64_t> seen;
        const auto& global = config_.global();
        auto& addresses = *config_.mutable_static_addresses();
        int kept = 0;
        for (int i = 0; i < addresses.size(); ++i) {
            auto& address = *addresses.Mutable(i);
            const Place& place = all_.places.top.entry("static_ipaddress", i);
            complete_address(address);
            check_track_group(address, place);
            if (!address.has_interface()) {
                address.set_interface(global.has_default_interface() ? global.default_interface()
                                                                     : "eth0");
            }
            check_interface(address.interface(), place);
            const std::string key = prefix_text(address) + " " + address.interface();
            address.set_id(core::object_id("static_address", key).value);
            if (!seen.insert(address.id()).second) {
                all_.report.warning(
                    "duplicate", place,
                    fmt::format("{} is there more than once", prefix_text(address)));
                continue;
            }
            if (kept != i) addresses.SwapElements(kept, i);
            ++kept;
        }
        addresses.DeleteSubrange(kept, addresses.size() - kept);
    }

    // ---- routes --------------------------------------------------------------------------------

    /// Notes the family of an address or prefix; false when there was one of the other before.
    static bool add_family(const std::string& octets, std::optional<core::Family>& family) {
        const auto prefix = Prefix::from_octets(octets);
        const auto own = prefix ? prefix->family() : std::nullopt;
        if (!own) return true;
        if (!family) family = own;
        return *family == *own;
    }

    static bool families_fit(const v1::Route& route, std::optional<core::Family>& family) {
        bool fits = true;
        const std::array<const std::string*, 4> own = {&route.destination(), &route.source_prefix(),
                                                       &route.gateway(), &route.preferred_source()};
        for (const std::string* octets : own) fits = add_family(*octets, family) && fits;
        for (const auto& hop : route.next_hops()) fits = add_family(hop.gateway(), family) && fits;
        return fits;
    }

    /// Why keepalived drops a route; empty when it does not.
    static std::string problem_of(const v1::Route& route) {
        if (!route.has_destination()) return "a route needs a destination";
        std::optional<core::Family> family;
        if (!families_fit(route, family)) return "IPv4 and IPv6 do not go together in a route";
        const bool ipv6 = family == core::Family::ipv6;
        if (ipv6 && route.has_realm()) return "realms are for IPv4 only";
        if (!ipv6 && route.has_expires_us()) return "expires is for IPv6 only";
        if (!ipv6 && route.has_preference()) return "pref is for IPv6 only";
        if (!ipv6 && route.has_source_prefix()) return "from is for IPv6 only";
        return {};
    }

    void check_interfaces(const v1::Route& route, const Place& place) {
        check_interface(route.interface(), place);
        check_interface(route.vrf(), place);
        for (const auto& hop : route.next_hops()) check_interface(hop.interface(), place);
    }

    void complete(v1::Route& route, const Place& place) {
        check_track_group(route, place);
        if (!route.no_track() && !route.has_interface()) {
            error("untracked_route", place, "a route without interface cannot be tracked",
                  "write dev IFNAME, or no_track", Complaint::warning);
            route.set_no_track(true);
        }
        check_protocol(route, place);
        for (const auto& [value, set] :
             {std::pair(route.rtt_us(), &v1::Route::set_rtt_us),
              std::pair(route.rtt_variance_us(), &v1::Route::set_rtt_variance_us),
              std::pair(route.minimum_rto_us(), &v1::Route::set_minimum_rto_us)}) {
            if (value != 0) (route.*set)(std::clamp(value, kShortestTime, kLongestTime));
        }
    }

    template <class Entry>
    void check_protocol(Entry& entry, const Place& place) {
        if (!entry.has_protocol() || entry.protocol() == kOurProtocol || entry.no_track()) return;
        error("protocol_replaced", place,
              fmt::format("what is tracked has the protocol keepalived ({}); {} is replaced",
                          kOurProtocol, entry.protocol()),
              "write no_track to keep the protocol");
        entry.set_protocol(kOurProtocol);
    }

    void resolve_routes(google::protobuf::RepeatedPtrField<v1::Route>& routes,
                        const ObjectPlaces& places, std::string_view keyword,
                        std::string_view owner) {
        int kept = 0;
        for (int i = 0; i < routes.size(); ++i) {
            v1::Route& route = *routes.Mutable(i);
            const Place& place = places.entry(keyword, i);
            if (const std::string problem = problem_of(route); !problem.empty()) {
                error("bad_route", place, problem + "; the route is dropped");
                continue;
            }
            check_interfaces(route, place);
            complete(route, place);
            route.set_id(
                core::object_id("route", fmt::format("{} {}", owner, route.SerializeAsString()))
                    .value);
            if (kept != i) routes.SwapElements(kept, i);
            ++kept;
        }
        routes.DeleteSubrange(kept, routes.size() - kept);
    }

    // ---- rules ---------------------------------------------------------------------------------

    static std::string problem_of(const v1::Rule& rule) {
        const int actions = static_cast<int>(rule.has_table()) + static_cast<int>(rule.l3mdev()) +
                            static_cast<int>(rule.has_goto_preference()) +
                            static_cast<int>(rule.has_action());
        if (actions == 0) return "a rule needs an action: a table, l3mdev, goto or another";
        if (actions > 1) return "a rule has one action only";
        std::optional<core::Family> family;
        const bool fits = add_family(rule.from(), family);
        if (!add_family(rule.to(), family) || !fits) {
            return "IPv4 and IPv6 do not go together in a rule";
        }
        if (rule.has_realm() && family == core::Family::ipv6) return "realms are for IPv4 only";
        const bool looks_up = rule.has_table() || rule.l3mdev();
        if (!looks_up &&
            (rule.has_realm() || rule.has_suppress_group() || rule.has_suppress_prefix_length())) {
            return "realms and suppressors need a table";
        }
        if (!rule.has_goto_preference()) return {};
        if (!rule.has_preference()) return "goto needs a preference";
        if (rule.preference() >= rule.goto_preference()) {
            return fmt::format("goto leads forward only: {} is not above {}",
                               rule.goto_preference(), rule.preference());
        }
        return {};
    }

    void complete(v1::Rule& rule, const Place& place) {
        check_interface(rule.input_interface(), place);
        check_interface(rule.output_interface(), place);
        check_track_group(rule, place);
        if (rule.has_track_group() && !rule.has_input_interface()) {
            error("unknown_group", place, "track_group needs iif in a rule; it is ignored");
            rule.clear_track_group();
        }
        check_protocol(rule, place);
        if (rule.has_preference()) return;
        rule.set_preference(next_preference_--);
        error("rule_without_preference", place,
              fmt::format("a rule without preference gets one that is hard to foresee ({})",
                          rule.preference()),
              "write preference NUMBER", Complaint::warning);
    }

    void resolve_rules(google::protobuf::RepeatedPtrField<v1::Rule>& rules,
                       const ObjectPlaces& places, std::string_view keyword,
                       std::string_view owner) {
        int kept = 0;
        for (int i = 0; i < rules.size(); ++i) {
            v1::Rule& rule = *rules.Mutable(i);
            const Place& place = places.entry(keyword, i);
            if (const std::string problem = problem_of(rule); !problem.empty()) {
                error("bad_rule", place, problem + "; the rule is dropped");
                continue;
            }
            complete(rule, place);
            rule.set_id(
                core::object_id("rule", fmt::format("{} {}", owner, rule.SerializeAsString()))
                    .value);
            if (kept != i) rules.SwapElements(kept, i);
            ++kept;
        }
        rules.DeleteSubrange(kept, rules.size() - kept);
    }

    // ---- interfaces ----------------------------------------------------------------------------

    /// How long the routers of each interface wait for one another.
    void find_patience() {
        for (const auto& instance : config_.vrrp_instances()) {
            if (instance.down_timer_adverts() == 0) continue;
            const std::uint64_t own =
                (instance.down_timer_adverts() - 1) * instance.advert_interval_us();
            const auto [shortest, is_new] = patience_.emplace(instance.interface(), own);
            if (!is_new) shortest->second = std::min(shortest->second, own);
        }
    }

    /// A link that is down must be believed before the others take over.
    void resolve_interface(int index) {
        auto& settings = *config_.mutable_interfaces(index);
        const std::uint64_t delay = std::max(settings.down_delay_us(), settings.up_delay_us());
        const auto patience = patience_.find(settings.name());
        if (delay == 0 || patience == patience_.end() || delay < patience->second) return;
        const std::uint64_t longest = patience->second;
        all_.report.warning(
            "delay_too_long", all_.places.top.entry("interface_up_down_delays", index),
            fmt::format("the delay of {} s for {} must be below {} s, when the other routers take "
                        "over; no delay is used",
                        decimal_text(delay), settings.name(), decimal_text(longest)));
        settings.clear_down_delay_us();
        settings.clear_up_delay_us();
    }

    Resolution& all_;
    v1::Config& config_;
    std::unordered_set<std::string> groups_;
    std::unordered_map<std::string, std::uint64_t> patience_;  // by interface
    std::uint32_t next_preference_ = kFirstPreference;
};

}  // namespace

void resolve_network(Resolution& all) {
    NetworkResolver(all).run();
}

}  // namespace holdfast::config
