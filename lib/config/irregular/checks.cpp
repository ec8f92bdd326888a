// The checks of a real_server.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/numbers.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kDigestOctets = 16;

void parse_tcp(Binder& binder, Targets targets, Node& node) {
    v1::Check& check = *target_as<v1::RealServer>(targets).add_checks();
    google::protobuf::Message* const inner[] = {&check, check.mutable_tcp()};
    binder.bind_block(inner, node, nullptr);
}

/// A url without path is dropped, a check without url too, as keepalived does it.
void parse_http(Binder& binder, Targets targets, Node& node) {
    auto& server = target_as<v1::RealServer>(targets);
    v1::Check& check = *server.add_checks();
    google::protobuf::Message* const inner[] = {&check, check.mutable_http()};
    binder.bind_block(inner, node, nullptr);
    auto& urls = *check.mutable_http()->mutable_urls();
    const auto no_path = [](const v1::HttpUrl& url) { return !url.has_path(); };
    for (int i = urls.size(); i-- > 0;) {
        if (!no_path(urls.Get(i))) continue;
        binder.report().error(Complaint::general, "url_without_path", node.place,
                              "a url without path is dropped");
        urls.DeleteSubrange(i, 1);
    }
    if (urls.empty()) {
        binder.report().error(Complaint::general, "check_without_url", node.place,
                              fmt::format("{} has no url and is dropped", node.keyword));
        server.mutable_checks()->RemoveLast();
    }
}

void parse_digest(Binder& binder, Targets targets, Node& node) {
    const std::string_view text = node.word(0);
    std::string octets;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        unsigned value = 0;
        const auto [end, failure] =
            std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
        if (failure != std::errc{} || end != text.data() + i + 2) break;
        octets += static_cast<char>(value);
    }
    if (octets.size() != kDigestOctets || text.size() != 2 * kDigestOctets) {
        binder.refuse(
            node, fmt::format("digest: '{}' is not 32 hexadecimal digits; it is ignored", text));
        return;
    }
    target_as<v1::HttpUrl>(targets).set_digest(octets);
}

std::optional<std::uint32_t> read_status(std::string_view text) {
    const auto code = core::parse_number<std::uint32_t>(text);
    return code && *code >= 100 && *code <= 599 ? code : std::nullopt;
}

/// {N|N-M}...; lines add up.
void parse_status_codes(Binder& binder, Targets targets, Node& node) {
    auto& url = target_as<v1::HttpUrl>(targets);
    for (std::size_t i = 0; i < node.words.size(); ++i) {
        const std::string_view word = node.word(i);
        const std::size_t dash = word.find('-');
        const auto first = read_status(word.substr(0, dash));
        const auto last =
            dash == std::string_view::npos ? first : read_status(word.substr(dash + 1));
        if (!first || !last || *first > *last) {
            binder.report().error(
                Complaint::general, "bad_value", node.place_of(i),
                fmt::format("'{}' is no status code or range; it is ignored", word));
            continue;
        }
        auto& range = *url.add_status_codes();
        range.set_first(*first);
        range.set_last(*last);
    }
}

/// A kind that is known, not carried out yet: the server counts as up as far as this check goes.
void parse_other(Binder& binder, Targets targets, Node& node) {
    v1::Check& check = *target_as<v1::RealServer>(targets).add_checks();
    check.mutable_other()->set_keyword(std::string(node.keyword));
    binder.check_words(node);
    binder.warn_not_carried_out(node);
}

void parse_misc(Binder& binder, Targets targets, Node& node) {
    const auto has_path = [](const Node& child) {
        return child.keyword == "misc_path" && !child.words.empty();
    };
    const auto path = std::ranges::find_if(node.children, has_path);
    if (path == node.children.end()) {
        binder.report().error(Complaint::general, "no_command", node.place,
                              "MISC_CHECK has no misc_path and is dropped");
        return;
    }
    parse_other(binder, targets, node);
    auto& server = target_as<v1::RealServer>(targets);
    v1::Check& check = *server.mutable_checks(server.checks_size() - 1);
    bind_command_line(binder, *check.mutable_other()->mutable_script(), *path);
}

/// All checks of a server, in their order.
void write_checks(const google::protobuf::Message& block, LegacyText& out) {
    for (const v1::Check& check : block_as<v1::RealServer>(block).checks()) {
        const google::protobuf::Message* const tcp[] = {&check, &check.tcp()};
        const google::protobuf::Message* const http[] = {&check, &check.http()};
        if (check.has_tcp()) {
            out.open("TCP_CHECK");
            write_settings("virtual_server/real_server/TCP_CHECK", tcp, out);
        } else if (check.has_http()) {
            out.open("HTTP_GET");
            write_settings("virtual_server/real_server/HTTP_GET", http, out);
        } else {
            out.open(check.other().keyword());
            if (check.other().has_script()) out.command_line("misc_path", check.other().script());
        }
        out.close();
    }
}

void write_digest(const google::protobuf::Message& block, LegacyText& out) {
    const auto& url = block_as<v1::HttpUrl>(block);
    if (!url.has_digest()) return;
    std::string digits;
    for (const char octet : url.digest()) {
        digits += fmt::format("{:02x}", static_cast<unsigned char>(octet));
    }
    out.statement("digest", digits);
}

void write_status_codes(const google::protobuf::Message& block, LegacyText& out) {
    std::vector<std::string> words;
    for (const v1::StatusRange& range : block_as<v1::HttpUrl>(block).status_codes()) {
        words.push_back(range.first() == range.last()
                            ? std::to_string(range.first())
                            : fmt::format("{}-{}", range.first(), range.last()));
    }
    if (!words.empty()) out.statement_of("status_code", words);
}

constexpr std::string_view kServer = "virtual_server/real_server";
constexpr std::string_view kUrl = "virtual_server/real_server/HTTP_GET/url";
constexpr Irregular kTable[] = {
    {kServer, "TCP_CHECK", parse_tcp, write_checks},
    {kServer, "HTTP_GET", parse_http},
    {kServer, "SSL_GET", parse_other},
    {kServer, "MISC_CHECK", parse_misc},
    {kServer, "SMTP_CHECK", parse_other},
    {kServer, "DNS_CHECK", parse_other},
    {kServer, "PING_CHECK", parse_other},
    {kServer, "UDP_CHECK", parse_other},
    {kServer, "FILE_CHECK", parse_other},
    {kServer, "BFD_CHECK", parse_other},
    {kUrl, "digest", parse_digest, write_digest},
    {kUrl, "status_code", parse_status_codes, write_status_codes},
};

}  // namespace

std::span<const Irregular> check_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
