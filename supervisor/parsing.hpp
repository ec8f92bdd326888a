#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/result.hpp"
#include "lib/ipc/channel.hpp"
#include "lib/loop/loop.hpp"
#include "supervisor/child.hpp"
#include "supervisor/loaded_config.hpp"
#include "supervisor/log_sinks.hpp"
#include "supervisor/options.hpp"

namespace holdfast::supervisor {

/// What is to be read, and how.
struct ParseTask {
    std::string file;  // absolute, or a glob pattern
    std::string config_id;
    bool test = false;                   // only the findings are wanted, as one text
    bool all_include_checks = false;     // -e
    bool with_vrrp = true;               // false with -C
    bool with_services = true;           // false with -P
    std::vector<std::string> arguments;  // the supervisor's own, shown after `--`
};

/// What the command line asks for.
[[nodiscard]] ParseTask parse_task(const Options& options);

struct ParseOutcome {
    /// Nothing when the configuration cannot be used, and after a test.
    std::shared_ptr<LoadedConfig> config;
    Findings diagnostics;
    std::string report;  // of a test
    unsigned test_status = 0;
    /// The parser itself failed: it could not be started, died, or broke its protocol.
    std::optional<core::Error> failure;
};

/// One load of the configuration by the short-lived parser: gives it memory to write into and the
/// folders it may read, starts it again with one folder more when it asks for that, and ends with
/// sealed, digested and range-checked parts. Nothing of the configuration's text is read here.
class Parsing {
  public:
    /// `done` is called once, in a turn of its own; it may destroy the Parsing.
    Parsing(loop::Loop& loop, const LogSinks& sinks, ParseTask task,
            std::function<void(ParseOutcome)> done);
    ~Parsing();
    Parsing(const Parsing&) = delete;
    Parsing& operator=(const Parsing&) = delete;

  private:
    core::Status start();
    void start_again();
    core::Status make_memories();
    core::Status received(const std::string& frame);
    core::Status take_report(const messages::v1::ReportText& part);
    core::Status take_request(const messages::v1::NeedFolder& need);
    core::Status send_request();
    void ended(ExitStatus how);
    void add_folder();
    void collect();
    void fail(const core::Error& why);
    void finish();

    loop::Loop& loop_;
    const LogSinks& sinks_;
    ParseTask task_;
    std::function<void(ParseOutcome)> done_;
    ParseOutcome outcome_;
    std::vector<std::string> folders_;
    std::vector<core::UniqueFd> memories_;
    std::unique_ptr<Child> child_;
    std::unique_ptr<ipc::Channel> channel_;
    loop::Timer limit_;
    loop::Timer again_;  // a new run must not begin inside the callback of the old one
    std::optional<messages::v1::NeedFolder> need_;
    bool parsed_ = false;
    bool usable_ = false;
    bool finished_ = false;
};

/// The folder that an include needs, if it and the file that names it may be trusted: each
/// component belongs to root (or to us) and can be written by nobody else.
[[nodiscard]] core::Result<std::string> trusted_folder(const std::string& path,
                                                       const std::string& named_by);

}  // namespace holdfast::supervisor
