#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "checkerd/check.hpp"
#include "checkerd/http_exchange.hpp"
#include "checkerd/tcp.hpp"
#include "checkerd/verdict.hpp"
#include "lib/core/ids.hpp"
#include "lib/core/result.hpp"

namespace holdfast::config::v1 {
class Config;
}

namespace holdfast::checkerd {

enum class Kind : std::uint8_t {
    tcp,
    http,
    /// Known to the configuration, not to this version: counts as up, and the configuration has
    /// warned.
    not_carried_out,
};

/// One check of one server as the configuration wants it: a value. Two specs that are equal are one
/// check, which a reload leaves alone.
struct CheckSpec {
    core::ObjectId id;
    core::ObjectId server;
    Kind kind = Kind::tcp;
    std::string keyword;       // "HTTP_GET"
    std::string server_name;   // "[192.0.2.1]:tcp:80"
    std::string service_name;  // "[198.51.100.1]:tcp:80"
    Target target;
    Rules rules;
    core::Interval warmup{};
    bool log_all_failures = false;
    std::vector<HttpUrl> urls;  // at least one for Kind::http
    HttpVersion http_version = HttpVersion::http_1_0;
    /// Over all settings of the check, so that a successor tells whether it was changed meanwhile.
    std::uint64_t fingerprint = 0;

    friend bool operator==(const CheckSpec&, const CheckSpec&) = default;
};

/// "HTTP_GET [192.0.2.1]:tcp:80 of [198.51.100.1]:tcp:80"
[[nodiscard]] std::string subject_of(const CheckSpec& spec);

/// All checks of a configuration in its order. Ranges are looked at again: an error refuses the
/// generation.
[[nodiscard]] core::Result<std::vector<CheckSpec>> read_checks(const config::v1::Config& config);

/// Starts one run; `url` counts from 0 and is looked at by HTTP_GET only.
using MakeCheck = std::function<std::unique_ptr<Check>(
    loop::Loop& loop, const CheckSpec& spec, std::uint32_t url, Check::Answered answered)>;
[[nodiscard]] std::unique_ptr<Check> make_check(loop::Loop& loop, const CheckSpec& spec,
                                                std::uint32_t url, Check::Answered answered);

}  // namespace holdfast::checkerd
