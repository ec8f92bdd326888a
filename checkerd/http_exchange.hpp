#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checkerd/check.hpp"
#include "checkerd/http_response.hpp"
#include "lib/core/address.hpp"

namespace holdfast::checkerd {

/// Both ends belong to it.
struct StatusRange {
    unsigned first = 200;
    unsigned last = 299;
    friend bool operator==(const StatusRange&, const StatusRange&) = default;
};

/// What one URL is asked and what it must answer.
struct HttpUrl {
    std::string path = "/";
    /// Of this URL, or of the check; empty: the address that is probed.
    std::string virtual_host;
    /// None: 200-299.
    std::vector<StatusRange> status_codes;
    std::optional<Md5> digest;
    friend bool operator==(const HttpUrl&, const HttpUrl&) = default;
};

enum class HttpVersion : std::uint8_t {
    http_1_0,
    http_1_0_close,  // with "Connection: close"
    http_1_1,        // with "Connection: close"
};

/// The request as keepalived sends it. Its User-Agent is kept too: web servers filter their logs
/// and metrics by it.
[[nodiscard]] std::string request_for(const HttpUrl& url, HttpVersion version,
                                      const core::Endpoint& probed);

/// "http://HOST/PATH", for people.
[[nodiscard]] std::string url_text(const HttpUrl& url, const core::Endpoint& probed);

/// The answer to a response whose stream is at its end. As in keepalived a body shorter than its
/// Content-Length is no failure by itself; it fails a digest.
[[nodiscard]] Answer judge_response(const HttpUrl& url, HttpResponse& response);

}  // namespace holdfast::checkerd
