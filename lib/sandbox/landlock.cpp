#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/sandbox/parts.hpp"

// Our own constants: the headers of Debian 12 know ABI 2 only.
// (Documentation/userspace-api/landlock)
namespace holdfast::sandbox {

namespace {

constexpr long kCreateRuleset = 444;
constexpr long kAddRule = 445;
constexpr long kRestrictSelf = 446;
constexpr std::uint32_t kAskVersion = 1;

struct RulesetAttributes {
    std::uint64_t handled_access_fs = 0;
    std::uint64_t handled_access_net = 0;  // ABI 4
    std::uint64_t scoped = 0;              // ABI 6
};
struct __attribute__((packed)) PathBeneath {
    std::uint64_t allowed_access;
    std::int32_t parent_fd;
};
constexpr int kRulePathBeneath = 1;

constexpr std::uint64_t kReadFile = 1U << 2U;
constexpr std::uint64_t kReadFolder = 1U << 3U;

/// All rights over files that an ABI knows: 13 with the first, then refer, truncate, ioctl_dev.
std::uint64_t file_rights(long abi) {
    unsigned bits = 13;
    if (abi >= 2) ++bits;
    if (abi >= 3) ++bits;
    if (abi >= 5) ++bits;
    return (std::uint64_t{1} << bits) - 1;
}

RulesetAttributes attributes(long abi, bool tcp) {
    RulesetAttributes wanted{.handled_access_fs = file_rights(abi)};
    if (abi >= 4 && !tcp) wanted.handled_access_net = 3;  // bind and connect TCP
    if (abi >= 6) wanted.scoped = 3;                      // abstract Unix sockets, signals
    return wanted;
}

std::size_t size_of_attributes(long abi) {
    if (abi >= 6) return sizeof(RulesetAttributes);
    return (abi >= 4 ? 2 : 1) * sizeof(std::uint64_t);
}

bool allow_reading(int ruleset, int place) {
    struct stat what {};
    if (::fstat(place, &what) != 0) return false;
    const std::uint64_t rights = S_ISDIR(what.st_mode) ? kReadFile | kReadFolder : kReadFile;
    const PathBeneath rule{.allowed_access = rights, .parent_fd = place};
    return ::syscall(kAddRule, ruleset, kRulePathBeneath, &rule, 0) == 0;
}

}  // namespace

void enter_landlock(const Profile& profile, Report& report) {
    const long abi = ::syscall(kCreateRuleset, nullptr, 0, kAskVersion);
    if (abi < 1) {
        report.missing.push_back(core::Error::last("landlock").text());
        return;
    }
    const RulesetAttributes wanted = attributes(abi, profile.tcp);
    const core::UniqueFd ruleset(
        static_cast<int>(::syscall(kCreateRuleset, &wanted, size_of_attributes(abi), 0)));
    const bool made =
        static_cast<bool>(ruleset) && std::ranges::all_of(profile.readable, [&](int place) {
            return allow_reading(ruleset.get(), place);
        });
    if (!made || ::syscall(kRestrictSelf, ruleset.get(), 0) != 0) {
        report.missing.push_back(core::Error::last("landlock").text());
        return;
    }
    report.present.push_back(fmt::format("landlock {}", abi));
}

}  // namespace holdfast::sandbox
