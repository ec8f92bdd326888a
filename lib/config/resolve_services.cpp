// Virtual servers, their real servers and checks: keepalived's completion of virtual_server.
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "lib/config/resolve.hpp"
#include "lib/core/address.hpp"
#include "lib/core/ids.hpp"

namespace holdfast::config {

namespace {

constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::uint64_t kDelayLoop = 60 * kSecond;
constexpr std::uint64_t kConnectTimeout = 5 * kSecond;
constexpr std::uint32_t kPersistenceOfAllPorts = 360;

std::string text_of(const std::string& octets) {
    const auto address = core::Address::from_bytes(std::string_view(octets));
    return address ? address->text() : std::string("?");
}

std::string_view protocol_text(v1::Protocol protocol) {
    switch (protocol) {
        case v1::TCP:
            return "tcp";
        case v1::UDP:
            return "udp";
        case v1::SCTP:
            return "sctp";
        default:
            return "none";
    }
}

/// As keepalived's logs and fifos write it.
std::string endpoint_text(const std::string& address, v1::Protocol protocol, std::uint32_t port) {
    std::string text = "[";
    text += text_of(address);
    text += "]:";
    text += protocol_text(protocol);
    text += ':';
    const fmt::format_int digits(port);
    return text.append(digits.data(), digits.size());
}

/// The first of three that is set, else the default.
template <class Value>
Value first_of(bool has_own, Value own, bool has_server, Value server, bool has_service,
               Value service, Value otherwise) {
    if (has_own) return own;
    if (has_server) return server;
    return has_service ? service : otherwise;
}

class ServiceResolver {
  public:
    ServiceResolver(Resolution& all, v1::VirtualServer& service, const ObjectPlaces& places)
        : all_(all), service_(service), places_(places) {}

    /// False when the service must be dropped.
    bool run() {
        if (!name_it()) return false;
        all_.report.set_object("virtual_server " + service_.name());
        if (service_.servers_size() == 0) {
            error("virtual_server", "no_servers",
                  fmt::format("{} has no real_server and is dropped", service_.name()));
            return false;
        }
        fill_defaults();
        complete_servers();
        if (service_.has_sorry_server()) complete_sorry_server();
        check_quorum();
        for (auto& server : *service_.mutable_servers()) complete_checks(server);
        return true;
    }

  private:
    void error(std::string_view keyword, std::string_view class_name, std::string text,
               std::string hint = {}) {
        all_.report.error(Complaint::general, class_name, places_.of(keyword), std::move(text))
            .hint = std::move(hint);
    }

    bool name_it() {
        auto& key = *service_.mutable_key();
        if (service_.has_group()) {
            all_.report.warning("not_carried_out", places_.block,
                                "virtual_server group is accepted, not carried out yet");
            return false;
        }
        if (!key.has_ipv6()) key.set_ipv6(false);
        if (key.has_fwmark()) {
            service_.set_name(fmt::format("FWM {}", key.fwmark()));
        } else {
            if (!key.has_protocol()) {
                error("protocol", "no_protocol",
                      fmt::format("virtual_server {} {} has no protocol; UDP is taken",
                                  text_of(key.address()), key.port()),
                      "write protocol TCP or protocol UDP");
                key.set_protocol(v1::UDP);
            }
            service_.set_name(endpoint_text(key.address(), key.protocol(), key.port()));
        }
        service_.set_id(core::object_id("virtual_server", service_.name()).value);
        return true;
    }

