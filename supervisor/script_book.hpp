#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/result.hpp"
#include "lib/log/logger.hpp"
#include "proto/config.pb.h"
#include "supervisor/script_process.hpp"

namespace holdfast::supervisor {

/// The programs of one configuration, each looked at once for each user: found, its user known,
/// safe for root. What is wrong is told once when the configuration is loaded; a script that must
/// not run stays out until the next load, as with keepalived.
class ScriptBook {
  public:
    ScriptBook() = default;
    /// Looks at every script of `config` and logs what is wrong with it.
    ScriptBook(const config::v1::Config& config, log::Logger& log, mode_t umask);

    /// The program to run with `added` after its own words; the error says why it is disabled.
    [[nodiscard]] core::Result<ScriptCommand> command(const config::v1::Script& script,
                                                      const std::vector<std::string>& added) const;

  private:
    struct Entry {
        std::optional<ScriptCommand> command;  // without the words after the program
        std::string reason;                    // why there is none
    };
    void examine(const config::v1::Script& script, log::Logger& log);
    [[nodiscard]] core::Result<ScriptCommand> resolve(const config::v1::Script& script,
                                                      log::Logger& log);

    std::string default_user_;
    std::string default_group_;
    bool security_ = false;
    bool keep_links_ = false;  // use_symlink_paths
    bool all_groups_ = false;  // set_supplementary_groups
    bool any_as_root_ = false;
    mode_t umask_ = 0;
    std::map<std::string, Entry> entries_;
};

}  // namespace holdfast::supervisor
