// Virtual servers and their real servers: keepalived's completion of virtual_server.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/findings/findings.hpp"
#include "lib/config/irregular/endpoints.hpp"
#include "lib/config/persistence.hpp"
#include "lib/config/resolve.hpp"
#include "lib/config/resolve_checks.hpp"
#include "lib/config/resolve_listening.hpp"
#include "lib/core/address.hpp"

namespace holdfast::config {

namespace {

constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::uint64_t kDelayLoop = 60 * kSecond;
constexpr std::uint64_t kPersistenceOfAllPorts = 360 * kSecond;
constexpr std::size_t kIpv6Octets = 16;

bool is_address(const std::string& octets) {
    return core::Address::from_bytes(std::string_view(octets)).has_value();
}

class ServiceResolver {
  public:
    ServiceResolver(Resolution& all, v1::VirtualServer& service, ObjectPlaces& places,
                    const Groups& groups)
        : all_(all), service_(service), places_(places), groups_(groups) {}

    /// False when the service must be dropped.
    bool run() {
        const std::string label = service_.label();
        service_.clear_label();
        if (!resolve_listening(all_, service_, places_, groups_, listening_)) return false;
        if (!label.empty()) all_.service_labels.emplace(label, service_.name());
        service_.set_id(all_.id_of("virtual_server", service_.name()));
        const ObjectScope object(all_.report, "virtual_server", service_.name());
        drop_other_families();
        if (service_.servers().empty()) {
            error("virtual_server", "no_servers",
                  fmt::format("{} has no real_server and is dropped", service_.name()));
            return false;
        }
        fill_defaults();
        complete_servers();
        complete_sorry_server();
        check_quorum();
        resolve_checks(all_, service_, places_);
        return is_carried_out();
    }

  private:
    void error(std::string_view keyword, std::string_view class_name, std::string text,
               std::string hint = {}) {
        error_at(places_.of(keyword), class_name, std::move(text), std::move(hint));
    }
    void error_at(const Place& place, std::string_view class_name, std::string text,
                  std::string hint = {}) {
        all_.report.error(Complaint::general, class_name, place, std::move(text)).hint =
            std::move(hint);
    }

    bool is_carried_out() {
        if (listening_.group == nullptr) return true;
        for (const auto& server : service_.servers()) {
            for (const auto& check : server.checks()) {
                if (check.has_file()) {
                    all_.names_of_dropped.insert(check.file().track_file());
                } else if (check.has_bfd()) {
                    all_.names_of_dropped.insert(check.bfd().name());
                }
            }
        }
        all_.places.group_uses.push_back({listening_.group->name(), service_.name(),
                                          service_.key().protocol(), service_.key().ipv6(),
                                          places_.block});
        all_.report.warning("not_carried_out", places_.block,
                            "virtual_server group is accepted, not carried out yet");
        return false;
    }

    [[nodiscard]] bool is_of_family(const std::string& address) const {
        return (address.size() == kIpv6Octets) == service_.key().ipv6();
    }

    [[nodiscard]] bool fits(const v1::RealServer& server) const {
        return is_of_family(server.address()) || server.forwarding() == v1::TUN;
    }

    void drop_other_families() {
        inherit_forwarding();
        drop_servers([this](int at) {
            const auto& server = service_.servers(at);
            if (is_address(server.address()) && fits(server)) return false;
            error_at(places_.of_server(at), "other_family",
                     fmt::format("real_server {} is not of the service's family and is dropped",
                                 address_text(server.address(), "?")));
            return true;
        });
    }

