#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/ids.hpp"

namespace holdfast::config::v1 {
class TrackProcess;
}

/// Which processes a vrrp_track_process means. Pure.
namespace holdfast::supervisor {

struct ProcessPattern {
    enum class Parameters { any, exact, partial, initial };
    core::ObjectId id;
    std::vector<std::string> command;  // name or path, then parameters
    bool full_command = false;         // argv is compared, not the name
    Parameters parameters = Parameters::any;
};
[[nodiscard]] ProcessPattern pattern_of(const config::v1::TrackProcess& from);

/// One process as /proc shows it.
struct SeenProcess {
    std::string name;  // 15 octets at most
    std::vector<std::string> arguments;
};

/// The name is compared with the last component of the command, as far as a name goes. Of
/// parameters, `exact` wants the same, `partial` the same at the beginning, and with `initial` the
/// last of these may be the beginning of what the process has.
[[nodiscard]] bool matches(const ProcessPattern& pattern, const SeenProcess& process);

/// The name in a line of /proc/PID/stat; none of a process that has ended and waits for its parent.
[[nodiscard]] std::optional<std::string> name_in_stat(std::string_view line);
/// The words of /proc/PID/cmdline.
[[nodiscard]] std::vector<std::string> words_in_cmdline(std::string_view octets);

}  // namespace holdfast::supervisor
