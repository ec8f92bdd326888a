#include "supervisor/pid_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast::supervisor {
namespace {

/// True when `path` still names the open file.
bool same_file(int fd, const std::string& path) {
    struct stat open {};
    struct stat named {};
    return ::fstat(fd, &open) == 0 && ::lstat(path.c_str(), &named) == 0 &&
           open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

}  // namespace

PidFile& PidFile::operator=(PidFile&& other) noexcept {
    if (this != &other) {
        remove();
        path_ = std::move(other.path_);
        file_ = std::move(other.file_);
    }
    return *this;
}

core::Result<PidFile> PidFile::claim(const std::string& path) {
    PidFile claimed;
    claimed.path_ = path;
    claimed.file_ = core::UniqueFd(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0644));
    if (!claimed.file_) {
        const core::Error why = core::Error::last("open pid file " + path);
        claimed.path_.clear();
        return why;
    }
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(claimed.file_.get(), F_OFD_SETLK, &whole) != 0) {
        const int code = errno == EACCES || errno == EAGAIN ? EBUSY : errno;
        claimed.file_.reset();  // somebody else's: do not remove it
        return core::Error::from_errno(code, "lock pid file " + path);
    }
    if (!same_file(claimed.file_.get(), path)) {
        // Its owner removed it between our open and our lock: that one is gone, take the new one.
        claimed.file_.reset();
        return claim(path);
    }
    ::fchmod(claimed.file_.get(), 0644);  // whatever the umask
    return claimed;
}

core::Status PidFile::write(pid_t pid) {
    if (!file_) return core::Done{};
    if (!same_file(file_.get(), path_)) {
        file_.reset();
        core::Result<PidFile> again = claim(path_);
        if (!again) return again.error();
        *this = std::move(again).value();
    }
    const std::string text = fmt::format("{}\n", pid);
    if (::ftruncate(file_.get(), 0) != 0 ||
        ::pwrite(file_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
        return core::Error::last("write pid file " + path_);
    }
    return core::Done{};
}

void PidFile::remove() {
    if (!file_) return;
    if (same_file(file_.get(), path_)) ::unlink(path_.c_str());
    file_.reset();
}

}  // namespace holdfast::supervisor
