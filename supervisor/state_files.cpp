#include "supervisor/state_files.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>

#include "lib/core/ids.hpp"
#include "supervisor/run_dir.hpp"

namespace holdfast::supervisor {
namespace {

constexpr const char* kLarger = ".larger";

bool in_memory(const std::string& folder) {
    struct statfs where {};
    return ::statfs(folder.c_str(), &where) == 0 &&
           (where.f_type == TMPFS_MAGIC || where.f_type == RAMFS_MAGIC);
}

std::string path_of(const std::string& folder, std::string_view role) {
    return folder + "/" + std::string(role);
}

/// Every page is backed before anybody stores into it: a store into an unbacked page of a full
/// tmpfs is SIGBUS.
core::Result<core::UniqueFd> make_file(const std::string& path, std::uint64_t bytes) {
    ::unlink(path.c_str());
    core::UniqueFd file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return core::Error::last("make state file " + path);
    const int failure = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes));
    if (failure != 0) {
        ::unlink(path.c_str());
        return core::Error::from_errno(failure, "make room in state file " + path);
    }
    return file;
}

}  // namespace

core::Result<StateFiles> StateFiles::in(const std::string& run_dir) {
    StateFiles files;
    files.folder_ = run_dir + "/state";
    // Storing a packet's effect must never wait for a disk.
    if (!in_memory(run_dir) && in_memory("/dev/shm")) {
        files.folder_ = "/dev/shm/holdfast-" + core::to_text(core::object_id("run_dir", run_dir));
    }
    if (core::Status made = make_folder(files.folder_, 0700); !made) return made.error();
    return files;
}

bool StateFiles::exists(std::string_view role) const {
    struct stat found {};
    return ::lstat(path_of(folder_, role).c_str(), &found) == 0 && S_ISREG(found.st_mode);
}

core::Result<core::UniqueFd> StateFiles::open(std::string_view role, std::uint64_t bytes) const {
    const std::string path = path_of(folder_, role);
    core::UniqueFd file(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    struct stat found {};
    if (file && ::fstat(file.get(), &found) == 0 && S_ISREG(found.st_mode) &&
        found.st_uid == ::geteuid() && static_cast<std::uint64_t>(found.st_size) >= bytes) {
        return file;
    }
    return make_file(path, bytes);
}

core::Result<core::UniqueFd> StateFiles::open_larger(std::string_view role,
                                                     std::uint64_t bytes) const {
    struct stat found {};
    if (::lstat(path_of(folder_, role).c_str(), &found) != 0 ||
        static_cast<std::uint64_t>(found.st_size) >= bytes) {
        return core::UniqueFd();
    }
    return make_file(path_of(folder_, role) + kLarger, bytes);
}

void StateFiles::replace_by_larger(std::string_view role) const {
    const std::string path = path_of(folder_, role);
    ::rename((path + kLarger).c_str(), path.c_str());
}

void StateFiles::drop_larger(std::string_view role) const {
    ::unlink((path_of(folder_, role) + kLarger).c_str());
}

void StateFiles::remove() const {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

}  // namespace holdfast::supervisor