    /// Takes out those that `unwanted` says, here and in the places.
    template <class Unwanted>
    void drop_servers(const Unwanted& unwanted) {
        auto& servers = *service_.mutable_servers();
        int kept = 0;
        for (int i = 0; i < servers.size(); ++i) {
            if (unwanted(i)) continue;
            if (kept != i) {
                servers.SwapElements(kept, i);
                const auto from = static_cast<std::size_t>(i);
                if (from < places_.servers.size()) {
                    std::swap(places_.servers[static_cast<std::size_t>(kept)],
                              places_.servers[from]);
                }
            }
            ++kept;
        }
        if (kept == servers.size()) return;
        servers.DeleteSubrange(kept, servers.size() - kept);
        const auto left = static_cast<std::size_t>(kept);
        if (places_.servers.size() > left) places_.servers.resize(left);
    }

    void inherit_forwarding() {
        if (!service_.has_forwarding()) {
            error("lvs_method", "no_forwarding",
                  fmt::format("{} has no lvs_method; NAT is taken", service_.name()));
            service_.set_forwarding(v1::NAT);
        }
        check_tunnel(service_, "lvs_method",
                     places_.has("lb_kind") ? places_.of("lb_kind") : places_.of("lvs_method"));
        for (int i = 0; i < service_.servers_size(); ++i) {
            auto& server = *service_.mutable_servers(i);
            check_tunnel(server, "real_server", places_.of_server(i));
            inherit(server);
        }
        if (!service_.has_sorry_server()) return;
        check_tunnel(*service_.mutable_sorry_server(), "sorry_server",
                     places_.of("sorry_server_lvs_method"));
        inherit(*service_.mutable_sorry_server());
    }

    template <class Message>
    void check_tunnel(Message& message, std::string_view what, const Place& place) {
        if (!message.has_tunnel()) return;
        if (const std::string_view problem = problem_of(message.tunnel()); !problem.empty()) {
            error_at(place, "bad_tunnel", fmt::format("{}: {}", what, problem));
            message.clear_tunnel();
        } else if (message.forwarding() != v1::TUN) {
            all_.report.warning("unused_tunnel", place,
                                fmt::format("{}: {} has options of a tunnel, which only TUN uses",
                                            service_.name(), what));
        }
    }

    template <class Server>
    void inherit(Server& server) {
        if (server.has_forwarding()) return;
        server.set_forwarding(service_.forwarding());
        if (service_.has_tunnel()) *server.mutable_tunnel() = service_.tunnel();
    }

    void fill_defaults() {
        if (!service_.has_scheduler()) {
            error("lvs_sched", "no_scheduler",
                  fmt::format("{} has no lvs_sched; wlc is taken", service_.name()));
            service_.set_scheduler(v1::SCHEDULER_WLC);
        }
        decide_persistence();
        const auto& key = service_.key();
        if (service_.one_packet() && key.protocol() != v1::UDP && !listening_.marks_only) {
            error("ops", "one_packet_cleared",
                  fmt::format("{}: ops needs protocol UDP; it is cleared", service_.name()));
            service_.clear_one_packet();
        }
        if (service_.ha_suspend() && listening_.marks_only) {
            error("ha_suspend", "ha_suspend_cleared",
                  fmt::format("{}: a service known by its firewall mark has no address that "
                              "ha_suspend could wait for; it is cleared",
                              service_.name()));
            service_.clear_ha_suspend();
        }
        if (!service_.has_delay_loop_us()) service_.set_delay_loop_us(kDelayLoop);
        if (!service_.has_quorum()) service_.set_quorum(1);
        if (!service_.has_hysteresis()) service_.set_hysteresis(0);
        if (!service_.has_smtp_alert()) {
            service_.set_smtp_alert(all_.config.global().smtp_alert_checker());
        }
    }

