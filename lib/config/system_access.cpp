#include "lib/config/system_access.hpp"

#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "lib/core/unique_fd.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kMaxFile = 256UL * 1024 * 1024;
constexpr std::size_t kChunk = 64UL * 1024;
constexpr unsigned kAttempts = 3;

/// Root owns it and nobody else can write to it; a sticky folder may be open to all.
bool is_safe(const struct stat& found) {
    if (found.st_uid != 0) return false;
    const bool group_writes = (found.st_mode & S_IWGRP) != 0 && found.st_gid != 0;
    const bool others_write = (found.st_mode & S_IWOTH) != 0;
    const bool sticky_folder = S_ISDIR(found.st_mode) && (found.st_mode & S_ISVTX) != 0;
    return sticky_folder || (!group_writes && !others_write);
}

bool folders_are_safe(const std::string& path) {
    for (std::size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0;
         slash = path.rfind('/', slash - 1)) {
        struct stat found {};
        if (::stat(path.substr(0, slash).c_str(), &found) != 0 || !is_safe(found)) return false;
    }
    return true;
}

bool same_content(const struct stat& before, const struct stat& after) {
    return before.st_size == after.st_size && before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
           before.st_mtim.tv_nsec == after.st_mtim.tv_nsec;
}

std::optional<core::Address> address_in(const sockaddr* socket) {
    sockaddr_storage storage{};
    if (socket == nullptr) return std::nullopt;
    if (socket->sa_family == AF_INET) {
        std::memcpy(&storage, socket, sizeof(sockaddr_in));
    } else if (socket->sa_family == AF_INET6) {
        std::memcpy(&storage, socket, sizeof(sockaddr_in6));
    }
    return core::Address::from(storage);
}

std::uint32_t bits_set(const core::Address& mask) {
    std::uint32_t bits = 0;
    for (const std::byte octet : mask.bytes()) {
        bits += static_cast<std::uint32_t>(std::popcount(std::to_integer<std::uint8_t>(octet)));
    }
    return bits;
}

core::Result<std::string> read_to_end(int file, std::size_t expected, const std::string& path) {
    std::size_t used = 0;
    // One octet more than there should be, so that the end is seen.
    std::string bytes(std::min(expected, kMaxFile) + 1, '\0');
    while (used <= kMaxFile) {
        if (used == bytes.size()) bytes.resize(used + kChunk);
        const ssize_t got =
            ::pread(file, bytes.data() + used, bytes.size() - used, static_cast<off_t>(used));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return core::Error::last("read " + path);
        used += static_cast<std::size_t>(got);
        if (got > 0) continue;
        bytes.resize(used);
        return bytes;
    }
    return core::Error::from_errno(EFBIG, "read " + path);
}

}  // namespace

core::Result<std::string> SystemFiles::read(const std::string& path) {
    const core::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file) return core::Error::last("open " + path);
    for (unsigned attempt = 0; attempt < kAttempts; ++attempt) {
        struct stat before {};
        struct stat after {};
        if (::fstat(file.get(), &before) != 0) return core::Error::last("fstat " + path);
        if (!S_ISREG(before.st_mode)) return core::Error(path + " is no regular file", EINVAL);
        core::Result<std::string> bytes =
            read_to_end(file.get(), static_cast<std::size_t>(before.st_size), path);
        if (!bytes) return bytes;
        if (::fstat(file.get(), &after) != 0) return core::Error::last("fstat " + path);
        // What is written just now may end anywhere: half a configuration means something else.
        if (same_content(before, after)) return bytes;
    }
    return core::Error(path + " changes while it is read", EBUSY);
}

core::Result<std::string> SystemFiles::read_start(const std::string& path, std::size_t limit) {
    const core::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file) return core::Error::last("open " + path);
    std::string bytes(limit, '\0');
    std::size_t used = 0;
    while (used < limit) {
        const ssize_t got = ::read(file.get(), bytes.data() + used, limit - used);
        if (got == 0) break;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return core::Error::last("read " + path);
        used += static_cast<std::size_t>(got);
    }
    bytes.resize(used);
    return bytes;
}

core::Result<FileKind> SystemFiles::inspect(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return core::Error::last("find " + path);
    FileKind kind;
    kind.regular = S_ISREG(found.st_mode);
    kind.folder = S_ISDIR(found.st_mode);
    kind.executable = (found.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
    kind.set_id_root = ((found.st_mode & S_ISUID) != 0 && found.st_uid == 0) ||
                       ((found.st_mode & S_ISGID) != 0 && found.st_gid == 0);
    kind.safe_for_root = is_safe(found) && folders_are_safe(path);
    kind.mode = found.st_mode;
    kind.uid = found.st_uid;
    kind.gid = found.st_gid;
    return kind;
}

std::vector<std::string> SystemFiles::glob(const std::string& pattern) {
    glob_t found{};
    std::vector<std::string> paths;
    if (::glob(pattern.c_str(), GLOB_BRACE, nullptr, &found) == 0) {
        for (std::size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
    }
    ::globfree(&found);
    return paths;
}

bool SystemHost::interface_exists(const std::string& name) const {
    return ::if_nametoindex(name.c_str()) != 0;
}

std::vector<HostFacts::InterfaceAddress> SystemHost::addresses_of(
    const std::string& interface) const {
    if (!addresses_) {
        addresses_.emplace();
        ifaddrs* all = nullptr;
        if (::getifaddrs(&all) != 0) return {};
        for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
            const auto address = address_in(each->ifa_addr);
            const auto mask = address_in(each->ifa_netmask);
            if (address && mask) {
                (*addresses_)[each->ifa_name].push_back({*address, bits_set(*mask)});
            }
        }
        ::freeifaddrs(all);
    }
    const auto found = addresses_->find(interface);
    return found != addresses_->end() ? found->second : std::vector<InterfaceAddress>{};
}

std::optional<User> SystemHost::user(const std::string& name) const {
    const passwd* entry = ::getpwnam(name.c_str());
    if (entry == nullptr) return std::nullopt;
    return User{entry->pw_uid, entry->pw_gid};
}

std::optional<gid_t> SystemHost::group(const std::string& name) const {
    const ::group* entry = ::getgrnam(name.c_str());
    if (entry == nullptr) return std::nullopt;
    return entry->gr_gid;
}

unsigned SystemHost::processors() const {
    static const unsigned kCount = static_cast<unsigned>(::get_nprocs());
    return kCount;
}

std::string SystemHost::environment(const std::string& name) const {
    const char* value = std::getenv(name.c_str());
    return value != nullptr ? value : "";
}

}  // namespace holdfast::config
