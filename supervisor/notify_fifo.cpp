#include "supervisor/notify_fifo.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace holdfast::supervisor {
namespace {

/// True: it was not there before.
core::Result<bool> make(const NotifyFifo::Wish& wish, mode_t mode) {
    const mode_t before = ::umask(0);
    const int made = ::mkfifo(wish.path.c_str(), mode);
    const int failure = errno;
    ::umask(before);
    if (made == 0) return true;
    if (failure == EEXIST) return false;
    return core::Error::from_errno(failure, "make the pipe " + wish.path);
}

core::Status check(const struct stat& found, const NotifyFifo::Wish& wish) {
    if (!S_ISFIFO(found.st_mode)) return core::Error(wish.path + " is no pipe", EINVAL);
    if (found.st_uid != ::geteuid() && found.st_uid != wish.uid) {
        return core::Error(fmt::format("the pipe {} belongs to uid {}", wish.path, found.st_uid),
                           EPERM);
    }
    return core::Done{};
}

}  // namespace

NotifyFifo::NotifyFifo(Wish wish, core::UniqueFd pipe, bool made)
    : wish_(std::move(wish)), pipe_(std::move(pipe)), made_(made) {}

NotifyFifo::NotifyFifo(NotifyFifo&& other) noexcept
    : wish_(std::move(other.wish_)),
      pipe_(std::move(other.pipe_)),
      made_(std::exchange(other.made_, false)) {}

NotifyFifo& NotifyFifo::operator=(NotifyFifo&& other) noexcept {
    if (this == &other) return *this;
    remove();
    wish_ = std::move(other.wish_);
    pipe_ = std::move(other.pipe_);
    made_ = std::exchange(other.made_, false);
    return *this;
}

NotifyFifo::~NotifyFifo() {
    remove();
}

core::Result<NotifyFifo> NotifyFifo::open(Wish wish, mode_t mode) {
    const auto made = make(wish, mode);
    if (!made) return made.error();
    // What lies there may be a device that acts on being opened: it is looked at first, and again
    // afterwards, since it may have been replaced.
    struct stat found {};
    if (::lstat(wish.path.c_str(), &found) != 0) return core::Error::last(wish.path);
    if (core::Status fits = check(found, wish); !fits) return fits.error();
    core::UniqueFd pipe(
        ::open(wish.path.c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY));
    if (!pipe) return core::Error::last("open the pipe " + wish.path);
    if (::fstat(pipe.get(), &found) != 0) return core::Error::last(wish.path);
    if (core::Status fits = check(found, wish); !fits) return fits.error();
    const bool foreign = found.st_uid != wish.uid || found.st_gid != wish.gid;
    if (*made && foreign && ::fchown(pipe.get(), wish.uid, wish.gid) != 0) {
        const auto failure = core::Error::last("give the pipe " + wish.path + " to its user");
        ::unlink(wish.path.c_str());
        return failure;
    }
    return NotifyFifo(std::move(wish), std::move(pipe), *made);
}

bool NotifyFifo::write(std::string_view line) const {
    // Up to PIPE_BUF octets are written together or not at all.
    return ::write(pipe_.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

/// Only what we have made, and only while it is still there.
void NotifyFifo::remove() const {
    if (!made_) return;
    struct stat ours {};
    struct stat there {};
    const bool same = ::fstat(pipe_.get(), &ours) == 0 &&
                      ::lstat(wish_.path.c_str(), &there) == 0 && ours.st_dev == there.st_dev &&
                      ours.st_ino == there.st_ino;
    if (same) ::unlink(wish_.path.c_str());
}

}  // namespace holdfast::supervisor
