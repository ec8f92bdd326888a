// What an HTTP answer must be: status codes and the digest of its body.
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/forms/schema_parts.hpp"
#include "lib/config/yaml/reader.hpp"
#include "lib/core/text.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::yaml {

namespace {

constexpr std::size_t kDigestOctets = 16;

std::optional<std::uint32_t> status_of(std::string_view text) {
    const auto code = core::parse_number<std::uint32_t>(text);
    return code && *code >= 100 && *code <= 599 ? code : std::nullopt;
}

void read_status(Reader& reader, const Node& value, google::protobuf::Message& message) {
    const std::string* text = reader.text_of(value, "a status code or a range of them");
    if (text == nullptr) return;
    const std::size_t dash = text->find('-');
    const auto first = status_of(std::string_view(*text).substr(0, dash));
    const auto last =
        dash == std::string::npos ? first : status_of(std::string_view(*text).substr(dash + 1));
    if (!first || !last || *first > *last) {
        reader.refuse(value, {fmt::format("\"{}\" is no status code or range", *text),
                              "200 and 200-299 are"});
        return;
    }
    auto& range = static_cast<v1::StatusRange&>(message);
    range.set_first(*first);
    range.set_last(*last);
}

Node write_status(const google::protobuf::Message& message) {
    const auto& range = static_cast<const v1::StatusRange&>(message);
    if (range.first() == range.last()) return Node::plain(std::to_string(range.first()));
    return Node::plain(fmt::format("{}-{}", range.first(), range.last()));
}

Node status_schema() {
    Node code = typed("integer");
    code.add("minimum", Node::plain("100"));
    code.add("maximum", Node::plain("599"));
    return any_of({std::move(code), text_with("^[1-5][0-9][0-9]-[1-5][0-9][0-9]$")});
}

void read_digest(Reader& reader, const Node& value, google::protobuf::Message& owner) {
    const std::string* text = reader.text_of(value, "32 hexadecimal digits");
    if (text == nullptr) return;
    std::string octets;
    for (std::size_t i = 0; i + 1 < text->size(); i += 2) {
        unsigned octet = 0;
        const char* from = text->data() + i;
        const auto [end, failure] = std::from_chars(from, from + 2, octet, 16);
        if (failure != std::errc{} || end != from + 2) break;
        octets += static_cast<char>(octet);
    }
    if (octets.size() != kDigestOctets || text->size() != 2 * kDigestOctets) {
        reader.refuse(value, {fmt::format("\"{}\" is not 32 hexadecimal digits", *text), {}});
        return;
    }
    static_cast<v1::HttpUrl&>(owner).set_digest(octets);
}

std::optional<Node> write_digest(const google::protobuf::Message& owner) {
    const auto& url = static_cast<const v1::HttpUrl&>(owner);
    if (!url.has_digest()) return std::nullopt;
    std::string text;
    for (const char octet : url.digest()) {
        text += fmt::format("{:02x}", static_cast<unsigned char>(octet));
    }
    return Node::string(std::move(text));
}

Node digest_schema() {
    return text_with("^[0-9A-Fa-f]{32}$");
}

}  // namespace

std::span<const KeyForm> check_keys() {
    static const std::array kKeys = {KeyForm{"HttpUrl",
                                             "expect.digest",
                                             {"digest"},
                                             read_digest,
                                             write_digest,
                                             digest_schema,
                                             "32 hexadecimal digits",
                                             "MD5 digest of the body (RFC 1321)."}};
    return kKeys;
}

std::span<const ValueForm> check_values() {
    static const std::array kValues = {ValueForm{"StatusRange", read_status, write_status,
                                                 status_schema, "200, or 200-299",
                                                 "A status code, or a range of them."}};
    return kValues;
}

}  // namespace holdfast::config::yaml
