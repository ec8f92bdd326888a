#include "ctl/daemon.hpp"

#include <cerrno>

#include <fmt/format.h>

#include "ctl/client.hpp"
#include "lib/config/shown.hpp"
#include "proto/shown_config.pb.h"

namespace holdfast::ctl {
namespace {

using messages::v1::CtlReply;
using messages::v1::CtlRequest;

core::Result<std::vector<CtlReply>> replies_to(const Options& options, messages::v1::Verb verb,
                                               const std::string& argument) {
    CtlRequest request;
    request.set_verb(verb);
    request.set_wait(options.wait);
    if (!argument.empty()) request.set_argument(argument);
    return ask(options.run_folder, request, options.timeout);
}

}  // namespace

core::Result<Answer> question(const Options& options, messages::v1::Verb verb,
                              const std::string& argument) {
    auto replies = replies_to(options, verb, argument);
    if (!replies) return replies.error();
    return assemble(*replies);
}

core::Result<RunningConfig> running_config(const Options& options) {
    const auto replies = replies_to(options, messages::v1::VERB_SHOW_CONFIG, "");
    if (!replies) return replies.error();
    std::string bytes;
    for (const CtlReply& reply : *replies) bytes += reply.config();
    if (const CtlReply& last = replies->back(); last.exit_status() != 0) {
        return core::Error(last.message(), EAGAIN);
    }
    messages::v1::ShownConfig shown;
    if (!shown.ParseFromString(bytes)) {
        return core::Error::from_errno(EBADMSG, "running configuration (another version?)");
    }
    return RunningConfig{config::restored(shown), shown.config_id()};
}

std::string file_of_daemon(const Options& options) {
    const auto answer = question(options, messages::v1::VERB_SHOW_PROCESSES);
    return answer ? answer->processes.configuration_file() : "";
}

int fail_to_ask(const Console& console, const core::Error& error) {
    const std::string& folder = console.options.run_folder;
    switch (error.code()) {
        case ENOENT:
        case ECONNREFUSED:
            return console.fail(kNotRunning,
                                fmt::format("holdfast is not running in {} (give --run-dir or "
                                            "--pid if it was started with one): {}",
                                            folder, error.text()));
        case EACCES:
        case EPERM:
            return console.fail(kNotPermitted,
                                error.text() + " (be root or in the group of the socket)");
        case ETIMEDOUT:
            return console.fail(kTimedOut, error.text());
        case EAGAIN:
            return console.fail(kRefused, error.text());
        default:
            return console.fail(kInternal, error.text());
    }
}

}  // namespace holdfast::ctl
