#pragma once

#include <sys/types.h>

#include <optional>

namespace holdfast::config::v1 {
class GlobalDefs;
}

namespace holdfast::supervisor {

/// What files that we make give to whom, and what scripts are started with.
struct FileRights {
    mode_t pipe = 0600;         // notify_fifo: 0644 less the umask
    mode_t number = 0600;       // init_file: 0666 less the umask
    mode_t script_umask = 022;  // keepalived's scripts have its own
};

/// Pure. `option` is -u, which counts more than the setting `umask`; with neither it is
/// keepalived's 0177, but for scripts, whose files nobody else could read then.
[[nodiscard]] FileRights file_rights(std::optional<mode_t> option,
                                     const config::v1::GlobalDefs& global);

}  // namespace holdfast::supervisor
