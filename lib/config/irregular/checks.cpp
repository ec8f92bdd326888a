// The blocks of checks in a real_server.
#include <algorithm>

#include <fmt/format.h>

#include "lib/config/check_kind.hpp"
#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/near_names.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

using google::protobuf::Message;

/// The message of a kind that was just begun.
Message* begin_kind(v1::Check& check, std::string_view keyword) {
    if (keyword == "TCP_CHECK") return check.mutable_tcp();
    if (keyword == "HTTP_GET") return check.mutable_http();
    if (keyword == "SMTP_CHECK") return check.mutable_smtp();
    if (keyword == "DNS_CHECK") return check.mutable_dns();
    if (keyword == "UDP_CHECK") return check.mutable_udp();
    if (keyword == "PING_CHECK") return check.mutable_ping();
    if (keyword == "MISC_CHECK") return check.mutable_command();
    if (keyword == "FILE_CHECK") return check.mutable_file();
    if (keyword == "BFD_CHECK") return check.mutable_bfd();
    check.mutable_http()->set_tls(true);
    return check.mutable_http();
}

/// A url without path is dropped, as keepalived does it.
void drop_urls_without_path(Binder& binder, v1::HttpCheck& http, const Node& node) {
    auto& urls = *http.mutable_urls();
    int kept = 0;
    for (int i = 0; i < urls.size(); ++i) {
        if (urls.Get(i).has_path()) {
            if (kept != i) urls.SwapElements(kept, i);
            ++kept;
            continue;
        }
        binder.report().error(Complaint::general, "url_without_path", node.place,
                              "a url without path is dropped");
    }
    urls.DeleteSubrange(kept, urls.size() - kept);
}

bool known_user(const HostFacts* host, const v1::MiscCheck& command) {
    return !command.has_user() || knows_account(host, command.user(), command.group());
}

/// Why a check cannot be; empty when it can.
std::string obstacle(Binder& binder, const v1::Check& check) {
    switch (check.kind_case()) {
        case v1::Check::kHttp:
            return check.http().urls().empty() ? "has no url" : "";
        case v1::Check::kCommand:
            if (check.command().script().argv().empty()) return "has no misc_path";
            if (known_user(binder.request().host, check.command())) return {};
            return fmt::format("is run by {} {}, whom this host does not know",
                               check.command().user(), check.command().group());
        case v1::Check::kFile:
            return check.file().has_track_file() ? "" : "has no track_file";
        case v1::Check::kBfd:
            return check.bfd().has_name() ? "" : "has no name of a bfd_instance";
        default:
            return {};
    }
}

bool is_carried_out(const v1::Check& check) {
    return check.has_tcp() || (check.has_http() && !check.http().tls());
}

/// The kind under which the sessions are claimed that the server being read follows already.
std::string followed_by_server(Binder& binder) {
    const auto& services = binder.places().services;
    return fmt::format("bfd_instance of server {}.{}", services.size(),
                       services.back().servers.size());
}

void parse_check(Binder& binder, Targets targets, Node& node) {
    auto& server = target_as<v1::RealServer>(targets);
    v1::Check& check = *server.add_checks();
    Message* const inner[] = {&check, begin_kind(check, node.keyword), &server};
    if (!is_carried_out(check)) binder.warn_not_carried_out(node);
    binder.bind_block(inner, node, nullptr);
    if (check.has_http()) drop_urls_without_path(binder, *check.mutable_http(), node);
    if (const std::string why = obstacle(binder, check); !why.empty()) {
        binder.report().error(Complaint::general, "check_dropped", node.place,
                              fmt::format("{} {}; it is dropped", node.keyword, why));
        server.mutable_checks()->RemoveLast();
        return;
    }
    if (check.has_bfd()) binder.claim(followed_by_server(binder), check.bfd().name());
    binder.places().services.back().servers.back().checks.push_back(node.place);
}

void parse_interface(Binder& binder, Targets targets, Node& node) {
    constexpr std::size_t kLongest = 15;
    if (node.word(0).size() > kLongest) {
        binder.refuse(node, fmt::format("bind_if: '{}' is too long for an interface; it is ignored",
                                        node.word(0)));
        return;
    }
    auto& owner = *targets.front();
    auto& target = owner.GetDescriptor() == v1::Check::descriptor()
                       ? *static_cast<v1::Check&>(owner).mutable_target()
                       : *static_cast<v1::SmtpHost&>(owner).mutable_target();
    target.set_bind_interface(std::string(node.word(0)));
}

