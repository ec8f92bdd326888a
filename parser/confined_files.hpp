#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/config/diagnostics.hpp"
#include "lib/config/system_access.hpp"

namespace holdfast::parser {

/// A path that the configuration names outside of the folders we may read, and where it does so.
struct NeededFolder {
    std::string path;
    std::string named_by;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

/// The files of this host below the given folders. What lies elsewhere is not read; the first such
/// path is remembered, so that the supervisor can decide about it. Programs may be looked at
/// everywhere, not read.
class ConfinedFiles : public config::SystemFiles {
  public:
    explicit ConfinedFiles(std::vector<std::string> folders);

    core::Result<std::string> read(const std::string& path) override;
    core::Result<std::string> read_start(const std::string& path, std::size_t limit) override;
    std::vector<std::string> glob(const std::string& pattern) override;
    void named_by(const config::Position& place) override { named_by_ = place; }

    [[nodiscard]] const std::optional<NeededFolder>& needed() const { return needed_; }

  private:
    bool may_read(const std::string& path);

    std::vector<std::string> folders_;  // resolved
    config::Position named_by_;
    std::optional<NeededFolder> needed_;
};

}  // namespace holdfast::parser