    void decide_persistence() {
        const auto& key = service_.key();
        const bool all_ports = listening_.group != nullptr ? listening_.facts.all_ports
                                                           : !key.has_fwmark() && key.port() == 0;
        if (all_ports && !service_.has_persistence_timeout_us()) {
            error("virtual_server", "zero_port",
                  fmt::format("{}: all ports need persistence; {} s is taken", service_.name(),
                              kPersistenceOfAllPorts / kSecond));
            service_.set_persistence_timeout_us(kPersistenceOfAllPorts);
        }
        if (!service_.has_persistence_timeout_us()) return;
        service_.set_persistence_netmask(key.ipv6() ? 128 : 0xffffffffU);
        if (!service_.has_persistence_granularity()) return;
        const auto mask = read_granularity(service_.persistence_granularity(), key.ipv6());
        if (mask) {
            service_.set_persistence_netmask(*mask);
        } else {
            error("persistence_granularity", "bad_value",
                  fmt::format("{}: '{}' is no {}", service_.name(),
                              service_.persistence_granularity(),
                              key.ipv6() ? "prefix length from 1 to 128" : "mask"));
        }
    }

    /// The port of a server: the service's unless it says another one, which only NAT can do.
    template <class Server>
    void decide_port(Server& server, const Place& place, std::string_view what) {
        const auto& key = service_.key();
        const bool written = server.port() != 0;
        if (!written) server.set_port(key.port());
        if (!written || server.forwarding() == v1::NAT) return;
        const std::string start = fmt::format("{}: {} {} port {}", service_.name(), what,
                                              address_text(server.address(), "?"), server.port());
        if (listening_.marks_only) {
            error_at(place, "port_mismatch",
                     start + " is cleared; DR and TUN keep the port, and a mark has none");
            server.set_port(0);
        } else if (listening_.group != nullptr) {
            check_port_of_group(server.port(), place, start);
        } else if (server.port() != key.port()) {
            error_at(place, "port_mismatch",
                     fmt::format("{} becomes {}; DR and TUN keep the port", start, key.port()));
            server.set_port(key.port());
        }
    }

    void check_port_of_group(std::uint32_t port, const Place& place, const std::string& start) {
        for (const auto& entry : listening_.group->entries()) {
            if (entry.has_fwmark() || entry.port() == port) continue;
            error_at(place, "port_mismatch",
                     fmt::format("{} is not that of {} in the group; DR and TUN keep the port",
                                 start, address_text(entry.address(), "?")));
            return;
        }
    }

    void complete_servers() {
        std::unordered_set<std::string> seen;
        drop_servers([&](int at) {
            auto& server = *service_.mutable_servers(at);
            complete(server, places_.of_server(at));
            if (!seen.insert(server.name()).second) {
                error_at(places_.of_server(at), "duplicate",
                         fmt::format("{}: real_server {} is there twice; the second is dropped",
                                     service_.name(), server.name()));
                return true;
            }
            server.set_id(all_.id_of("real_server", service_.name() + " " + server.name()));
            return false;
        });
    }

    void complete(v1::RealServer& server, const Place& place) {
        decide_port(server, place, "real_server");
        if (!server.has_weight()) server.set_weight(service_.has_weight() ? service_.weight() : 1);
        if (!server.has_inhibit_on_failure()) {
            server.set_inhibit_on_failure(service_.inhibit_on_failure());
        }
        if (!server.has_alpha()) server.set_alpha(service_.alpha());
        if (!server.has_smtp_alert()) {  // on, unless somebody says otherwise
            const auto& global = all_.config.global();
            server.set_smtp_alert(!global.has_smtp_alert_checker() || global.smtp_alert_checker());
        }
        server.set_name(endpoint_text(server.address(), service_.key().protocol(), server.port()));
    }

    void complete_sorry_server() {
        if (!service_.has_sorry_server()) return;
        auto& sorry = *service_.mutable_sorry_server();
        const bool fits = is_of_family(sorry.address()) || sorry.forwarding() == v1::TUN;
        if (!is_address(sorry.address()) || !fits) {
            error("sorry_server", "other_family",
                  fmt::format("{}: sorry_server {} is not of the service's family and is dropped",
                              service_.name(), address_text(sorry.address(), "?")));
            service_.clear_sorry_server();
            return;
        }
        decide_port(sorry, places_.of("sorry_server"), "sorry_server");
        sorry.set_name(endpoint_text(sorry.address(), service_.key().protocol(), sorry.port()));
        sorry.set_id(all_.id_of("sorry_server", service_.name() + " " + sorry.name()));
    }

