#pragma once

#include <string>
#include <vector>

#include "ctl/options.hpp"
#include "lib/config/load.hpp"
#include "lib/config/system_access.hpp"

namespace holdfast::ctl {

/// The files of this host, and standard input as one more.
class InputFiles : public config::SystemFiles {
  public:
    /// Reads standard input to its end; from now on `path` is that.
    void read_input(std::string path);

    core::Result<std::string> read(const std::string& path) override;
    core::Result<std::string> read_start(const std::string& path, std::size_t limit) override;
    core::Result<config::FileKind> inspect(const std::string& path) override;
    std::vector<std::string> glob(const std::string& pattern) override;

  private:
    std::string path_;
    core::Result<std::string> text_ = std::string();
};

/// How a configuration is read here, with what it needs. Stays where it is.
class FileRequest {
  public:
    /// `file` by default the daemon's, `-` standard input, as the node of --node. Of another node
    /// than this one the interfaces, users and programs are not doubted.
    FileRequest(const Options& options, const std::string& file);
    FileRequest(const FileRequest&) = delete;
    FileRequest& operator=(const FileRequest&) = delete;

    config::LoadRequest request;
    InputFiles files;

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
