// Findings about checks: times that do not fit together, requests that cannot be meant.
#include "lib/config/findings/checks.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/check_kind.hpp"

namespace holdfast::config {

namespace {

constexpr std::uint64_t kSecond = 1'000'000;
/// keepalived's own time limit of a connection, which stands beside shorter intervals everywhere.
constexpr std::uint64_t kUsualTimeout = 5 * kSecond;
constexpr std::uint64_t kLateFailure = 300 * kSecond;
constexpr std::uint32_t kHttpPort = 80;
constexpr std::uint32_t kHttpsPort = 443;

std::string seconds(std::uint64_t us) {
    return fmt::format("{:g} s", static_cast<double>(us) / static_cast<double>(kSecond));
}

/// A response with this status has no body (RFC 9110 15.3.5, 15.4.5).
bool has_no_body(const v1::StatusRange& range) {
    return range.first() == range.last() && (range.first() == 204 || range.first() == 304);
}

class CheckFindings {
  public:
    CheckFindings(const Resolution& all, const v1::RealServer& server, const v1::Check& check,
                  const Place& place)
        : all_(all), server_(server), check_(check), place_(place) {}

    void run() {
        look_at_times();
        if (check_.has_http()) look_at_http();
    }

  private:
    void say(Severity severity, std::string_view class_name, std::string text,
             std::string_view hint = {}) {
        all_.report
            .add(severity, Complaint::none, class_name, place_,
                 fmt::format("{} of {}: {}", kind_of(check_).keyword, server_.name(),
                             std::move(text)))
            .hint = std::string(hint);
    }
    void warn(std::string_view class_name, std::string text, std::string_view hint = {}) {
        say(Severity::warning, class_name, std::move(text), hint);
    }

    void look_at_times() {
        if (!check_.has_delay_loop_us()) return;
        const std::uint64_t interval = check_.delay_loop_us();
        const std::uint64_t timeout = check_.has_command() ? check_.command().timeout_us()
                                                           : check_.target().connect_timeout_us();
        if (timeout > interval && timeout != kUsualTimeout) {
            warn("timeout_longer_than_interval",
                 fmt::format("its time limit of {} is longer than delay_loop {}", seconds(timeout),
                             seconds(interval)));
        }
        const std::uint64_t late =
            interval + timeout +
            std::uint64_t{check_.retry()} * (check_.delay_before_retry_us() + timeout);
        if (check_.retry() > 0 && late > kLateFailure) {
            say(Severity::note, "late_failure",
                fmt::format("with {} retries a failure may be noticed {} after it happened",
                            check_.retry(), seconds(late)));
        }
    }

    void look_at_http() {
        const auto& http = check_.http();
        const std::uint32_t port = check_.target().connect_port();
        if (!http.tls() && port == kHttpsPort) {
            warn("plain_http_to_tls_port", "it speaks plain HTTP to port 443", "write SSL_GET");
        } else if (http.tls() && port == kHttpPort) {
            warn("tls_to_http_port", "it speaks TLS to port 80", "write HTTP_GET");
        }
        for (const auto& url : http.urls()) look_at_url(url);
    }

    void look_at_url(const v1::HttpUrl& url) {
        const bool absolute = url.path().find("://") != std::string::npos;
        if (!url.path().starts_with('/') && !absolute) {
            warn("path_without_slash",
                 fmt::format("the path '{}' does not begin with a slash", url.path()),
                 fmt::format("write /{}", url.path()));
        }
        look_at_codes(url);
        if (!url.has_digest() && !url.has_regex()) return;
        if (!std::ranges::all_of(url.status_codes(), has_no_body)) return;
        warn("no_body_to_match",
             fmt::format("url {}: an answer with this status has no body, and {} looks at one",
                         url.path(), url.has_digest() ? "digest" : "regex"));
    }

    void look_at_codes(const v1::HttpUrl& url) {
        for (int i = 1; i < url.status_codes_size(); ++i) {
            const auto& later = url.status_codes(i);
            const bool twice = std::any_of(
                url.status_codes().begin(), url.status_codes().begin() + i, [&](const auto& each) {
                    return each.first() <= later.last() && later.first() <= each.last();
                });
            if (!twice) continue;
            warn("status_twice",
                 fmt::format("url {}: status {} is accepted already", url.path(), later.first()));
            return;
        }
    }

    const Resolution& all_;
    const v1::RealServer& server_;
    const v1::Check& check_;
    const Place& place_;
};

}  // namespace

void find_in_check(const Resolution& all, const v1::RealServer& server, const v1::Check& check,
                   const Place& place) {
    CheckFindings(all, server, check, place).run();
}

}  // namespace holdfast::config