    void check_quorum() {
        std::uint64_t sum = 0;
        for (const auto& server : service_.servers()) sum += server.weight();
        if (service_.quorum() > sum) {
            error("quorum", "quorum_lowered",
                  fmt::format("{}: quorum {} is more than all weights together; it becomes {}",
                              service_.name(), service_.quorum(), sum));
            service_.set_quorum(static_cast<std::uint32_t>(sum));
        }
        if (service_.hysteresis() < service_.quorum()) return;
        const std::uint32_t lowered = service_.quorum() > 0 ? service_.quorum() - 1 : 0;
        error("hysteresis", "hysteresis_lowered",
              fmt::format("{}: hysteresis {} must be less than quorum {}; it becomes {}",
                          service_.name(), service_.hysteresis(), service_.quorum(), lowered));
        service_.set_hysteresis(lowered);
    }

    Resolution& all_;
    v1::VirtualServer& service_;
    ObjectPlaces& places_;
    const Groups& groups_;
    Listening listening_;
};

void merge(Resolution& all, v1::VirtualServer& first, ObjectPlaces& first_places,
           v1::VirtualServer& second, ObjectPlaces& places) {
    report_duplicate(all, second, places);
    std::unordered_set<std::string> there;
    for (const auto& server : first.servers()) there.insert(server.name());
    for (int i = 0; i < second.servers_size(); ++i) {
        auto& server = *second.mutable_servers(i);
        if (!there.insert(server.name()).second) continue;
        first.add_servers()->Swap(&server);
        first_places.servers.resize(static_cast<std::size_t>(first.servers_size()) - 1,
                                    {first_places.block, {}});
        const auto at = static_cast<std::size_t>(i);
        first_places.servers.push_back(at < places.servers.size() ? std::move(places.servers[at])
                                                                  : ServerPlaces{places.block, {}});
    }
}

}  // namespace

bool resolve_service(Resolution& all, v1::VirtualServer& service, ObjectPlaces& places,
                     const Groups& groups) {
    if (!ServiceResolver(all, service, places, groups).run()) return false;
    // Here and not where everything else is looked at: a second block of the same service joins
    // the first, and what is wrong with it stands in its own lines.
    find_in_service(all, service, places);
    return true;
}

/// keepalived runs a service that is written twice as one whose servers are those of both.
void report_duplicate(const Resolution& all, const v1::VirtualServer& second,
                      const ObjectPlaces& places) {
    all.report.warning(
        "duplicate", places.block,
        fmt::format("{} is there already; its servers are added to the first", second.name()));
}

void resolve_services(Resolution& all) {
    Groups groups;
    for (const auto& group : all.config.service_groups()) {
        groups.emplace(group.name(), KnownGroup{&group, facts_of(group)});
    }
    auto& services = *all.config.mutable_virtual_servers();
    std::unordered_map<std::string, int> by_name;
    std::vector<bool> drop(static_cast<std::size_t>(services.size()));
    for (int i = 0; i < services.size(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        v1::VirtualServer& service = *services.Mutable(i);
        ObjectPlaces& places = all.places.services[at];
        if (!resolve_service(all, service, places, groups)) {
            drop[at] = true;
            continue;
        }
        if (all.tested.names.contains(service.name())) {
            report_duplicate(all, service, places);
            drop[at] = true;
            continue;
        }
        const auto [first, is_new] = by_name.emplace(service.name(), i);
        if (is_new) continue;
        const auto of_first = static_cast<std::size_t>(first->second);
        merge(all, *services.Mutable(first->second), all.places.services[of_first], service,
              places);
        drop[at] = true;
    }
    drop_marked(services, all.places.services, drop);
}

}  // namespace holdfast::config
