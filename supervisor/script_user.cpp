#include "supervisor/script_user.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "lib/core/text.hpp"

namespace holdfast::supervisor {
namespace {

constexpr const char* kDefaultUser = "keepalived_script";
constexpr std::size_t kNameBuffer = 16384;

std::optional<ScriptUser> user_named(const std::string& name) {
    std::vector<char> buffer(kNameBuffer);
    passwd entry{};
    passwd* found = nullptr;
    if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr) {
        return ScriptUser{found->pw_uid, found->pw_gid, name};
    }
    const auto number = core::parse_number<uid_t>(name);
    if (!number) return std::nullopt;
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
    return core::parse_number<gid_t>(name);
}

/// One component of a script's path.
core::Status check_component(const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return core::Error::last(path);
    if (S_ISLNK(info.st_mode)) return core::Done{};  // its target is walked as well
    if (info.st_uid != 0) {
        return core::Error(
            fmt::format("{} belongs to uid {}, not to root (chown root)", path, info.st_uid),
            EPERM);
    }
    const bool sticky_folder = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0;
    const bool group_writes = (info.st_mode & S_IWGRP) != 0 && info.st_gid != 0;
    const bool others_write = (info.st_mode & S_IWOTH) != 0;
    if ((group_writes || others_write) && !sticky_folder) {
        return core::Error(fmt::format("{} can be written by others than root (chmod go-w)", path),
                           EPERM);
    }
    return core::Done{};
}

core::Status check_path(const std::string& path) {
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        if (auto checked = check_component(path.substr(0, end)); !checked) return checked;
        if (end == std::string::npos) return core::Done{};
    }
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

core::Status check_root_script(const std::string& path) {
    if (auto checked = check_path(path); !checked) return checked;
    std::array<char, PATH_MAX> target{};
    if (::realpath(path.c_str(), target.data()) == nullptr) return core::Error::last(path);
    return check_path(target.data());
}

core::Result<std::string> find_program(const std::string& word) {
    if (word.find('/') != std::string::npos) {
        if (::access(word.c_str(), X_OK) == 0) return word;
        return core::Error::last("script " + word);
    }
    const char* search = std::getenv("PATH");
    const std::string folders = search != nullptr ? search : "/usr/sbin:/usr/bin:/sbin:/bin";
    for (const std::string_view folder : core::split(folders, ':')) {
        const std::string candidate = std::string(folder) + "/" + word;
        if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return core::Error(fmt::format("script \"{}\" is in no folder of PATH", word), ENOENT);
}

}  // namespace holdfast::supervisor
