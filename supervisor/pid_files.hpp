#pragma once

#include <sys/types.h>

#include <string>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"

namespace holdfast::supervisor {

/// One pid file: 0644, opened without following links, locked with an open-file-description lock
/// while it stands, removed when it goes. Its content is the decimal pid and one newline.
class PidFile {
  public:
    PidFile() = default;
    PidFile(PidFile&& other) noexcept = default;
    PidFile& operator=(PidFile&& other) noexcept;
    ~PidFile() { remove(); }

    /// EBUSY when another process holds the lock: keepalived's "already running".
    [[nodiscard]] static core::Result<PidFile> claim(const std::string& path);
    /// Writes `pid` afresh, so that its modification time says when the process was started.
    /// Where the file was removed meanwhile (tools do that) it is made again.
    [[nodiscard]] core::Status write(pid_t pid);
    void remove();

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
    core::UniqueFd file_;
};

}  // namespace holdfast::supervisor
