#include "lib/core/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace holdfast::core {

void UniqueFd::reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

UniqueFd UniqueFd::duplicate_of(int fd) {
    return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

}  // namespace holdfast::core
