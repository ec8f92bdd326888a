#include "checkerd/check_spec.hpp"

#include <algorithm>
#include <set>

#include "checkerd/http.hpp"
#include "proto/config.pb.h"
#include "proto/options.pb.h"

namespace holdfast::checkerd {
namespace {

namespace v1 = config::v1;
using std::chrono::microseconds;
using std::chrono::seconds;

/// A day: longer times are taken as that, so that sums of times cannot overflow.
constexpr core::Interval kLongest = std::chrono::hours(24);
constexpr std::uint32_t kMostUrls = 1024;

core::Interval interval(std::uint64_t microseconds_given) {
    const auto longest = static_cast<std::uint64_t>(kLongest.count());
    return microseconds(static_cast<std::int64_t>(std::min(microseconds_given, longest)));
}

core::Interval interval_or(bool present, std::uint64_t given, core::Interval otherwise) {
    return present ? interval(given) : otherwise;
}

core::Result<Target> read_target(const v1::CheckTarget& given) {
    Target target;
    const auto address = core::Address::from_bytes(given.connect_address());
    if (!address) return core::Error("no address to connect to");
    if (given.connect_port() > 65535 || given.bind_port() > 65535) {
        return core::Error("port out of range");
    }
    target.to = {*address, static_cast<std::uint16_t>(given.connect_port())};
    if (given.has_bind_address()) {
        target.bind_address = core::Address::from_bytes(given.bind_address());
        if (!target.bind_address || target.bind_address->family() != address->family()) {
            return core::Error("bindto is not of the family that is probed");
        }
    }
    target.bind_port = static_cast<std::uint16_t>(given.bind_port());
    target.bind_interface = given.bind_interface();
    const core::Interval timeout =
        interval_or(given.has_connect_timeout_us(), given.connect_timeout_us(), seconds(5));
    if (timeout > core::Interval::zero()) target.connect_timeout = timeout;
    return target;
}

Rules read_rules(const v1::Check& given, Kind kind) {
    Rules rules;
    rules.alpha = given.alpha() && kind != Kind::not_carried_out;
    if (given.has_retry()) rules.retry = given.retry();
    rules.delay_loop =
        interval_or(given.has_delay_loop_us(), given.delay_loop_us(), rules.delay_loop);
    rules.delay_before_retry =
        interval_or(given.has_delay_before_retry_us(), given.delay_before_retry_us(),
                    kind == Kind::http ? seconds(3) : seconds(1));
    if (kind == Kind::http) {
        rules.urls = static_cast<std::uint32_t>(given.http().urls_size());
        rules.fast_recovery = given.http().fast_recovery();
    }
    return rules;
}

bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

core::Result<HttpUrl> read_url(const v1::HttpUrl& given, const v1::HttpCheck& check) {
    HttpUrl url;
    if (!given.path().empty()) url.path = given.path();
    url.virtual_host = given.virtualhost().empty() ? check.virtualhost() : given.virtualhost();
    if (has_control_characters(url.path) || has_control_characters(url.virtual_host)) {
        return core::Error("line break in path or virtualhost");
    }
    for (const v1::StatusRange& range : given.status_codes()) {
        url.status_codes.push_back({range.first(), range.last()});
    }
    if (given.has_digest()) {
        if (given.digest().size() != sizeof(Md5)) return core::Error("digest is not 16 octets");
        url.digest.emplace();
        std::ranges::copy(std::as_bytes(std::span(given.digest())), url.digest->begin());
    }
    return url;
}

HttpVersion read_version(v1::HttpVersion version) {
    if (version == v1::HTTP_1_1) return HttpVersion::http_1_1;
    return version == v1::HTTP_1_0_CLOSE ? HttpVersion::http_1_0_close : HttpVersion::http_1_0;
}

core::Status read_http(const v1::HttpCheck& given, CheckSpec& spec) {
    if (given.urls().empty()) return core::Error("no url");
    if (given.urls_size() > static_cast<int>(kMostUrls)) return core::Error("too many urls");
    spec.http_version = read_version(given.http_protocol());
    for (const v1::HttpUrl& each : given.urls()) {
        auto url = read_url(each, given);
        if (!url) return url.error();
        spec.urls.push_back(*url);
    }
    return core::Done{};
}

Kind kind_of(const v1::Check& given) {
    if (given.has_tcp()) return Kind::tcp;
    if (given.has_http() && !given.http().tls()) return Kind::http;
    return Kind::not_carried_out;
}

/// As the configuration spells the kind.
std::string keyword_of(const v1::Check& given) {
    if (given.http().tls()) return "SSL_GET";
    const auto* kind =
        given.GetReflection()->GetOneofFieldDescriptor(given, given.GetDescriptor()->oneof_decl(0));
    return kind != nullptr ? kind->options().GetExtension(v1::setting).keyword() : std::string();
}

core::Result<CheckSpec> read_check(const v1::Check& given) {
    CheckSpec spec;
    spec.id = {given.id()};
    spec.kind = kind_of(given);
    spec.keyword = keyword_of(given);
    spec.rules = read_rules(given, spec.kind);
    spec.log_all_failures = given.log_all_failures();
    spec.fingerprint = core::object_id("check", given.SerializeAsString()).value;
    if (!spec.id) return core::Error("no id");
    if (spec.kind == Kind::not_carried_out) return spec;
    const auto target = read_target(given.target());
    if (!target) return target.error();
    spec.target = *target;
    spec.warmup = interval_or(given.has_warmup_us(), given.warmup_us(), spec.rules.delay_loop);
    if (spec.kind == Kind::http) {
        if (core::Status read = read_http(given.http(), spec); !read) return read.error();
    }
    return spec;
}

std::string name_or(const std::string& name, const std::string& address, std::uint32_t port) {
    if (!name.empty()) return name;
    const auto known = core::Address::from_bytes(address);
    return known ? core::Endpoint{*known, static_cast<std::uint16_t>(port)}.text() : "?";
}

/// The whole run: what keepalived grants a connection and its first answer, or the time until the
/// next run, whichever is longer.
core::Interval time_limit(const CheckSpec& spec) {
    return std::max(spec.rules.delay_loop, 2 * spec.target.connect_timeout);
}

}  // namespace

std::string subject_of(const CheckSpec& spec) {
    return spec.keyword + " " + spec.server_name + " of " + spec.service_name;
}

core::Result<std::vector<CheckSpec>> read_checks(const v1::Config& config) {
    std::vector<CheckSpec> specs;
    std::set<core::ObjectId> seen;
    for (const v1::VirtualServer& service : config.virtual_servers()) {
        for (const v1::RealServer& server : service.servers()) {
            for (const v1::Check& check : server.checks()) {
                auto spec = read_check(check);
                const std::string name = name_or(server.name(), server.address(), server.port());
                if (!spec) return spec.error().within("check of " + name);
                if (!seen.insert(spec->id).second) {
                    return core::Error("check of " + name + ": its id is taken");
                }
                spec->server = {server.id()};
                spec->server_name = name;
                spec->service_name =
                    service.name().empty() && service.key().has_fwmark()
                        ? "fwmark " + std::to_string(service.key().fwmark())
                        : name_or(service.name(), service.key().address(), service.key().port());
                spec->log_all_failures |= config.global().log_all_check_failures();
                specs.push_back(std::move(*spec));
            }
        }
    }
    return specs;
}

std::unique_ptr<Check> make_check(loop::Loop& loop, const CheckSpec& spec, std::uint32_t url,
                                  Check::Answered answered) {
    if (spec.kind == Kind::tcp) {
        return std::make_unique<TcpCheck>(loop, spec.target, std::move(answered));
    }
    const std::size_t index = url < spec.urls.size() ? url : 0;
    return std::make_unique<HttpCheck>(loop,
                                       HttpCheck::Request{.target = spec.target,
                                                          .url = spec.urls.at(index),
                                                          .version = spec.http_version,
                                                          .time_limit = time_limit(spec),
                                                          .limits = {}},
                                       std::move(answered));
}

}  // namespace holdfast::checkerd
