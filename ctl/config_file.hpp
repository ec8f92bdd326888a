#pragma once

#include <string>

#include "ctl/options.hpp"
#include "lib/config/load.hpp"
#include "lib/config/system_access.hpp"

namespace holdfast::ctl {

/// How a configuration is read here, with what it needs. Stays where it is.
class FileRequest {
  public:
    /// `file` by default the daemon's, as the node of --node. Of another node than this one the
    /// interfaces, users and programs are not doubted.
    FileRequest(const Options& options, const std::string& file);
    FileRequest(const FileRequest&) = delete;
    FileRequest& operator=(const FileRequest&) = delete;

    config::LoadRequest request;
    config::SystemFiles files;

  private:
    config::SystemHost host_;
};

/// A configuration read here, offline, as its node would read it.
struct ReadConfig {
    std::string file;  // absolute
    config::LoadResult result;
};

/// Reads `file` with a FileRequest; takes what the present user may read.
[[nodiscard]] ReadConfig read_config(const Options& options, const std::string& file);

/// All findings of a configuration as people read them, at most 20 or all; empty without any.
[[nodiscard]] std::string report_of(const ReadConfig& read, bool all);

}  // namespace holdfast::ctl
