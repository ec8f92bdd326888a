#include "supervisor/start_up.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>

#include "lib/core/text.hpp"
#include "supervisor/daemonize.hpp"
#include "supervisor/supervisor.hpp"

namespace holdfast::supervisor {
namespace {

using messages::v1::Diagnostic;

// keepalived's.
constexpr int kFailed = 1;
constexpr int kBadConfiguration = 2;
constexpr int kNoConfiguration = 6;
// Findings that the log shows of one load.
constexpr std::size_t kShownFindings = 20;

/// Signals that do nothing yet, or never: none of them may end us.
constexpr int kHarmless[] = {SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGVTALRM, SIGPROF, SIGIO};

void ignore_harmless_signals() {
    for (const int number : kHarmless) ::signal(number, SIG_IGN);
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) ::signal(number, SIG_IGN);
}

void prepare_process(const Options& options) {
    ignore_harmless_signals();
    ::prctl(PR_SET_NAME, options.drop_in ? "keepalived" : "holdfast", 0, 0, 0);
    if (options.umask) ::umask(*options.umask);
    const rlimit core{options.core_dump ? RLIM_INFINITY : 0, RLIM_INFINITY};
    if (options.core_dump) ::setrlimit(RLIMIT_CORE, &core);
}

/// keepalived's exit status for a configuration that it does not start with.
int status_of_refusal(const std::vector<Diagnostic>& diagnostics) {
    // Without a main file, or when an include fails that must not.
    const auto is_include = [](const Diagnostic& found) {
        return found.severity() == Diagnostic::FATAL &&
               (found.class_name() == "no_configuration" || found.status() == kNoConfiguration);
    };
    return std::ranges::any_of(diagnostics, is_include) ? kNoConfiguration : kBadConfiguration;
}

std::string why_not(const Findings& findings, const std::string& file) {
    const Findings reasons = reasons_to_refuse({}, findings);
    return reasons.empty() ? file + " cannot be used" : line_of(reasons);
}

/// Signals and the supervisor while it is there; before that a stop is remembered.
class Signals {
  public:
    Signals(loop::Loop& loop, bool heed_interrupt)
        : hangup_(loop, SIGHUP,
                  [this] {
                      if (target_ != nullptr) target_->reload();
                  }),
          terminate_(loop, SIGTERM, [this] { stop(); }) {
        if (heed_interrupt) {
            interrupt_ = std::make_unique<loop::SignalWatch>(loop, SIGINT, [this] { stop(); });
        } else {
            ::signal(SIGINT, SIG_IGN);
        }
    }
    void serve(Supervisor* target) { target_ = target; }
    [[nodiscard]] bool stop_wished() const { return stop_wished_; }

  private:
    void stop() {
        stop_wished_ = true;
        if (target_ != nullptr) target_->stop(0);
    }
    Supervisor* target_ = nullptr;
    bool stop_wished_ = false;
    loop::SignalWatch hangup_;
    loop::SignalWatch terminate_;
    std::unique_ptr<loop::SignalWatch> interrupt_;
};

/// One start, step by step; each step may end it with an exit status.
class StartUp {
  public:
    explicit StartUp(const Options& options)
        : options_(options),
          paths_(paths_of(options)),
          service_manager_(SdNotify::from_environment()),
          sinks_(LogSinks::choose(options.log_console, options.no_syslog)),
          background_(options.foreground
                          ? Background::none()
                          : Background::enter(sinks_.kind() == LogSinks::Kind::console)) {}

    int run();

  private:
    int fail(int status, const std::string& text);
    std::optional<int> claim_pid_file();
    std::optional<int> claim_run_dir();
    std::optional<int> load(loop::Loop& loop, const Signals& signals);
    void tell_start() const;
    void dump(const config::v1::Config& config) const;