/// The message of the kind stands behind that of the check.
template <class Kind>
Kind& kind_as(Targets targets) {
    return static_cast<Kind&>(*targets[1]);
}

void warn_replaced(Binder& binder, const Node& node) {
    binder.refuse(node, fmt::format("{} is given already; this one takes its place", node.keyword));
}

void parse_http_host(Binder& binder, Targets targets, Node& node) {
    auto& http = kind_as<v1::HttpCheck>(targets);
    if (http.has_virtualhost()) warn_replaced(binder, node);
    http.set_virtualhost(std::string(node.word(0)));
}

void parse_sni_name(Binder&, Targets targets, Node& node) {
    auto& http = kind_as<v1::HttpCheck>(targets);
    if (node.words.empty()) {
        http.set_enable_sni(true);
    } else {
        http.set_sni_name(std::string(node.word(0)));
    }
}

void parse_helo_name(Binder& binder, Targets targets, Node& node) {
    auto& smtp = kind_as<v1::SmtpCheck>(targets);
    if (smtp.has_helo_name()) warn_replaced(binder, node);
    smtp.set_helo_name(std::string(node.word(0)));
}

void parse_smtp_host(Binder& binder, Targets targets, Node& node) {
    binder.report()
        .warning("old_form", node.place, "host blocks are an old form of SMTP_CHECK")
        .hint = "write one SMTP_CHECK with connect_ip and connect_port for each";
    Message* const inner[] = {kind_as<v1::SmtpCheck>(targets).add_hosts()};
    binder.bind_block(inner, node, nullptr);
}

