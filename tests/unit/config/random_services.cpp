// What make_sayable() does to services, servers and checks.
#include <iterator>

#include <fmt/format.h>

#include "lib/config/service_groups.hpp"
#include "tests/unit/config/random_fixes.hpp"

namespace holdfast::config::testing {

using google::protobuf::Message;

namespace {

const std::string kAddress("\xc0\x00\x02\x01", 4);

void fix_tunnel(Message& message, Language) {
    auto& tunnel = as<v1::Tunnel>(message);
    if (tunnel.checksum() == v1::CHECKSUM_REMOTE && !tunnel.has_type()) {
        tunnel.set_type(v1::TUNNEL_GUE);
    }
    if (tunnel.type() != v1::TUNNEL_GUE) tunnel.clear_port();
    if (tunnel.type() == v1::TUNNEL_GUE && !tunnel.has_port()) tunnel.set_port(6080);
    const bool is_ipip = !tunnel.has_type() || tunnel.type() == v1::TUNNEL_IPIP;
    const bool is_gre = tunnel.type() == v1::TUNNEL_GRE;
    if (is_ipip && tunnel.checksum() != v1::CHECKSUM_NONE) tunnel.clear_checksum();
    if (is_gre && tunnel.checksum() == v1::CHECKSUM_REMOTE) tunnel.clear_checksum();
}

/// Exactly one of address, mark and group; all addresses are of one family.
void fix_key(v1::VirtualServer& service) {
    auto& key = *service.mutable_key();
    keep_one_of(key, {"fwmark", "address"});
    if (service.has_group()) {
        key.clear_fwmark();
        key.clear_address();
    } else if (!key.has_fwmark() && !key.has_address()) {
        key.set_address(kAddress);
    }
    needs(key, "port", "address");
    bool ipv6 = key.family() == v1::FAMILY_INET6;
    if (key.has_address()) ipv6 = is_ipv6(key.address());
    const auto family = ipv6 ? v1::FAMILY_INET6 : v1::FAMILY_INET;
    if (key.has_family()) key.set_family(family);
    if (!key.has_address() && service.has_persistence_granularity()) key.set_family(family);
    const bool dotted = service.persistence_granularity().find('.') != std::string::npos;
    if (service.has_persistence_granularity() && dotted == ipv6) {
        service.set_persistence_granularity(ipv6 ? "64" : "255.255.255.0");
    }
    if (service.has_persistence_granularity() && !service.has_persistence_timeout_us()) {
        service.set_persistence_timeout_us(50'000'000);
    }
    if (service.has_sorry_server()) {
        auto& sorry = *service.mutable_sorry_server();
        sorry.set_address(of_family(sorry.address(), ipv6));
    }
    for (auto& server : *service.mutable_servers()) {
        server.set_address(of_family(server.address(), ipv6));
    }
}

/// Two of the flags are those of sh and mh.
void fix_scheduler(v1::VirtualServer& service) {
    const auto is_hash = [](int flag) {
        return flag == v1::SCHEDULER_PORT || flag == v1::SCHEDULER_FALLBACK;
    };
    const auto hashes = [&] {
        return service.scheduler() == v1::SCHEDULER_SH || service.scheduler() == v1::SCHEDULER_MH;
    };
    auto& flags = *service.mutable_scheduler_flags();
    if (flags.empty()) return;
    if (is_hash(flags.Get(0)) && !hashes()) service.set_scheduler(v1::SCHEDULER_SH);
    if (hashes()) return;
    std::vector<int> kept;
    std::ranges::remove_copy_if(flags, std::back_inserter(kept), is_hash);
    flags.Assign(kept.begin(), kept.end());
}

void fix_service(Message& message, Language) {
    auto& service = as<v1::VirtualServer>(message);
    fix_key(service);
    fix_scheduler(service);
    needs(service, "tunnel", "forwarding");
}

void fix_sorry(Message& message, Language) {
    auto& sorry = as<v1::SorryServer>(message);
    if (!sorry.has_address()) sorry.set_address(kAddress);
    needs(sorry, "tunnel", "forwarding");
}

void fix_server(Message& message, Language) {
    auto& server = as<v1::RealServer>(message);
    if (!server.has_address()) server.set_address(kAddress);
    needs(server, "tunnel", "forwarding");
}

/// What all kinds of checks have in common is not said in all of them.
void fix_check(Message& message, Language) {
    auto& check = as<v1::Check>(message);
    if (check.kind_case() == v1::Check::KIND_NOT_SET) check.mutable_tcp();
    if (check.has_command() || check.has_file() || check.has_bfd()) check.clear_target();
    if (!check.has_file() && !check.has_bfd()) return;
    v1::Check bare;
    if (check.has_alpha() && check.has_bfd()) bare.set_alpha(check.alpha());
    if (check.has_file()) *bare.mutable_file() = check.file();
    if (check.has_bfd()) *bare.mutable_bfd() = check.bfd();
    check = bare;
}

void fix_http(Message& message, Language language) {
    auto& http = as<v1::HttpCheck>(message);
    if (language == Language::legacy && !http.tls()) {  // a setting of SSL_GET
        http.clear_tls_compliant();
        for (auto& url : *http.mutable_urls()) url.clear_tls_compliant();
    }
    if (http.urls_size() == 0) http.add_urls()->set_path("/");
    if (http.has_tls()) http.set_tls(true);
}

void fix_url(Message& message, Language) {
    auto& url = as<v1::HttpUrl>(message);
    if (!url.has_path()) url.set_path("/");
    if (!url.has_regex_stack()) return;
    auto& stack = *url.mutable_regex_stack();
    if (!stack.has_start()) stack.set_start(1);
    if (stack.max() < stack.start()) stack.set_max(stack.start());
}

void fix_status(Message& message, Language) {
    auto& range = as<v1::StatusRange>(message);
    if (!range.has_first()) range.set_first(200);
    if (range.last() < range.first()) range.set_last(range.first());
}

void fix_udp(Message& message, Language) {
    auto& udp = as<v1::UdpCheck>(message);
    if (udp.has_reply()) udp.set_require_reply(true);
}

void fix_misc(Message& message, Language) {
    auto& misc = as<v1::MiscCheck>(message);
    misc.mutable_script()->clear_user();  // stands beside the command
    misc.mutable_script()->clear_group();
    if (misc.script().argv_size() == 0) misc.mutable_script()->add_argv("/usr/bin/true");
    needs(misc, "group", "user");
}

void fix_file(Message& message, Language) {
    needs(message, "reverse", "weight");
}

/// A mark, or addresses: one, up to another that differs in its last part, or a network.
void fix_entry(Message& message, Language) {
    auto& entry = as<v1::ServiceGroupEntry>(message);
    if (entry.has_fwmark()) {
        entry.clear_address();
        entry.clear_port();
    } else {
        entry.clear_family();
        if (!entry.has_address()) entry.set_address(kAddress);
    }
    needs(entry, "last_address", "address");
    needs(entry, "prefix_length", "address");
    keep_one_of(entry, {"last_address", "prefix_length"});
    if (entry.has_last_address()) {
        std::string last = entry.address();
        last.back() = static_cast<char>(last.back() | 0x0f);
        entry.set_last_address(last);
        entry.mutable_address()->back() = static_cast<char>(last.back() & 0xf0);
    }
    if (!entry.has_prefix_length()) return;
    const std::uint32_t longest = is_ipv6(entry.address()) ? 128 : 32;
    entry.set_prefix_length(std::clamp<std::uint32_t>(entry.prefix_length(), longest - 8, longest));
}

void fix_group(Message& message, Language) {
    auto& group = as<v1::ServiceGroup>(message);
    erase_if(*group.mutable_entries(),
             [](const v1::ServiceGroupEntry& entry) { return !problem_of(entry).empty(); });
    while (group.entries_size() > 1 && !problem_of(group).empty()) {
        group.mutable_entries()->RemoveLast();
    }
}

/// Checks of files and of BFD sessions name what there is.
void link_checks(const v1::Config& config, v1::RealServer& server) {
    const auto files = names_of(config.track_files());
    const auto sessions = names_of(config.bfd_instances());
    std::vector<std::string> used;
    for (auto& check : *server.mutable_checks()) {
        if (check.has_file()) {
            check.mutable_file()->set_track_file(existing(check.file().track_file(), files));
        }
        if (check.has_bfd()) {
            check.mutable_bfd()->set_name(existing(check.bfd().name(), sessions));
        }
    }
    erase_if(*server.mutable_checks(), [&](const v1::Check& check) {
        if (check.has_file()) return files.empty();
        if (!check.has_bfd()) return false;
        const bool again = std::ranges::find(used, check.bfd().name()) != used.end();
        used.push_back(check.bfd().name());
        return sessions.empty() || again;
    });
}

/// A service is there once. YAML makes its name of this.
std::string text_of_key(const v1::VirtualServer& service) {
    const v1::ServiceKey& key = service.key();
    if (service.has_group()) return "group " + service.group();
    if (key.has_fwmark()) return fmt::format("fwmark {}", key.fwmark());
    return fmt::format("{}|{}|{}", key.address(), key.port(),
                       key.has_protocol() ? key.protocol() : v1::UDP);
}

constexpr Fix kFixes[] = {
    {"Tunnel", fix_tunnel},      {"VirtualServer", fix_service}, {"SorryServer", fix_sorry},
    {"RealServer", fix_server},  {"Check", fix_check},           {"HttpCheck", fix_http},
    {"HttpUrl", fix_url},        {"StatusRange", fix_status},    {"UdpCheck", fix_udp},
    {"MiscCheck", fix_misc},     {"FileCheck", fix_file},        {"ServiceGroupEntry", fix_entry},
    {"ServiceGroup", fix_group},
};

}  // namespace

std::span<const Fix> service_fixes() {
    return kFixes;
}

void link_services(v1::Config& config, Language) {
    for (auto& group : *config.mutable_service_groups()) {
        if (!group.has_name()) group.set_name("unnamed");
    }
    keep_distinct(*config.mutable_service_groups(), [](const auto& group) { return group.name(); });
    erase_if(*config.mutable_service_groups(),
             [](const v1::ServiceGroup& group) { return !problem_of(group).empty(); });
    keep_distinct(*config.mutable_virtual_servers(), text_of_key);
    std::vector<std::string> labels;
    for (auto& service : *config.mutable_virtual_servers()) {
        const bool again = std::ranges::find(labels, service.label()) != labels.end();
        if (service.has_label() && again) service.clear_label();
        labels.push_back(service.label());
        for (auto& server : *service.mutable_servers()) link_checks(config, server);
    }
}

}  // namespace holdfast::config::testing