    void fill_defaults() {
        if (!service_.has_scheduler()) {
            error("lvs_sched", "no_scheduler",
                  fmt::format("{} has no lvs_sched; wlc is taken", service_.name()));
            service_.set_scheduler("wlc");
        }
        if (!service_.has_forwarding()) {
            error("lvs_method", "no_forwarding",
                  fmt::format("{} has no lvs_method; NAT is taken", service_.name()));
            service_.set_forwarding(v1::NAT);
        }
        const auto& key = service_.key();
        if (!key.has_fwmark() && key.port() == 0 && !service_.has_persistence_timeout_s()) {
            error("virtual_server", "zero_port",
                  fmt::format("{}: all ports need persistence; {} s is taken", service_.name(),
                              kPersistenceOfAllPorts));
            service_.set_persistence_timeout_s(kPersistenceOfAllPorts);
        }
        if (service_.has_persistence_timeout_s() && !service_.has_persistence_netmask()) {
            service_.set_persistence_netmask(key.ipv6() ? 128 : 0xffffffffU);
        }
        if (service_.one_packet() && key.protocol() != v1::UDP && !key.has_fwmark()) {
            error("ops", "one_packet_cleared",
                  fmt::format("{}: ops needs protocol UDP; it is cleared", service_.name()));
            service_.clear_one_packet();
        }
        if (!service_.has_delay_loop_us()) service_.set_delay_loop_us(kDelayLoop);
        if (!service_.has_quorum()) service_.set_quorum(1);
        if (!service_.has_hysteresis()) service_.set_hysteresis(0);
    }

    /// The port of a server: the service's unless it says another one, which only NAT can do.
    void decide_port(v1::RealServer& server, const std::string& what) {
        const auto& key = service_.key();
        if (!server.has_port()) server.set_port(key.port());
        if (key.has_fwmark() || server.port() == key.port() || server.forwarding() == v1::NAT) {
            return;
        }
        error(what, "port_mismatch",
              fmt::format("{}: {} {} port {} becomes {}; DR and TUN keep the port", service_.name(),
                          what, text_of(server.address()), server.port(), key.port()));
        server.set_port(key.port());
    }

    void complete_servers() {
        std::unordered_set<std::string> seen;
        auto& servers = *service_.mutable_servers();
        int kept = 0;
        for (int i = 0; i < servers.size(); ++i) {
            auto& server = *servers.Mutable(i);
            if (!server.has_forwarding()) server.set_forwarding(service_.forwarding());
            decide_port(server, "real_server");
            if (!server.has_weight()) {
                server.set_weight(service_.has_weight() ? service_.weight() : 1);
            }
            if (!server.has_inhibit_on_failure()) {
                server.set_inhibit_on_failure(service_.inhibit_on_failure());
            }
            if (!server.has_alpha()) server.set_alpha(service_.alpha());
            server.set_name(
                endpoint_text(server.address(), service_.key().protocol(), server.port()));
            if (!seen.insert(server.name()).second) {
                error("real_server", "duplicate",
                      fmt::format("{}: real_server {} is there twice; the second is dropped",
                                  service_.name(), server.name()));
                continue;
            }
            server.set_id(
                core::object_id("real_server", service_.name() + " " + server.name()).value);
            if (kept != i) servers.SwapElements(kept, i);
            ++kept;
        }
        servers.DeleteSubrange(kept, servers.size() - kept);
    }