void parse_dns_type(Binder& binder, Targets targets, Node& node) {
    std::string word(node.word(0));
    std::ranges::transform(word, word.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    v1::DnsType type{};
    if (word != "UNSPECIFIED" && v1::DnsType_Parse("DNS_" + word, &type)) {
        kind_as<v1::DnsCheck>(targets).set_type(type);
        return;
    }
    binder.report()
        .error(Complaint::general, "bad_value", node.place_of(0),
               fmt::format("type: '{}' is unknown and ignored", node.word(0)))
        .hint = "it is one of A, NS, CNAME, SOA, MX, TXT, AAAA, RRSIG, DNSKEY";
}

void parse_dns_name(Binder& binder, Targets targets, Node& node) {
    auto& dns = kind_as<v1::DnsCheck>(targets);
    const std::string_view name = node.word(0);
    const bool empty_label =
        name != "." && (name.starts_with('.') || name.find("..") != std::string_view::npos);
    if (dns.has_name()) {
        binder.refuse(node, "name is given already; this one is ignored");
    } else if (empty_label) {
        binder.refuse(node, fmt::format("name: '{}' has an empty label; it is ignored", name));
    } else {
        dns.set_name(std::string(name));
    }
}

void parse_command(Binder& binder, Targets targets, Node& node) {
    bind_command_line(binder, *kind_as<v1::MiscCheck>(targets).mutable_script(), node);
}

void parse_command_user(Binder&, Targets targets, Node& node) {
    auto& command = kind_as<v1::MiscCheck>(targets);
    command.set_user(std::string(node.word(0)));
    command.clear_group();
    if (node.words.size() > 1) command.set_group(std::string(node.word(1)));
}

/// Says it when nobody defined the name above.
template <class Objects>
bool is_defined(Binder& binder, const Node& node, std::string_view kind, const Objects& objects) {
    if (binder.is_claimed(kind, node.word(0))) return true;
    auto& error = binder.report().error(
        Complaint::general, "undefined", node.place_of(0),
        fmt::format("{}: there is no {} {} above this line", node.keyword, kind, node.word(0)));
    if (!binder.report().keeps()) return false;
    error.hint = did_you_mean(node.word(0), first_names(objects));
    return false;
}

void parse_track_file(Binder& binder, Targets targets, Node& node) {
    if (!is_defined(binder, node, "track_file", binder.config().track_files())) return;
    kind_as<v1::FileCheck>(targets).set_track_file(std::string(node.word(0)));
}

void parse_file_weight(Binder& binder, Targets targets, Node& node) {
    const auto weight = read_integer(node.word(0), -2147483647, 2147483647);
    const std::string_view direction = node.word(1);
    if (!weight.value || !weight.problem.empty()) {
        binder.refuse(node, fmt::format("weight: {}; it is ignored", weight.problem),
                      Complaint::invalid_number);
        return;
    }
    if (!direction.empty() && direction != "reverse" && direction != "noreverse") {
        binder.report().error(
            Complaint::general, "bad_value", node.place_of(1),
            fmt::format("weight: '{}' is unknown; only reverse or noreverse may follow",
                        direction));
        return;
    }
    auto& file = kind_as<v1::FileCheck>(targets);
    file.set_weight(static_cast<std::int32_t>(*weight.value));
    if (!direction.empty()) file.set_reverse(direction == "reverse");
}

/// As in keepalived, a second name takes the whole check away.
void parse_bfd_name(Binder& binder, Targets targets, Node& node) {
    auto& bfd = kind_as<v1::BfdCheck>(targets);
    if (node.words.size() != 1) {
        binder.refuse(node, "name takes one word; it is ignored");
    } else if (bfd.has_name()) {
        binder.refuse(node, "name is given already");
        bfd.clear_name();
    } else if (binder.is_claimed(followed_by_server(binder), node.word(0))) {
        binder.refuse(node, fmt::format("the server follows {} already", node.word(0)));
    } else if (is_defined(binder, node, "bfd_instance", binder.config().bfd_instances())) {
        bfd.set_name(std::string(node.word(0)));
    }
}

/// All checks of a server, in their order.
void write_checks(const Message& block, LegacyText& out) {
    for (const v1::Check& check : block_as<v1::RealServer>(block).checks()) {
        const CheckKind kind = kind_of(check);
        if (kind.settings == nullptr) continue;
        const Message* const parts[] = {&check, kind.settings};
        out.open(kind.keyword);
        write_settings(path_below("virtual_server/real_server", kind.keyword), parts, out);
        out.close();
    }
}

/// A Check or an SmtpHost.
template <class Owner>
void write_interface(const Message& block, LegacyText& out) {
    const auto& target = block_as<Owner>(block).target();
    if (target.has_bind_interface()) out.statement("bind_if", target.bind_interface());
}

const v1::Check& check_of(const Message& block) {
    return block_as<v1::Check>(block);
}

void write_http_host(const Message& block, LegacyText& out) {
    const auto& http = check_of(block).http();
    if (http.has_virtualhost()) out.statement("virtualhost", http.virtualhost());
}

void write_sni_name(const Message& block, LegacyText& out) {
    const auto& http = check_of(block).http();
    if (http.has_sni_name()) out.statement("sni_name", http.sni_name());
}

void write_helo_name(const Message& block, LegacyText& out) {
    const auto& smtp = check_of(block).smtp();
    if (smtp.has_helo_name()) out.statement("helo_name", smtp.helo_name());
}

void write_smtp_hosts(const Message& block, LegacyText& out) {
    for (const auto& host : check_of(block).smtp().hosts()) {
        const Message* const parts[] = {&host};
        out.open("host");
        write_settings("virtual_server/real_server/SMTP_CHECK/host", parts, out);
        out.close();
    }
}

void write_dns_type(const Message& block, LegacyText& out) {
    const auto& dns = check_of(block).dns();
    const std::string_view prefix = "DNS_";
    if (dns.has_type()) {
        out.statement("type", v1::DnsType_Name(dns.type()).substr(prefix.size()));
    }
}

void write_dns_name(const Message& block, LegacyText& out) {
    const auto& dns = check_of(block).dns();
    if (dns.has_name()) out.statement("name", dns.name());
}

void write_command(const Message& block, LegacyText& out) {
    const auto& command = check_of(block).command();
    if (command.script().argv_size() > 0) out.command_line("misc_path", command.script());
}

void write_command_user(const Message& block, LegacyText& out) {
    const auto& command = check_of(block).command();
    if (!command.has_user()) return;
    std::vector<std::string> words = {command.user()};
    if (command.has_group()) words.push_back(command.group());
    out.statement_of("user", words);
}

void write_track_file(const Message& block, LegacyText& out) {
    const auto& file = check_of(block).file();
    if (file.has_track_file()) out.statement("track_file", file.track_file());
}

void write_file_weight(const Message& block, LegacyText& out) {
    const auto& file = check_of(block).file();
    if (!file.has_weight()) return;
    std::vector<std::string> words = {std::to_string(file.weight())};
    if (file.has_reverse()) words.emplace_back(file.reverse() ? "reverse" : "noreverse");
    out.statement_of("weight", words);
}

void write_bfd_name(const Message& block, LegacyText& out) {
    const auto& bfd = check_of(block).bfd();
    if (bfd.has_name()) out.statement("name", bfd.name());
}

constexpr std::string_view kServer = "virtual_server/real_server";
constexpr std::string_view kHttp = "virtual_server/real_server/HTTP_GET";
constexpr std::string_view kTls = "virtual_server/real_server/SSL_GET";
constexpr std::string_view kSmtp = "virtual_server/real_server/SMTP_CHECK";
constexpr std::string_view kSmtpHost = "virtual_server/real_server/SMTP_CHECK/host";
constexpr std::string_view kDns = "virtual_server/real_server/DNS_CHECK";
constexpr std::string_view kUdp = "virtual_server/real_server/UDP_CHECK";
constexpr std::string_view kTcp = "virtual_server/real_server/TCP_CHECK";
constexpr std::string_view kPing = "virtual_server/real_server/PING_CHECK";
constexpr std::string_view kMisc = "virtual_server/real_server/MISC_CHECK";
constexpr std::string_view kFile = "virtual_server/real_server/FILE_CHECK";
constexpr std::string_view kBfd = "virtual_server/real_server/BFD_CHECK";
constexpr auto kInterfaceOfCheck = write_interface<v1::Check>;
constexpr Irregular kTable[] = {
    {kServer, "TCP_CHECK", parse_check, write_checks},
    {kServer, "HTTP_GET", parse_check},
    {kServer, "SSL_GET", parse_check},
    {kServer, "MISC_CHECK", parse_check},
    {kServer, "SMTP_CHECK", parse_check},
    {kServer, "DNS_CHECK", parse_check},
    {kServer, "PING_CHECK", parse_check},
    {kServer, "UDP_CHECK", parse_check},
    {kServer, "FILE_CHECK", parse_check},
    {kServer, "BFD_CHECK", parse_check},
    {kTcp, "bind_if", parse_interface, kInterfaceOfCheck},
    {kHttp, "bind_if", parse_interface, kInterfaceOfCheck},
    {kTls, "bind_if", parse_interface, kInterfaceOfCheck},
    {kSmtp, "bind_if", parse_interface, kInterfaceOfCheck},
    {kDns, "bind_if", parse_interface, kInterfaceOfCheck},
    {kUdp, "bind_if", parse_interface, kInterfaceOfCheck},
    {kPing, "bind_if", parse_interface, kInterfaceOfCheck},
    {kSmtpHost, "bind_if", parse_interface, write_interface<v1::SmtpHost>},
    {kHttp, "virtualhost", parse_http_host, write_http_host},
    {kTls, "virtualhost", parse_http_host, write_http_host},
    {kHttp, "sni_name", parse_sni_name, write_sni_name},
    {kTls, "sni_name", parse_sni_name, write_sni_name},
    {kSmtp, "helo_name", parse_helo_name, write_helo_name},
    {kSmtp, "host", parse_smtp_host, write_smtp_hosts},
    {kDns, "type", parse_dns_type, write_dns_type},
    {kDns, "name", parse_dns_name, write_dns_name},
    {kMisc, "misc_path", parse_command, write_command},
    {kMisc, "user", parse_command_user, write_command_user},
    {kFile, "track_file", parse_track_file, write_track_file},
    {kFile, "weight", parse_file_weight, write_file_weight},
    {kBfd, "name", parse_bfd_name, write_bfd_name},
};

}  // namespace

std::span<const Irregular> check_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
