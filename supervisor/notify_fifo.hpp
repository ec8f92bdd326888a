#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"

namespace holdfast::supervisor {

/// One named pipe that others read lines from. Open for reading as well, so that neither a missing
/// reader nor one that comes and goes is an error; never waited for. It is made when it is missing,
/// and removed with this object if this object made it.
class NotifyFifo {
  public:
    struct Wish {
        std::string path;
        uid_t uid = 0;  // whose it is when we make it
        gid_t gid = 0;
        friend bool operator==(const Wish&, const Wish&) = default;
    };

    /// Refuses what is no pipe, a symbolic link, and a pipe that belongs neither to us nor to
    /// `wish.uid`: the errors say so. `mode` is of one that is made here.
    [[nodiscard]] static core::Result<NotifyFifo> open(Wish wish, mode_t mode);

    ~NotifyFifo();
    NotifyFifo(NotifyFifo&& other) noexcept;
    NotifyFifo& operator=(NotifyFifo&& other) noexcept;
    NotifyFifo(const NotifyFifo&) = delete;
    NotifyFifo& operator=(const NotifyFifo&) = delete;

    [[nodiscard]] const Wish& wish() const { return wish_; }
    /// The whole line, or nothing of it: false when the pipe is full.
    [[nodiscard]] bool write(std::string_view line) const;

  private:
    NotifyFifo(Wish wish, core::UniqueFd pipe, bool made);
    void remove() const;

    Wish wish_;
    core::UniqueFd pipe_;
    bool made_ = false;
};

}  // namespace holdfast::supervisor
