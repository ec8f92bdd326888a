// Where a service listens: its protocol, family and name.
#include "lib/config/resolve_listening.hpp"

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/near_names.hpp"
#include "lib/core/address.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kIpv6Octets = 16;

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

class ListeningResolver {
  public:
    ListeningResolver(Resolution& all, v1::VirtualServer& service, const ObjectPlaces& places,
                      const Groups& groups, Listening& listening)
        : all_(all),
          service_(service),
          key_(*service.mutable_key()),
          places_(places),
          groups_(groups),
          listening_(listening) {}

    bool run() {
        if (!find_group()) return false;
        listening_.marks_only = listening_.group != nullptr
                                    ? listening_.facts.marks && !listening_.facts.addresses
                                    : key_.has_fwmark();
        if (!has_place()) return false;
        decide_protocol();
        service_.set_name(name());
        decide_family();
        return true;
    }

  private:
    /// keepalived logs a group that is not there, and its -t says nothing.
    bool find_group() {
        if (!service_.has_group()) return true;
        const auto found = groups_.find(service_.group());
        if (found != groups_.end()) {
            listening_.group = found->second.group;
            listening_.facts = found->second.facts;
            return true;
        }
        auto& warning = all_.report.warning(
            "undefined_group", places_.block,
            fmt::format("there is no virtual_server_group {}; the service is dropped",
                        service_.group()));
        if (!all_.report.keeps()) return false;
        warning.hint = did_you_mean(service_.group(), first_names(all_.config.service_groups()));
        return false;
    }

    /// keepalived's language cannot say less; YAML can.
    bool has_place() {
        if (listening_.group != nullptr || key_.has_fwmark() ||
            core::Address::from_bytes(std::string_view(key_.address()))) {
            return true;
        }
        all_.report.error(Complaint::general, "no_address", places_.block,
                          "the service says neither address nor fwmark");
        return false;
    }

    [[nodiscard]] std::string name() const {
        if (listening_.group != nullptr) return fmt::format("[{}]:0", listening_.group->name());
        if (key_.has_fwmark()) return fmt::format("FWM {}", key_.fwmark());
        return endpoint_text(key_.address(), key_.protocol(), key_.port());
    }

    void decide_protocol() {
        if (key_.has_fwmark() && key_.fwmark() == 0) {
            all_.report.error(Complaint::general, "zero_mark", places_.block,
                              "a firewall mark of 0 marks no packet");
        }
        if (listening_.marks_only) {
            if (key_.has_protocol()) {
                all_.report.error(
                    Complaint::warning, "protocol_of_mark", places_.of("protocol"),
                    fmt::format("{}: a service known by its firewall mark has no protocol; it is "
                                "ignored",
                                name()));
            }
            key_.clear_protocol();
        } else if (!key_.has_protocol()) {
            all_.report
                .error(Complaint::general, "no_protocol", places_.block,
                       fmt::format("{} has no protocol; UDP is taken", name()))
                .hint = "write protocol TCP or protocol UDP";
            key_.set_protocol(v1::UDP);
        }
    }

    /// That of the address, of ip_family, of the group's addresses, or of the first server.
    void decide_family() {
        const auto& facts = listening_.facts;
        if (key_.has_address()) {
            key_.set_ipv6(key_.address().size() == kIpv6Octets);
        } else if (key_.has_family()) {
            key_.set_ipv6(key_.family() == v1::FAMILY_INET6);
        } else if (listening_.group != nullptr && facts.ipv4 != facts.ipv6) {
            key_.set_ipv6(facts.ipv6);
        } else {
            key_.set_ipv6(!service_.servers().empty() &&
                          service_.servers(0).address().size() == kIpv6Octets);
        }
    }

    Resolution& all_;
    v1::VirtualServer& service_;
    v1::ServiceKey& key_;
    const ObjectPlaces& places_;
    const Groups& groups_;
    Listening& listening_;
};

}  // namespace

bool resolve_listening(Resolution& all, v1::VirtualServer& service, const ObjectPlaces& places,
                       const Groups& groups, Listening& listening) {
    return ListeningResolver(all, service, places, groups, listening).run();
}

std::string endpoint_text(const std::string& address, v1::Protocol protocol, std::uint32_t port) {
    std::string text = "[";
    text.append(address_text(address, "?")).append("]:").append(protocol_text(protocol));
    const fmt::format_int digits(port);
    return text.append(1, ':').append(digits.data(), digits.size());
}

}  // namespace holdfast::config
