#pragma once

#include <cstdio>
#include <string_view>

#include "ctl/options.hpp"

namespace holdfast::ctl {

class Json;

/// Where a verb writes: results to `out`, complaints to `complaints`.
struct Console {
    const Options& options;
    std::FILE* out;
    std::FILE* complaints;

    /// A line on stderr; in JSON mode an error object on stdout as well.
    int fail(ExitStatus status, std::string_view text) const;
    /// One JSON value and a newline, in the style that was asked for.
    void print(const Json& value) const;
    [[nodiscard]] bool for_machines() const { return options.format != Format::table; }
};

}  // namespace holdfast::ctl
