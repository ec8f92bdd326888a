#include "ctl/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "lib/core/unique_fd.hpp"

namespace holdfast::ctl {
namespace {

core::Status write_all(int file, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const ssize_t written = ::write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return core::Error::last("write " + path);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file) != 0) return core::Error::last("write " + path);
    return core::Done{};
}

/// Pipes and devices are written to, not replaced.
bool is_replaceable(const std::string& path, mode_t& mode) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return true;
    mode = found.st_mode & 0777U;
    return S_ISREG(found.st_mode);
}

}  // namespace

core::Status replace_file(const std::string& path, std::string_view text) {
    mode_t mode = 0600;
    if (!is_replaceable(path, mode)) {
        const core::UniqueFd device(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        if (!device) return core::Error::last("open " + path);
        const core::Status written = write_all(device.get(), text, path);
        return written || written.error().code() == EINVAL ? core::Status(core::Done{}) : written;
    }
    std::string beside = path + ".XXXXXX";
    const core::UniqueFd file(::mkostemp(beside.data(), O_CLOEXEC));
    if (!file) return core::Error::last("make a file beside " + path);
    core::Status done = write_all(file.get(), text, beside);
    if (done && ::fchmod(file.get(), mode) != 0) done = core::Error::last("chmod " + beside);
    if (done && ::rename(beside.c_str(), path.c_str()) != 0)
        done = core::Error::last("rename to " + path);
    if (!done) ::unlink(beside.c_str());
    return done;
}

int write_out(const Console& console, std::string_view text) {
    const std::string& file = console.options.output;
    if (file.empty() || file == "-") {
        fmt::print(console.out, "{}", text);
        return kOk;
    }
    if (core::Status done = replace_file(file, text); !done) {
        return console.fail(kRefused, done.error().text());
    }
    return kOk;
}

}  // namespace holdfast::ctl
