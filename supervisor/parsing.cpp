#include "supervisor/parsing.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "lib/core/config_file.hpp"
#include "supervisor/environment.hpp"
#include "supervisor/paths.hpp"
#include "supervisor/roles.hpp"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;
using messages::v1::Diagnostic;

// Names are resolved while parsing, so this is long; a parser that hangs is ended.
constexpr core::Interval kParseLimit = 120s;
constexpr std::size_t kMostFolders = 33;
// Twice what the loader tells before it gives up.
constexpr std::size_t kMostDiagnostics = 10000;
// Twenty findings with all their lines.
constexpr std::size_t kLongestReport = 1024UL * 1024;
enum Memory : std::size_t { kVrrpd, kCheckerd, kIpvsd, kSupervisor, kWritten, kMemories };

/// The folder of a file or pattern: the nearest existing folder above the last plain component.
std::string folder_of(const std::string& path) {
    std::filesystem::path folder(path);
    const std::size_t wildcard = path.find_first_of("*?[{");
    if (wildcard != std::string::npos) folder = path.substr(0, wildcard) + "x";
    std::error_code ignored;
    while (!std::filesystem::is_directory(folder, ignored) && folder.has_relative_path()) {
        folder = folder.parent_path();
    }
    return folder.string();
}

/// Root's or ours, and nobody else may write to it; a sticky folder such as /tmp is tolerated.
core::Status check_component(const std::filesystem::path& path) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) return core::Error::last("look at " + path.string());
    if (found.st_uid != 0 && found.st_uid != ::geteuid()) {
        return core::Error(path.string() + " does not belong to root", EPERM);
    }
    if (S_ISLNK(found.st_mode)) return core::Done{};
    const bool sticky = S_ISDIR(found.st_mode) && (found.st_mode & S_ISVTX) != 0;
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky) {
        return core::Error(path.string() + " can be written by others", EPERM);
    }
    return core::Done{};
}

core::Status check_path(const std::string& path) {
    std::filesystem::path walked;
    for (const std::filesystem::path& component : std::filesystem::path(path)) {
        walked /= component;
        if (core::Status fits = check_component(walked); !fits) return fits;
    }
    return core::Done{};
}

core::Result<ConfigMemory> sealed(core::UniqueFd memory) {
    if (core::Status done = ipc::seal(memory.get()); !done) return done.error();
    core::Result<ipc::Digest> digest = ipc::digest_of(memory.get());
    if (!digest) return digest.error();
    if (digest->size > ipc::kMaxSealed) return core::Error("configuration is too large", EFBIG);
    return ConfigMemory{std::move(memory), *digest};
}

core::Result<config::v1::Config> read_config(const ConfigMemory& part) {
    core::Result<std::string> bytes = ipc::read_sealed(part.memory.get(), part.digest);
    if (!bytes) return bytes.error();
    config::v1::Config config;
    if (!config.ParseFromString(*bytes)) return core::Error("not a configuration", EBADMSG);
    return config;
}

core::Result<ConfigMemory> written(const char* name, const config::v1::Config& config) {
    core::Result<core::UniqueFd> memory = ipc::make_memory(name);
    if (!memory) return memory.error();
    if (core::Status done = ipc::write_all(memory->get(), config.SerializeAsString()); !done) {
        return done.error();
    }
    return sealed(std::move(memory).value());
}

Diagnostic refusal(const messages::v1::NeedFolder& need, const core::Error& why) {
    Diagnostic refused;
    refused.set_severity(Diagnostic::FATAL);
    refused.set_file(need.named_by());
    refused.set_class_name("include");
    refused.set_status(6);
    refused.set_text(fmt::format("cannot include {}: {}", need.path(), why.text()));
    refused.set_line(need.line());
    refused.set_column(need.column());
    refused.set_object(need.path());
    refused.set_rendered(fmt::format("{}:{}:{}: fatal: {}\n", need.named_by(), need.line(),
                                     need.column(), refused.text()));
    return refused;
}

std::vector<std::string> role_environment() {
    std::vector<std::string> environment;
    for (const char* name : {"PATH", "HOLDFAST_SANDBOX"}) {
        if (const char* value = ::getenv(name))
            environment.push_back(fmt::format("{}={}", name, value));
    }
    return environment;
}

/// Where the service manager put the credentials of the unit; empty without any.
std::string credentials_folder() {
    const char* folder = ::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr || *folder != '/' || !check_path(folder)) return {};
    return folder;
}

}  // namespace

ParseTask parse_task(const Options& options) {
    ParseTask task;
    task.file = paths_of(options).config_file;
    task.config_id = options.config_id.empty() ? core::default_config_id() : options.config_id;
    task.all_include_checks = options.all_include_checks;
    task.with_vrrp = !options.checks_only;
    task.with_services = !options.vrrp_only;
    task.arguments = options.arguments;
    return task;
}

