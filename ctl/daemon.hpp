#pragma once

#include <memory>

#include "ctl/answer.hpp"
#include "ctl/console.hpp"
#include "lib/config/written.hpp"

namespace holdfast::ctl {

/// Asks the running copy of the options one thing; the parts of its answer put together.
[[nodiscard]] core::Result<Answer> question(const Options& options, messages::v1::Verb verb,
                                            const std::string& argument = "");

/// What the daemons work with, as it was written; secrets are masked.
struct RunningConfig {
    std::shared_ptr<const config::Written> written;
    std::string config_id;  // as which node it was read
};
[[nodiscard]] core::Result<RunningConfig> running_config(const Options& options);

/// The file that the running copy reads; empty when nobody answers.
[[nodiscard]] std::string file_of_daemon(const Options& options);

/// Says why nobody answered; the exit status.
int fail_to_ask(const Console& console, const core::Error& error);

}  // namespace holdfast::ctl
