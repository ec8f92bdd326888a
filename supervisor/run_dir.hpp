#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"

namespace holdfast::supervisor {

/// One line of RUN_DIR/children: a process by pid and start time, which together name it for ever.
struct KnownProcess {
    std::string role;  // "supervisor" for the supervisor itself
    pid_t pid = 0;
    unsigned long long start_time = 0;
    friend bool operator==(const KnownProcess&, const KnownProcess&) = default;
};

/// What RUN_DIR/children says: who runs here, and how long orphans go on.
struct ChildrenFile {
    std::chrono::milliseconds restart_grace{};
    std::vector<KnownProcess> processes;
    friend bool operator==(const ChildrenFile&, const ChildrenFile&) = default;
};
[[nodiscard]] std::string to_text(const ChildrenFile& file);
/// Lines that make no sense are passed over: the file may be half of one.
[[nodiscard]] ChildrenFile parse_children(const std::string& text);

/// The run-time folder of this copy: sockets, lock, state/, empty/, children. Holds the lock while
/// it lives; the daemons inherit the same open file description, so the lock lasts until the last
/// of them has ended.
class RunDir {
  public:
    /// How the folder was found.
    enum class Found {
        fresh,    // nobody was here
        orphans,  // a lost supervisor's daemons were ended to get the lock
    };

    /// Makes what is missing (0755, state/ 0700, whatever the umask), takes the lock, and ends the
    /// orphans of a lost supervisor: at once when they were told to go on for a while, else after
    /// waiting 500 ms for them to end by themselves. EBUSY when another supervisor lives here.
    [[nodiscard]] static core::Result<RunDir> open(const std::string& path);

    RunDir(RunDir&&) = default;
    RunDir& operator=(RunDir&&) = default;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] int lock() const { return lock_.get(); }
    /// O_PATH descriptor of the empty folder that the daemons change their root to.
    [[nodiscard]] int empty_folder() const { return empty_.get(); }
    [[nodiscard]] Found found() const { return found_; }
    /// What the last supervisor left in children: how long its daemons were to go on.
    [[nodiscard]] const ChildrenFile& predecessors() const { return predecessors_; }

    /// Replaces RUN_DIR/children (root, 0600) atomically.
    [[nodiscard]] core::Status write_children(const ChildrenFile& file) const;
    /// A clean stop: everything in it goes, and the folder itself where it was made for one copy
    /// alone (/run/holdfast/i-HASH).
    void clear() const;

  private:
    RunDir() = default;
    core::Status take_lock();

    std::string path_;
    core::UniqueFd lock_;
    core::UniqueFd empty_;
    Found found_ = Found::fresh;
    ChildrenFile predecessors_;
};

/// Makes `path` and what is missing above it, 0755 and ours, or says who is in the way.
[[nodiscard]] core::Status make_folder(const std::string& path, mode_t mode);

}  // namespace holdfast::supervisor
