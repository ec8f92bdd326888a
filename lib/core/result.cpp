#include "lib/core/result.hpp"

#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace holdfast::core {

Error Error::from_errno(int code, std::string_view task) {
    return Error(std::string(task) + ": " + std::strerror(code), code);
}

Error Error::last(std::string_view task) {
    return from_errno(errno, task);
}

Error Error::within(std::string_view task) const {
    return Error(std::string(task) + ": " + text_, code_);
}

void broken_invariant(std::string_view what) {
    const std::string line = "holdfast: internal error: " + std::string(what) + "\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    std::abort();
}

}  // namespace holdfast::core
