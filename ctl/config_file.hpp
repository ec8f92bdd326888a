#pragma once

#include <string>

#include "ctl/options.hpp"
#include "lib/config/load.hpp"

namespace holdfast::ctl {

/// A configuration read here, offline, as its node would read it.
struct ReadConfig {
    std::string file;  // absolute
    config::LoadResult result;
};

/// Reads `file`, by default the daemon's, as the node of --node. Of another node than this one the
/// interfaces, users and programs are not doubted. Takes what the present user may read.
[[nodiscard]] ReadConfig read_config(const Options& options, const std::string& file);

/// All findings of a configuration as people read them, at most 20 or all; empty without any.
[[nodiscard]] std::string report_of(const ReadConfig& read, bool all);

}  // namespace holdfast::ctl
