#include "supervisor/number_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "lib/core/unique_fd.hpp"

namespace holdfast::supervisor {
namespace {

bool is_our(uid_t owner) {
    return owner == 0 || owner == ::geteuid();
}

core::Result<struct stat> look_at(int fd, const std::string& path) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return core::Error::last(path);
    return info;
}

/// One component further down. A symbolic link is followed only where root made it.
core::Result<core::UniqueFd> enter(int folder, const std::string& name, const std::string& path) {
    core::UniqueFd next(::openat(folder, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return core::Error::last(path);
    const auto info = look_at(next.get(), path);
    if (!info) return info.error();
    if (S_ISLNK(info->st_mode)) {
        if (!is_our(info->st_uid))
            return core::Error(fmt::format("{} is a symbolic link of user {}", path, info->st_uid),
                               ELOOP);
        next.reset(::openat(folder, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!next) return core::Error::last(path);
    } else if (!S_ISDIR(info->st_mode)) {
        return core::Error::from_errno(ENOTDIR, path);
    }
    return next;
}

core::Result<core::UniqueFd> open_folder_of(const std::string& path) {
    core::UniqueFd folder(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return core::Error::last("/");
    const std::size_t last = path.rfind('/');
    for (std::size_t begin = 0; begin < last;) {
        const std::size_t end = path.find('/', begin + 1);
        const std::string name = path.substr(begin + 1, end - begin - 1);
        begin = end;
        if (name.empty()) continue;
        auto next = enter(folder.get(), name, path.substr(0, end));
        if (!next) return next.error();
        folder = std::move(*next);
    }
    return folder;
}

/// An existing file as we may change it; errno is ENOENT when there is none.
core::Result<core::UniqueFd> open_existing(int folder, const std::string& name,
                                           const std::string& path) {
    core::UniqueFd file(
        ::openat(folder, name.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!file) return core::Error::last(path);
    const auto info = look_at(file.get(), path);
    const auto around = look_at(folder, path);
    if (!info || !around) return core::Error::last(path);
    if (!S_ISREG(info->st_mode) || info->st_nlink != 1)
        return core::Error(path + " is no plain file with one name", EPERM);
    if (!is_our(info->st_uid) && info->st_uid != around->st_uid)
        return core::Error(fmt::format("{} belongs to user {}", path, info->st_uid), EPERM);
    if (::ftruncate(file.get(), 0) != 0) return core::Error::last(path);
    return file;
}

}  // namespace

std::int64_t number_in(std::string_view text) {
    const std::string terminated(text.substr(0, kNumberFileSize));
    return std::strtoll(terminated.c_str(), nullptr, 0);
}

std::int64_t read_number_file(const std::string& path) {
    const core::UniqueFd found(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat info {};
    if (!found || ::fstat(found.get(), &info) != 0 || !S_ISREG(info.st_mode)) return 0;
    const core::UniqueFd file(::open(fmt::format("/proc/self/fd/{}", found.get()).c_str(),
                                     O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    std::array<char, kNumberFileSize> octets{};
    const ssize_t length = file ? ::read(file.get(), octets.data(), octets.size()) : 0;
    return length <= 0 ? 0 : number_in({octets.data(), static_cast<std::size_t>(length)});
}

core::Status write_number_file(const std::string& path, std::int64_t number, bool overwrite,
                               mode_t mode) {
    const std::size_t last = path.rfind('/');
    if (last == std::string::npos || path.front() != '/')
        return core::Error(path + " is no absolute path", EINVAL);
    const auto folder = open_folder_of(path);
    if (!folder) return folder.error();
    const std::string name = path.substr(last + 1);
    core::UniqueFd file(::openat(folder->get(), name.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0));
    if (file) {
        if (::fchmod(file.get(), mode) != 0) return core::Error::last(path);  // whatever our umask
    } else {
        if (errno != EEXIST) return core::Error::last(path);
        if (!overwrite) return core::Done{};
        auto existing = open_existing(folder->get(), name, path);
        if (!existing) return existing.error();
        file = std::move(*existing);
    }
    const std::string text = fmt::format("{}\n", number);
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return core::Error::last(path);
    return core::Done{};
}

}  // namespace holdfast::supervisor
