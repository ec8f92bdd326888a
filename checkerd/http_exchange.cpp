#include "checkerd/http_exchange.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/core/text.hpp"

namespace holdfast::checkerd {
namespace {

std::string host_of(const HttpUrl& url, const core::Endpoint& probed) {
    return url.virtual_host.empty() ? probed.text() : url.virtual_host;
}

bool accepts(const HttpUrl& url, unsigned status) {
    const auto holds = [status](const StatusRange& range) {
        return range.first <= status && status <= range.last;
    };
    if (url.status_codes.empty()) return holds(StatusRange{});
    return std::ranges::any_of(url.status_codes, holds);
}

std::string expected_status(const HttpUrl& url) {
    std::vector<std::string> ranges;
    for (const StatusRange& range : url.status_codes) {
        ranges.push_back(range.first == range.last ? std::to_string(range.first)
                                                   : fmt::format("{}-{}", range.first, range.last));
    }
    if (ranges.empty()) return "200-299";
    return core::join(ranges, ",");
}

std::string to_hex(const Md5& sum) {
    std::string text;
    for (const std::byte octet : sum) text += fmt::format("{:02x}", std::to_integer<int>(octet));
    return text;
}

Answer failure(std::string text) {
    return {Outcome::failure, std::move(text)};
}

Answer judge_digest(const Md5& expected, HttpResponse& response) {
    if (response.body_too_large()) {
        return failure(
            fmt::format("body larger than {} octets, no digest", response.body_octets()));
    }
    const std::uint64_t octets = response.body_octets();
    const bool cut_short = response.cut_short();
    const std::optional<Md5> sum = response.digest();
    if (!sum) return {Outcome::cannot_test, "MD5 is switched off on this host"};
    if (*sum == expected) return {Outcome::success, "digest " + to_hex(expected)};
    return failure(fmt::format("digest {} of {} octets{}, expected {}", to_hex(*sum), octets,
                               cut_short ? " (cut short)" : "", to_hex(expected)));
}

}  // namespace

std::string request_for(const HttpUrl& url, HttpVersion version, const core::Endpoint& probed) {
    return fmt::format("GET {} HTTP/1.{}\r\nUser-Agent: KeepAliveClient\r\n{}Host: {}\r\n\r\n",
                       url.path, version == HttpVersion::http_1_1 ? 1 : 0,
                       version == HttpVersion::http_1_0 ? "" : "Connection: close\r\n",
                       host_of(url, probed));
}

std::string url_text(const HttpUrl& url, const core::Endpoint& probed) {
    return "http://" + host_of(url, probed) + url.path;
}

Answer judge_response(const HttpUrl& url, HttpResponse& response) {
    if (!response.began()) return failure("closed without an answer");
    if (!response.has_head()) return failure("closed within the header");
    if (!accepts(url, response.status())) {
        return failure(
            fmt::format("status {}, expected {}", response.status(), expected_status(url)));
    }
    if (url.digest) return judge_digest(*url.digest, response);
    return {Outcome::success, fmt::format("status {}", response.status())};
}

}  // namespace holdfast::checkerd
