// What a check sends and what it expects: settings of a url, payload and reply of UDP_CHECK.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/near_names.hpp"
#include "lib/config/numbers.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kDigestOctets = 16;

v1::HttpUrl& url_of(Targets targets) {
    return target_as<v1::HttpUrl>(targets);
}

void parse_path(Binder& binder, Targets targets, Node& node) {
    auto& url = url_of(targets);
    if (url.has_path()) {
        binder.refuse(node, "path is given already; this one takes its place");
    }
    url.set_path(std::string(node.word(0)));
}

/// Octets of pairs of hexadecimal digits; nothing when it is something else.
std::optional<std::string> read_hex(std::string_view text) {
    std::string octets;
    if (text.size() % 2 != 0) return std::nullopt;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        unsigned value = 0;
        const char* const end = text.data() + i + 2;
        const auto [stop, failure] = std::from_chars(text.data() + i, end, value, 16);
        if (failure != std::errc{} || stop != end) return std::nullopt;
        octets += static_cast<char>(value);
    }
    return octets;
}

void parse_digest(Binder& binder, Targets targets, Node& node) {
    auto& url = url_of(targets);
    const auto octets = read_hex(node.word(0));
    if (!octets || octets->size() != kDigestOctets) {
        binder.refuse(node, fmt::format("digest: '{}' is not 32 hexadecimal digits; it is ignored",
                                        node.word(0)));
    } else if (url.has_digest()) {
        binder.refuse(node, "digest is given already; this one is ignored");
    } else {
        url.set_digest(*octets);
    }
}

std::optional<std::uint32_t> read_status(std::string_view text) {
    const auto code = core::parse_number<std::uint32_t>(text);
    return code && *code >= 100 && *code <= 599 ? code : std::nullopt;
}

/// {N|N-M}...; lines add up.
void parse_status_codes(Binder& binder, Targets targets, Node& node) {
    auto& url = url_of(targets);
    for (std::size_t i = 0; i < node.words.size(); ++i) {
        const std::string_view word = node.word(i);
        const std::size_t dash = word.find('-');
        const auto first = read_status(word.substr(0, dash));
        const auto last =
            dash == std::string_view::npos ? first : read_status(word.substr(dash + 1));
        if (!first || !last || *first > *last) {
            auto& error = binder.report().error(
                Complaint::general, "bad_value", node.place_of(i),
                fmt::format("'{}' is no status code or range; it is ignored", word));
            if (word.find(',') != std::string_view::npos) error.hint = "put blanks between them";
            continue;
        }
        auto& range = *url.add_status_codes();
        range.set_first(*first);
        range.set_last(*last);
    }
}

/// One word in the quoted form of commands, where a backslash for the pattern is written twice.
void parse_regex(Binder& binder, Targets targets, Node& node) {
    const auto arguments = to_arguments(node.rest);
    if (!arguments || arguments->size() != 1) {
        binder.refuse(node, arguments ? "regex takes one word; it is ignored"
                                      : "regex: a quote or an escape is left open");
        return;
    }
    url_of(targets).set_regex(arguments->front().text);
}