core::Result<std::string> trusted_folder(const std::string& path, const std::string& named_by) {
    if (path.empty() || path.front() != '/') return core::Error("not an absolute path", EINVAL);
    const std::string folder = folder_of(path);
    for (const std::string& checked : {named_by, folder}) {
        if (core::Status fits = check_path(checked); !fits) return fits.error();
        std::error_code failure;
        const std::filesystem::path real = std::filesystem::canonical(checked, failure);
        if (failure) return core::Error::from_errno(failure.value(), "resolve " + checked);
        if (core::Status fits = check_path(real.string()); !fits) return fits.error();
    }
    return folder;
}

Parsing::Parsing(loop::Loop& loop, const LogSinks& sinks, ParseTask task,
                 std::function<void(ParseOutcome)> done)
    : loop_(loop),
      sinks_(sinks),
      task_(std::move(task)),
      done_(std::move(done)),
      // What stands there in place of the file may be a folder; the parser will say so.
      folders_{folder_of(std::filesystem::path(task_.file).parent_path().string())},
      limit_(loop, [this] { fail(core::Error("the parser took too long", ETIMEDOUT)); }),
      again_(loop, [this] { start_again(); }) {
    if (std::string folder = credentials_folder(); !folder.empty()) {
        folders_.push_back(std::move(folder));
    }
    limit_.after(kParseLimit);
    if (core::Status started = start(); !started) fail(started.error());
}

Parsing::~Parsing() = default;

core::Status Parsing::make_memories() {
    memories_.clear();
    if (task_.test) return core::Done{};
    for (const char* name : {"vrrpd", "checkerd", "ipvsd", "supervisor", "written"}) {
        core::Result<core::UniqueFd> memory = ipc::make_memory(name);
        if (!memory) return memory.error();
        memories_.push_back(std::move(memory).value());
    }
    return core::Done{};
}

core::Status Parsing::start() {
    outcome_.diagnostics.clear();
    outcome_.report.clear();
    need_.reset();
    if (core::Status made = make_memories(); !made) return made;
    const RoleSpec& role = role_of(ipc::Peer::parser);
    core::Result<Program> program = open_program(role);
    core::Result<core::UniqueFd> log = sinks_.open_one();
    core::Result<ipc::Pair> pair = ipc::make_pair();
    if (!program) return program.error();
    if (!log) return log.error();
    if (!pair) return pair.error();

    LaunchPlan plan;
    plan.program = program->file.get();
    plan.name = program->path;
    plan.arguments = {"--"};
    plan.arguments.insert(plan.arguments.end(), task_.arguments.begin(), task_.arguments.end());
    plan.environment = role_environment();
    plan.channel = pair->second.get();
    plan.log = log->get();
    plan.keep_standard_error = sinks_.kind() == LogSinks::Kind::console;
    if (::geteuid() == 0) {
        plan.descent = sandbox::descent_of(role.user, sandbox::account_of(role.user));
    }
    core::Result<Launched> launched = launch(plan);
    if (!launched) return launched.error();

    child_ = std::make_unique<Child>(loop_, std::move(launched).value(),
                                     [this](ExitStatus how) { ended(how); });
    channel_ = std::make_unique<ipc::Channel>(
        loop_, std::move(pair->first), ipc::Peer::parser, ipc::Channel::Limits{},
        ipc::Channel::Handlers{[this](ipc::Channel::Frame frame) { return received(frame.bytes); },
                               [this](const core::Error& why) {
                                   if (why.code() != 0 && !parsed_)
                                       outcome_.failure = why.within("parser");
                                   if (child_) child_->signal(SIGKILL);
                               }});
    return send_request();
}

core::Status Parsing::send_request() {
    messages::v1::ToParser message;
    messages::v1::ParseRequest& request = *message.mutable_parse();
    request.set_file(task_.file);
    request.set_config_id(task_.config_id);
    request.set_all_include_checks(task_.all_include_checks);
    request.set_test(task_.test);
    for (EnvironmentEntry& entry : handed_environment(environ)) {
        auto& variable = *request.add_environment();
        variable.set_name(std::move(entry.name));
        variable.set_value(std::move(entry.value));
    }
    std::vector<core::UniqueFd> opened;
    std::vector<int> descriptors;
    for (const core::UniqueFd& memory : memories_) descriptors.push_back(memory.get());
    for (const std::string& folder : folders_) {
        core::UniqueFd path(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!path) continue;  // a missing folder is the parser's finding, not ours
        request.add_folders(folder);
        descriptors.push_back(path.get());
        opened.push_back(std::move(path));
    }
    return channel_->send(message, descriptors);
}