    const Options& options_;
    Paths paths_;
    SdNotify service_manager_;
    LogSinks sinks_;
    Background background_;
    std::unique_ptr<log::Logger> log_ = log::make_null_logger();
    PidFile pid_file_;
    std::optional<RunDir> run_dir_;
    std::optional<StateFiles> state_files_;
    ConfigPtr config_;
};

int StartUp::fail(int status, const std::string& text) {
    log_->error("START_FAILED", text);
    // Whoever started us in the background reads standard error, not the journal.
    if (sinks_.kind() != LogSinks::Kind::console) std::fprintf(stderr, "%s\n", text.c_str());
    background_.report(status);
    return status;
}

std::optional<int> StartUp::claim_pid_file() {
    auto pid_file = PidFile::claim(paths_.main_pid_file);
    if (!pid_file) {
        if (pid_file.error().code() != EBUSY) return fail(kFailed, pid_file.error().text());
        return fail(0, "daemon is already running: " + pid_file.error().text());
    }
    pid_file_ = std::move(*pid_file);
    return std::nullopt;
}

/// Only with a configuration in hand: the daemons of a lost supervisor that were told to go on do
/// so meanwhile, and give up in order what nobody is going to take over.
std::optional<int> StartUp::claim_run_dir() {
    auto run_dir = RunDir::open(paths_.run_dir);
    if (!run_dir) return fail(kFailed, run_dir.error().text());
    run_dir_.emplace(std::move(*run_dir));
    if (run_dir_->found() == RunDir::Found::orphans) {
        log_->warning("TAKEOVER", "the daemons of a lost supervisor were ended");
    }
    if (core::Status written = pid_file_.write(::getpid()); !written) {
        return fail(kFailed, written.error().text());
    }
    auto state_files = StateFiles::in(paths_.run_dir);
    if (state_files) {
        state_files_.emplace(std::move(*state_files));
    } else {
        log_->warning("STATE_FILE", state_files.error().text());
    }
    return std::nullopt;
}

std::optional<int> StartUp::load(loop::Loop& loop, const Signals& signals) {
    std::optional<ParseOutcome> outcome;
    Parsing parsing(loop, sinks_, parse_task(options_),
                    [&](ParseOutcome result) { outcome = std::move(result); });
    loop.run_until([&] { return outcome.has_value() || signals.stop_wished(); });
    if (signals.stop_wished()) return 0;
    if (!outcome) return fail(kFailed, "the configuration was not read");
    for (const std::string& found : shown_of(outcome->diagnostics, kShownFindings)) {
        log_->warning("CONFIG", first_line(found));
    }
    if (outcome->failure) return fail(kFailed, outcome->failure->text());
    if (!outcome->config) {
        return fail(status_of_refusal(outcome->diagnostics),
                    "not started: " + why_not(outcome->diagnostics, paths_.config_file));
    }
    if (options_.dump_config) dump(outcome->config->own);
    outcome->config->generation = 1;
    config_ = std::move(outcome->config);
    return std::nullopt;
}

void StartUp::tell_start() const {
    log_->notice("START", fmt::format("version={} configuration={} run_dir={}", HOLDFAST_VERSION,
                                      paths_.config_file, paths_.run_dir));
    if (!options_.log_console && sinks_.kind() == LogSinks::Kind::console) {
        log_->warning("LOG_CONSOLE", "no journal on this host: logging to standard error");
    }
    for (const std::string& option : options_.without_effect) {
        log_->info("OPTION", "without effect here: " + option);
    }
}

/// -d: the objects as the daemons get them.
void StartUp::dump(const config::v1::Config& config) const {
    const std::string text = dump_of(config);
    for (const std::string_view line : core::split(text, '\n')) {
        if (!line.empty()) log_->info("CONFIG_DUMP", line);
    }
}

int StartUp::run() {
    log_ = sinks_.make_logger(options_.drop_in ? "Keepalived" : "holdfast");
    if (options_.log_detail >= 2) log_->set_level(log::Level::debug);
    if (const auto status = claim_pid_file()) return *status;
    tell_start();
    loop::Loop loop;
    Signals signals(loop, !options_.ignore_sigint);
    if (const auto status = load(loop, signals)) return *status;
    if (const auto status = claim_run_dir()) return *status;
    if (!config_->needs(ipc::Peer::ipvsd)) {
        log_->warning("CONFIG_EMPTY", paths_.config_file + " configures nothing to do");
    }
    Supervisor supervisor({loop, *log_, sinks_, options_, paths_, *run_dir_,
                           state_files_ ? &*state_files_ : nullptr, service_manager_,
                           parse_task(options_),
                           [this](int status) { background_.report(status); }});
    signals.serve(&supervisor);
    const int status = supervisor.run(config_);
    signals.serve(nullptr);
    return status;  // the pid file goes last, with this object
}

}  // namespace

int run_daemon(const Options& given) {
    prepare_process(given);
    Options options = given;
    options.config_file = paths_of(given).config_file;  // in the background it lies elsewhere
    return StartUp(options).run();
}

}  // namespace holdfast::supervisor