std::optional<v1::RegexOption> option_of(std::string_view word) {
    std::string name(word);
    std::ranges::transform(name, name.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    v1::RegexOption option{};
    const bool lower = std::ranges::none_of(word, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (!lower || name == "REGEX_OPTION_UNSPECIFIED" || !v1::RegexOption_Parse(name, &option)) {
        return std::nullopt;
    }
    return option;
}

std::vector<std::string> option_names() {
    std::vector<std::string> names;
    for (int i = 1; i <= v1::RegexOption_MAX; ++i) {
        std::string name = v1::RegexOption_Name(static_cast<v1::RegexOption>(i));
        std::ranges::transform(name, name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        names.push_back(std::move(name));
    }
    return names;
}

void parse_regex_options(Binder& binder, Targets targets, Node& node) {
    for (std::size_t i = 0; i < node.words.size(); ++i) {
        if (const auto option = option_of(node.word(i))) {
            url_of(targets).add_regex_options(*option);
            continue;
        }
        binder.report()
            .warning("unknown_option", node.place_of(i),
                     fmt::format("regex_options: '{}' is unknown and ignored", node.word(i)))
            .hint = did_you_mean(node.word(i), option_names());
    }
}

/// keepalived says this in its log only, and goes on.
void warn_of_words(Binder& binder, const Node& node, std::string_view problem) {
    binder.report().warning("bad_value", node.place_of(0),
                            fmt::format("{}: {}; it is ignored", node.keyword, problem));
}

void parse_offset(Binder& binder, Targets targets, Node& node) {
    const auto offset = read_integer(node.word(0), 0, 0x7fffffffffffffffLL);
    if (!offset.value || !offset.problem.empty()) {
        warn_of_words(binder, node, offset.problem);
    } else if (node.keyword == "regex_min_offset") {
        url_of(targets).set_regex_min_offset(static_cast<std::uint64_t>(*offset.value));
    } else {
        url_of(targets).set_regex_max_offset(static_cast<std::uint64_t>(*offset.value));
    }
}

void parse_regex_stack(Binder& binder, Targets targets, Node& node) {
    const auto start = core::parse_number<std::uint64_t>(node.word(0));
    const auto max = core::parse_number<std::uint64_t>(node.word(1));
    if (node.words.size() != 2 || !start || !max || *start == 0 || *start > *max) {
        warn_of_words(binder, node, "it takes two numbers, the second not less than the first");
        return;
    }
    auto& stack = *url_of(targets).mutable_regex_stack();
    stack.set_start(*start);
    stack.set_max(*max);
}

/// The words together in lower case, when they are pairs of digits (and x, with `wildcards`).
std::optional<std::string> read_pairs(const Node& node, bool wildcards) {
    std::string digits;
    for (std::size_t i = 0; i < node.words.size(); ++i) {
        for (char c : node.word(i)) {
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
            const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
            if (!digit && !(wildcards && c == 'x')) return std::nullopt;
            digits += c;
        }
    }
    if (digits.size() % 2 != 0) return std::nullopt;
    return digits;
}

v1::UdpCheck& udp_of(Targets targets) {
    return static_cast<v1::UdpCheck&>(*targets[1]);
}

void parse_payload(Binder& binder, Targets targets, Node& node) {
    if (const auto pairs = read_pairs(node, false)) {
        udp_of(targets).set_payload(*pairs);
    } else {
        binder.refuse(node, "payload: these are not pairs of hexadecimal digits; it is ignored");
    }
}

void parse_reply(Binder& binder, Targets targets, Node& node) {
    auto& udp = udp_of(targets);
    udp.set_require_reply(true);
    if (node.words.empty()) return;
    if (const auto pairs = read_pairs(node, true)) {
        udp.set_reply(*pairs);
    } else {
        binder.refuse(node,
                      "require_reply: these are not pairs of hexadecimal digits and x; any "
                      "answer will do");
    }
}

using google::protobuf::Message;

const v1::HttpUrl& written_url(const Message& block) {
    return block_as<v1::HttpUrl>(block);
}

void write_path(const Message& block, LegacyText& out) {
    if (written_url(block).has_path()) out.statement("path", written_url(block).path());
}

void write_digest(const Message& block, LegacyText& out) {
    if (!written_url(block).has_digest()) return;
    std::string digits;
    for (const char octet : written_url(block).digest()) {
        digits += fmt::format("{:02x}", static_cast<unsigned char>(octet));
    }
    out.statement("digest", digits);
}

void write_status_codes(const Message& block, LegacyText& out) {
    std::vector<std::string> words;
    for (const v1::StatusRange& range : written_url(block).status_codes()) {
        words.push_back(range.first() == range.last()
                            ? std::to_string(range.first())
                            : fmt::format("{}-{}", range.first(), range.last()));
    }
    if (!words.empty()) out.statement_of("status_code", words);
}

/// Quoted, with the escapes that to_arguments takes away.
void write_regex(const Message& block, LegacyText& out) {
    if (!written_url(block).has_regex()) return;
    std::string quoted = "\"";
    for (const char c : written_url(block).regex()) {
        const auto octet = static_cast<unsigned char>(c);
        if (c == '\\') {
            quoted += "\\\\";
        } else if (c == '"' || c == '$' || octet < ' ' || octet == 0x7f) {
            quoted += fmt::format("\\x{:02x}", octet);
        } else {
            quoted += c;
        }
    }
    out.raw("regex " + quoted + "\"");
}

void write_regex_options(const Message& block, LegacyText& out) {
    std::vector<std::string> words;
    const auto names = option_names();
    for (const int option : written_url(block).regex_options()) {
        words.push_back(names.at(static_cast<std::size_t>(option) - 1));
    }
    if (!words.empty()) out.statement_of("regex_options", words);
}

void write_min_offset(const Message& block, LegacyText& out) {
    const auto& url = written_url(block);
    if (url.has_regex_min_offset()) out.statement("regex_min_offset", url.regex_min_offset());
}

void write_max_offset(const Message& block, LegacyText& out) {
    const auto& url = written_url(block);
    if (url.has_regex_max_offset()) out.statement("regex_max_offset", url.regex_max_offset());
}

void write_regex_stack(const Message& block, LegacyText& out) {
    const auto& url = written_url(block);
    if (!url.has_regex_stack()) return;
    out.statement("regex_stack", url.regex_stack().start(), url.regex_stack().max());
}

void write_payload(const Message& block, LegacyText& out) {
    const auto& udp = block_as<v1::Check>(block).udp();
    if (udp.has_payload()) out.statement("payload", udp.payload());
}

void write_reply(const Message& block, LegacyText& out) {
    const auto& udp = block_as<v1::Check>(block).udp();
    if (!udp.require_reply()) return;
    if (udp.has_reply()) {
        out.statement("require_reply", udp.reply());
    } else {
        out.statement("require_reply");
    }
}

constexpr std::string_view kUdp = "virtual_server/real_server/UDP_CHECK";
constexpr std::string_view kUrl = "virtual_server/real_server/HTTP_GET/url";
constexpr std::string_view kTlsUrl = "virtual_server/real_server/SSL_GET/url";
constexpr Irregular kTable[] = {
    {kUrl, "path", parse_path, write_path},
    {kTlsUrl, "path", parse_path, write_path},
    {kUrl, "digest", parse_digest, write_digest},
    {kTlsUrl, "digest", parse_digest, write_digest},
    {kUrl, "status_code", parse_status_codes, write_status_codes},
    {kTlsUrl, "status_code", parse_status_codes, write_status_codes},
    {kUrl, "regex", parse_regex, write_regex},
    {kTlsUrl, "regex", parse_regex, write_regex},
    {kUrl, "regex_options", parse_regex_options, write_regex_options},
    {kTlsUrl, "regex_options", parse_regex_options, write_regex_options},
    {kUrl, "regex_min_offset", parse_offset, write_min_offset},
    {kTlsUrl, "regex_min_offset", parse_offset, write_min_offset},
    {kUrl, "regex_max_offset", parse_offset, write_max_offset},
    {kTlsUrl, "regex_max_offset", parse_offset, write_max_offset},
    {kUrl, "regex_stack", parse_regex_stack, write_regex_stack},
    {kTlsUrl, "regex_stack", parse_regex_stack, write_regex_stack},
    {kUdp, "payload", parse_payload, write_payload},
    {kUdp, "require_reply", parse_reply, write_reply},
};

}  // namespace

std::span<const Irregular> expectation_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