core::Status Parsing::received(const std::string& frame) {
    messages::v1::ToSupervisor message;
    if (core::Status parsed = ipc::parse(frame, message); !parsed) return parsed;
    switch (message.body_case()) {
        case messages::v1::ToSupervisor::kHello:
            return core::Done{};
        case messages::v1::ToSupervisor::kDiagnostic:
            if (outcome_.diagnostics.size() == kMostDiagnostics) {
                return core::Error::from_errno(EDQUOT, "too many findings");
            }
            outcome_.diagnostics.push_back(message.diagnostic());
            return core::Done{};
        case messages::v1::ToSupervisor::kReportText:
            return take_report(message.report_text());
        case messages::v1::ToSupervisor::kNeedFolder:
            return take_request(message.need_folder());
        case messages::v1::ToSupervisor::kParseDone:
            parsed_ = true;
            usable_ = message.parse_done().usable() && message.parse_done().fatal() == 0;
            outcome_.test_status = message.parse_done().test_status();
            child_->signal(SIGKILL);  // it has said everything; nothing writes to the memory now
            return core::Done{};
        default:
            return core::Error::from_errno(EPERM, "message not open to the parser");
    }
}

core::Status Parsing::take_report(const messages::v1::ReportText& part) {
    if (!task_.test || outcome_.report.size() + part.text().size() > kLongestReport) {
        return core::Error::from_errno(EDQUOT, "report of the findings");
    }
    outcome_.report += part.text();
    return core::Done{};
}

core::Status Parsing::take_request(const messages::v1::NeedFolder& need) {
    if (need_) return core::Error::from_errno(EPROTO, "second folder asked for in one run");
    need_ = need;
    child_->signal(SIGKILL);
    return core::Done{};
}

void Parsing::ended(ExitStatus how) {
    channel_->drain();  // what it said before its end
    if (finished_) return;
    if (outcome_.failure) return finish();
    if (need_) return add_folder();
    if (!parsed_) return fail(core::Error(fmt::format("the parser ended with {}", how.text())));
    if (task_.test) return finish();
    collect();
}

void Parsing::add_folder() {
    core::Result<std::string> folder = trusted_folder(need_->path(), need_->named_by());
    const bool repeated = folder.ok() && std::ranges::find(folders_, *folder) != folders_.end();
    if (!folder || repeated || folders_.size() >= kMostFolders) {
        const core::Error why = !folder ? folder.error() : core::Error("too many folders", E2BIG);
        outcome_.diagnostics.push_back(refusal(*need_, why));
        outcome_.test_status = 6;
        return finish();
    }
    folders_.push_back(*folder);
    again_.after({});
}

void Parsing::start_again() {
    if (finished_) return;
    channel_.reset();
    child_.reset();
    if (core::Status started = start(); !started) fail(started.error());
}

void Parsing::collect() {
    if (!usable_ || task_.test) return finish();
    auto config = std::make_shared<LoadedConfig>();
    std::vector<ConfigMemory> parts;
    for (core::UniqueFd& memory : memories_) {
        core::Result<ConfigMemory> part = sealed(std::move(memory));
        if (!part) return fail(part.error());
        parts.push_back(std::move(part).value());
    }
    core::Result<config::v1::Config> own = read_config(parts[kSupervisor]);
    if (!own) return fail(own.error());
    if (!task_.with_vrrp || !task_.with_services) {
        keep_only(task_.with_vrrp, task_.with_services, *own);
        core::Result<config::v1::Config> ipvsd = read_config(parts[kIpvsd]);
        if (!ipvsd) return fail(ipvsd.error());
        keep_only(task_.with_vrrp, task_.with_services, *ipvsd);
        core::Result<ConfigMemory> part = written("ipvsd", *ipvsd);
        if (!part) return fail(part.error());
        parts[kIpvsd] = std::move(part).value();
    }
    if (core::Status fits = check_ranges(*own); !fits) return fail(fits.error());
    config->own = std::move(own).value();
    config->vrrpd = std::move(parts[kVrrpd]);
    config->checkerd = std::move(parts[kCheckerd]);
    config->ipvsd = std::move(parts[kIpvsd]);
    config->written = std::move(parts[kWritten]);
    config->diagnostics = outcome_.diagnostics;
    outcome_.config = std::move(config);
    finish();
}

void Parsing::fail(const core::Error& why) {
    outcome_.failure = why;
    finish();
}

void Parsing::finish() {
    if (finished_) return;
    finished_ = true;
    limit_.cancel();
    if (child_) child_->signal(SIGKILL);
    loop_.defer([done = std::move(done_), outcome = std::make_shared<ParseOutcome>(
                                              std::move(outcome_))] { done(std::move(*outcome)); });
}

}  // namespace holdfast::supervisor
