#include "supervisor/script_user.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "lib/core/text.hpp"

namespace holdfast::supervisor {
namespace {

constexpr const char* kDefaultUser = "keepalived_script";
constexpr std::size_t kNameBuffer = 16384;
/// To the kernel this number means "as it is", which would be root.
constexpr std::uint32_t kNobodyAtAll = ~std::uint32_t{0};
constexpr int kMostLinks = 40;  // as many as the kernel follows

std::optional<ScriptUser> user_named(const std::string& name) {
    std::vector<char> buffer(kNameBuffer);
    passwd entry{};
    passwd* found = nullptr;
    if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr) {
        return ScriptUser{found->pw_uid, found->pw_gid, name};
    }
    const auto number = core::parse_number<uid_t>(name);
    if (!number || *number == kNobodyAtAll) return std::nullopt;
    if (getpwuid_r(*number, &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr) {
        return ScriptUser{found->pw_uid, found->pw_gid, found->pw_name};
    }
    return ScriptUser{*number, static_cast<gid_t>(*number), name};
}

std::optional<gid_t> group_named(const std::string& name) {
    std::vector<char> buffer(kNameBuffer);
    group entry{};
    group* found = nullptr;
    if (getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr) {
        return found->gr_gid;
    }
    const auto number = core::parse_number<gid_t>(name);
    if (!number || *number == kNobodyAtAll) return std::nullopt;
    return *number;
}

/// One component of a script's path. Of a symbolic link only the owner counts.
core::Status check_component(const std::string& path, const struct stat& info) {
    if (info.st_uid != 0) {
        return core::Error(
            fmt::format("{} belongs to uid {}, not to root (chown root)", path, info.st_uid),
            EPERM);
    }
    if (S_ISLNK(info.st_mode)) return core::Done{};
    const bool sticky_folder = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0;
    const bool group_writes = (info.st_mode & S_IWGRP) != 0 && info.st_gid != 0;
    const bool others_write = (info.st_mode & S_IWOTH) != 0;
    if ((group_writes || others_write) && !sticky_folder) {
        return core::Error(fmt::format("{} can be written by others than root (chmod go-w)", path),
                           EPERM);
    }
    return core::Done{};
}

core::Result<std::string> target_of(const std::string& link) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
    if (length <= 0) return core::Error::last(link);
    return std::string(target.data(), static_cast<std::size_t>(length));
}

void put_in_front(std::deque<std::string>& left, std::string_view path) {
    const auto words = core::split(path, '/');
    left.insert(left.begin(), words.begin(), words.end());
}

}  // namespace

core::Result<ScriptUser> find_script_user(const std::string& user, const std::string& group,
                                          bool security) {
    std::optional<ScriptUser> found = user_named(user.empty() ? kDefaultUser : user);
    if (!found) {
        if (!user.empty()) {
            return core::Error(fmt::format("unknown script user \"{}\"", user), ENOENT);
        }
        if (security) {
            return core::Error(fmt::format("no user {} on this host and enable_script_security is "
                                           "set: create it, or set script_user",
                                           kDefaultUser),
                               ENOENT);
        }
        found = ScriptUser{0, 0, "root"};
    }
    if (group.empty()) return *found;
    const auto gid = group_named(group);
    if (!gid) return core::Error(fmt::format("unknown script group \"{}\"", group), ENOENT);
    found->gid = *gid;
    return *found;
}

std::vector<gid_t> groups_of(const ScriptUser& user) {
    constexpr int kUsually = 64;
    std::vector<gid_t> groups(kUsually);
    int count = kUsually;
    if (::getgrouplist(user.name.c_str(), user.gid, groups.data(), &count) < 0) {
        groups.resize(static_cast<std::size_t>(count));  // it said how many there are
        if (::getgrouplist(user.name.c_str(), user.gid, groups.data(), &count) < 0) {
            return {user.gid};
        }
    }
    groups.resize(static_cast<std::size_t>(count));
    return groups;
}

/// As the kernel goes: each link leads on from where it lies.
core::Status check_root_script(const std::string& path) {
    std::string here;  // without links; empty: the root folder
    std::deque<std::string> left;
    put_in_front(left, path);
    int links = 0;
    while (!left.empty()) {
        const std::string name = left.front();
        left.pop_front();
        if (name.empty() || name == ".") continue;
        if (name == "..") {
            here.resize(here.empty() ? 0 : here.rfind('/'));
            continue;
        }
        const std::string there = here + "/" + name;
        struct stat info {};
        if (::lstat(there.c_str(), &info) != 0) return core::Error::last(there);
        if (auto checked = check_component(there, info); !checked) return checked;
        if (!S_ISLNK(info.st_mode)) {
            here = there;
            continue;
        }
        const auto target = target_of(there);
        if (!target) return target.error();
        if (++links > kMostLinks) return core::Error::from_errno(ELOOP, path);
        if (target->front() == '/') here.clear();
        put_in_front(left, *target);
    }
    return core::Done{};
}

bool becomes_root(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return false;
    return ((info.st_mode & S_ISUID) != 0 && info.st_uid == 0) ||
           ((info.st_mode & S_ISGID) != 0 && info.st_gid == 0);
}

core::Result<std::string> find_program(const std::string& word) {
    if (word.find('/') != std::string::npos) {
        if (::access(word.c_str(), X_OK) != 0) return core::Error::last("script " + word);
        return std::filesystem::absolute(word).string();
    }
    const char* search = std::getenv("PATH");
    const std::string folders = search != nullptr ? search : "/usr/sbin:/usr/bin:/sbin:/bin";
    for (const std::string_view folder : core::split(folders, ':')) {
        const std::string candidate = std::string(folder) + "/" + word;
        if (folder.starts_with('/') && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return core::Error(fmt::format("script \"{}\" is in no folder of PATH", word), ENOENT);
}

}  // namespace holdfast::supervisor
