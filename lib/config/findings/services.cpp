// Findings about virtual services, their servers and their quorum.
#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/findings/checks.hpp"
#include "lib/config/findings/findings.hpp"
#include "lib/config/findings/listening.hpp"
#include "lib/config/resolve.hpp"
#include "lib/core/address.hpp"

namespace holdfast::config {

namespace {

/// Longest masks that somebody may mean by a number: persistence_granularity 24.
constexpr std::uint32_t kLongestPrefix = 32;

class ServiceFindings {
  public:
    ServiceFindings(const Resolution& all, const v1::VirtualServer& service,
                    const ObjectPlaces& places)
        : all_(all), service_(service), places_(places) {}

    void run() {
        const ObjectScope object(all_.report, "virtual_server", service_.name());
        look_at_weights();
        look_at_mask();
        look_at_scheduling();
        look_at_addresses();
        look_at_checks();
    }

  private:
    void warn(const Place& place, std::string_view class_name, std::string text,
              std::string_view hint = {}) {
        all_.report
            .warning(class_name, place, fmt::format("{}: {}", service_.name(), std::move(text)))
            .hint = std::string(hint);
    }
    void note(const Place& place, std::string_view class_name, std::string text,
              std::string_view hint = {}) {
        all_.report
            .add(Severity::note, Complaint::none, class_name, place,
                 fmt::format("{}: {}", service_.name(), std::move(text)))
            .hint = std::string(hint);
    }

    void look_at_weights() {
        std::uint64_t sum = 0;
        std::uint64_t least = ~0ULL;
        for (const auto& server : service_.servers()) {
            sum += server.weight();
            if (server.weight() > 0) least = std::min<std::uint64_t>(least, server.weight());
        }
        if (sum == 0) {
            warn(places_.block, "no_weight", "all servers have weight 0; none gets a connection",
                 "weight 0 is for a server that shall only finish what it has");
            return;
        }
        const std::uint64_t needed =
            std::uint64_t{service_.quorum()} + std::uint64_t{service_.hysteresis()};
        if (needed > sum) {
            warn(places_.of("hysteresis"), "quorum_never_regained",
                 fmt::format("quorum {} and hysteresis {} need a weight of {}, and all servers "
                             "together have {}; once lost, the quorum never comes back",
                             service_.quorum(), service_.hysteresis(), needed, sum));
        }
        if (service_.hysteresis() > 0 && service_.servers_size() > 1 && service_.quorum() > least &&
            service_.quorum() - service_.hysteresis() <= least) {
            note(places_.of("hysteresis"), "quorum_lost_late",
                 fmt::format("with hysteresis {} the quorum {} is lost only when the last server "
                             "fails",
                             service_.hysteresis(), service_.quorum()));
        }
    }

    /// 24 is 0.0.0.24 for inet_aton, and so for keepalived.
    void look_at_mask() {
        const std::string& text = service_.persistence_granularity();
        const std::uint32_t mask = service_.persistence_netmask();
        if (text.empty() || service_.key().ipv6() || text.find('.') != std::string::npos) return;
        const std::uint32_t meant =
            mask == 0 || mask > kLongestPrefix ? 0xffffffffU : ~0U << (kLongestPrefix - mask);
        warn(places_.of("persistence_granularity"), "mask_of_number",
             fmt::format("the mask {} is {}", text, core::Address::v4(mask).text()),
             fmt::format("write {}", core::Address::v4(meant).text()));
    }

    /// Only YAML can say port and fallback for a scheduler that does not know them.
    void look_at_scheduling() {
        const bool hashes =
            service_.scheduler() == v1::SCHEDULER_SH || service_.scheduler() == v1::SCHEDULER_MH;
        const bool named = std::ranges::any_of(service_.scheduler_flags(), [](int flag) {
            return flag == v1::SCHEDULER_PORT || flag == v1::SCHEDULER_FALLBACK;
        });
        if (named && !hashes) {
            warn(places_.of("lvs_sched"), "unused_flag",
                 "the flags port and fallback are known to the schedulers sh and mh only");
        }
        const std::string& engine = service_.persistence_engine();
        if (!engine.empty() && engine != "sip") {
            warn(places_.of("persistence_engine"), "unknown_engine",
                 fmt::format("Linux has no persistence engine '{}'", engine), "sip is one");
        }
    }

    void look_at_addresses() {
        const auto& sorry = service_.sorry_server();
        for (int i = 0; i < service_.servers_size(); ++i) {
            const auto& server = service_.servers(i);
            if (service_.has_sorry_server() && sorry.address() == server.address() &&
                sorry.port() == server.port()) {
                warn(places_.of("sorry_server"), "sorry_server_is_server",
                     fmt::format("sorry_server {} is one of the real servers; it fails with them",
                                 server.name()));
            }
            if (service_.key().has_address() && server.address() == service_.key().address()) {
                warn(places_.of_server(i), "server_is_service",
                     fmt::format("real_server {} is the address of the service itself",
                                 address_text(server.address(), "?")),
                     "a server on this node is reached by an address of its own or 127.0.0.1");
            }
            if (server.upper_threshold() > 0 &&
                server.lower_threshold() > server.upper_threshold()) {
                warn(
                    places_.of_server(i), "thresholds_reversed",
                    fmt::format("lthreshold {} of {} is above its uthreshold {}",
                                server.lower_threshold(), server.name(), server.upper_threshold()));
            }
        }
    }

    void look_at_checks() {
        int without = 0;
        for (int i = 0; i < service_.servers_size(); ++i) {
            const auto& server = service_.servers(i);
            if (server.checks().empty()) ++without;
            for (int j = 0; j < server.checks_size(); ++j) {
                find_in_check(all_, server, server.checks(j), places_.of_check(i, j));
            }
        }
        if (without == 0) return;
        const bool none = without == service_.servers_size();
        for (int i = 0; i < service_.servers_size(); ++i) {
            if (!service_.servers(i).checks().empty()) continue;
            note(none ? places_.block : places_.of_server(i), "no_check",
                 none ? "no server has a check; they always count as up"
                      : fmt::format("{} has no check; it always counts as up",
                                    service_.servers(i).name()),
                 "TCP_CHECK is the least that a server can be asked");
            if (none) return;
        }
    }

    const Resolution& all_;
    const v1::VirtualServer& service_;
    const ObjectPlaces& places_;
};

void find_unused_groups(const Resolution& all) {
    std::unordered_set<std::string_view> used;
    for (const GroupUse& use : all.places.group_uses) used.insert(use.group);
    for (int i = 0; i < all.config.service_groups_size(); ++i) {
        const auto& group = all.config.service_groups(i);
        if (used.contains(group.name())) continue;
        const ObjectScope object(all.report, "virtual_server_group", group.name());
        const auto at = static_cast<std::size_t>(i);
        if (at >= all.places.service_groups.size()) continue;
        all.report.warning("unused", all.places.service_groups[at].block,
                           fmt::format("virtual_server_group {} is not used", group.name()));
    }
}

}  // namespace

void find_in_service(const Resolution& all, const v1::VirtualServer& service,
                     const ObjectPlaces& places) {
    ServiceFindings(all, service, places).run();
}

void find_in_services(const Resolution& all) {
    find_unused_groups(all);
    find_shared_listeners(all);
}

}  // namespace holdfast::config