    void complete_sorry_server() {
        auto& sorry = *service_.mutable_sorry_server();
        if (!sorry.has_forwarding()) sorry.set_forwarding(service_.forwarding());
        decide_port(sorry, "sorry_server");
        sorry.set_weight(1);
        sorry.set_name(endpoint_text(sorry.address(), service_.key().protocol(), sorry.port()));
        sorry.set_id(core::object_id("sorry_server", service_.name() + " " + sorry.name()).value);
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

    void complete_checks(v1::RealServer& server) {
        int index = 0;
        server.set_check_count(static_cast<std::uint32_t>(server.checks_size()));
        for (auto& check : *server.mutable_checks()) {
            check.set_id(core::object_id("check", fmt::format("{} {} {}", service_.name(),
                                                              server.name(), index++))
                             .value);
            complete_target(check, server);
            complete_times(check, server);
            if (!check.has_alpha()) check.set_alpha(server.alpha());
            if (!check.has_log_all_failures()) {
                check.set_log_all_failures(all_.config.global().log_all_check_failures());
            }
            if (check.has_http()) complete_http(*check.mutable_http(), server);
        }
    }

    void complete_target(v1::Check& check, const v1::RealServer& server) {
        auto& target = *check.mutable_target();
        if (!target.has_connect_address()) target.set_connect_address(server.address());
        if (!target.has_connect_port()) target.set_connect_port(server.port());
        target.set_connect_timeout_us(first_of(
            target.has_connect_timeout_us(), target.connect_timeout_us(),
            server.has_connect_timeout_us(), server.connect_timeout_us(),
            service_.has_connect_timeout_us(), service_.connect_timeout_us(), kConnectTimeout));
        if (target.connect_port() == 0 && !check.has_other()) {
            all_.report
                .warning("check_without_port", places_.block,
                         fmt::format("{}: the check of {} has no port to connect to",
                                     service_.name(), server.name()))
                .hint = "write connect_port into the check";
        }
    }

    void complete_times(v1::Check& check, const v1::RealServer& server) {
        const auto& keyword = check.other().keyword();
        const std::uint32_t retry = keyword == "MISC_CHECK" ? 0 : keyword == "DNS_CHECK" ? 3 : 1;
        const std::uint64_t pause =
            check.has_http() || keyword == "SSL_GET" ? 3 * kSecond : kSecond;
        check.set_delay_loop_us(first_of(check.has_delay_loop_us(), check.delay_loop_us(),
                                         server.has_delay_loop_us(), server.delay_loop_us(), true,
                                         service_.delay_loop_us(), kDelayLoop));
        check.set_retry(first_of(check.has_retry(), check.retry(), server.has_retry(),
                                 server.retry(), service_.has_retry(), service_.retry(), retry));
        check.set_delay_before_retry_us(first_of(
            check.has_delay_before_retry_us(), check.delay_before_retry_us(),
            server.has_delay_before_retry_us(), server.delay_before_retry_us(),
            service_.has_delay_before_retry_us(), service_.delay_before_retry_us(), pause));
        check.set_warmup_us(first_of(
            check.has_warmup_us(), check.warmup_us(), server.has_warmup_us(), server.warmup_us(),
            service_.has_warmup_us(), service_.warmup_us(), check.delay_loop_us()));
    }

    void complete_http(v1::HttpCheck& http, const v1::RealServer& server) {
        if (!http.has_virtualhost()) {
            if (server.has_virtualhost())
                http.set_virtualhost(server.virtualhost());
            else if (service_.has_virtualhost())
                http.set_virtualhost(service_.virtualhost());
        }
        for (auto& url : *http.mutable_urls()) {
            if (url.status_codes_size() > 0) continue;
            auto& range = *url.add_status_codes();
            range.set_first(200);
            range.set_last(299);
        }
    }

    Resolution& all_;
    v1::VirtualServer& service_;
    const ObjectPlaces& places_;
};

/// keepalived runs a service that is written twice as one whose servers are those of both.
void merge(Resolution& all, v1::VirtualServer& first, v1::VirtualServer& second,
           const ObjectPlaces& places) {
    all.report.warning(
        "duplicate", places.block,
        fmt::format("{} is there already; its servers are added to the first", second.name()));
    std::unordered_set<std::uint64_t> there;
    for (const auto& server : first.servers()) there.insert(server.id());
    for (auto& server : *second.mutable_servers()) {
        if (there.insert(server.id()).second) first.add_servers()->Swap(&server);
    }
}

}  // namespace

void resolve_services(Resolution& all) {
    auto& services = *all.config.mutable_virtual_servers();
    std::vector<bool> drop(static_cast<std::size_t>(services.size()));
    std::unordered_map<std::uint64_t, int> by_id;
    for (int i = 0; i < services.size(); ++i) {
        auto& service = *services.Mutable(i);
        const ObjectPlaces& places = all.places.services[static_cast<std::size_t>(i)];
        if (!ServiceResolver(all, service, places).run()) {
            drop[static_cast<std::size_t>(i)] = true;
            continue;
        }
        const auto [first, is_new] = by_id.emplace(service.id(), i);
        if (is_new) continue;
        merge(all, *services.Mutable(first->second), service, places);
        drop[static_cast<std::size_t>(i)] = true;
    }
    all.report.set_object({});
    drop_marked(services, all.places.services, drop);
}

}  // namespace holdfast::config
