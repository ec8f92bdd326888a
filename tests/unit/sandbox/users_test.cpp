#include "lib/sandbox/users.hpp"

#include <cap-ng.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "tests/unit/sandbox/in_child.hpp"

namespace holdfast::sandbox {
namespace {

/// A line of /proc/self/status, "CapEff" for instance.
std::string own_status(const std::string& name) {
    std::ifstream file("/proc/self/status");
    std::string line;
    while (std::getline(file, line)) {
        if (line.rfind(name + ":\t", 0) == 0) return line.substr(name.size() + 2);
    }
    return "";
}

constexpr std::uint64_t bit(int capability) {
    return std::uint64_t{1} << static_cast<unsigned>(capability);
}

std::uint64_t capabilities(const std::string& set) {
    return std::stoull(own_status(set), nullptr, 16);
}

/// Root with all it needs to become somebody else, which root of a container may lack.
bool is_root() {
    capng_get_caps_process();
    return ::geteuid() == 0 && capng_have_capability(CAPNG_EFFECTIVE, CAP_SETUID) != 0 &&
           capng_have_capability(CAPNG_EFFECTIVE, CAP_SETGID) != 0 &&
           capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0 &&
           capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_CHROOT) != 0 &&
           capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) != 0;
}

TEST(Users, EachHasANumberOfItsOwnWhereTheNamesAreMissing) {
    std::set<uid_t> seen{0};
    for (const User user :
         {User::vrrpd, User::checkerd, User::ipvsd, User::parser, User::mailer, User::exporter}) {
        const Account account = account_of(user);
        EXPECT_TRUE(seen.insert(account.uid).second) << name_of(user);
        EXPECT_EQ(name_of(user).substr(0, 10), "_holdfast-");
        const bool by_number = account.uid == HOLDFAST_USER_BASE + static_cast<unsigned>(user);
        EXPECT_EQ(account.warning.empty(), !by_number);
    }
}

TEST(Users, OnlyIpvsdKeepsNetAdminOverTheExec) {
    EXPECT_EQ(descent_of(User::vrrpd, {}).capabilities, (std::vector<int>{CAP_SYS_CHROOT}));
    EXPECT_EQ(descent_of(User::checkerd, {}).capabilities, (std::vector<int>{CAP_SYS_CHROOT}));
    EXPECT_EQ(descent_of(User::ipvsd, {}).capabilities,
              (std::vector<int>{CAP_SYS_CHROOT, CAP_NET_ADMIN}));
    EXPECT_EQ(descent_of(User::parser, {}).capabilities, (std::vector<int>{CAP_DAC_READ_SEARCH}));
}

TEST(Descent, LeavesTheUserWithExactlyTheAmbientCapabilities) {
    if (!is_root()) GTEST_SKIP() << "needs root";
    const auto work = [] {
        const auto missing = descend(descent_of(User::ipvsd, {60704, 60704, ""}));
        constexpr std::uint64_t kKept = bit(CAP_SYS_CHROOT) | bit(CAP_NET_ADMIN);
        if (!missing.empty()) return 1;
        if (::getuid() != 60704 || ::getegid() != 60704 || ::getgroups(0, nullptr) != 0) return 2;
        if (capabilities("CapAmb") != kKept || capabilities("CapPrm") != kKept) return 3;
        if (capabilities("CapBnd") != 0) return 4;
        if (own_status("NoNewPrivs") != "1") return 5;
        if (::setuid(0) == 0) return 6;
        // Over an exec exactly these remain.
        ::execl("/bin/sh", "sh", "-c", "grep -q '^CapEff:.0*41000$' /proc/self/status && exit 42",
                nullptr);
        return 7;
    };
    static_assert(bit(CAP_SYS_CHROOT) == 0x40000 && bit(CAP_NET_ADMIN) == 0x1000);
    const int ending = ending_of([&] {
        const int failed = work();
        return failed;
    });
    EXPECT_EQ(ending, 42);
}

TEST(Descent, WithoutAnyRightItChangesNothingAndNamesWhatIsMissing) {
    const int ending = ending_of([] {
        // From an unprivileged user to another one.
        if (is_root() && (::setgroups(0, nullptr) != 0 || ::setuid(60999) != 0)) return 1;
        const uid_t before = ::getuid();
        const auto missing = descend(descent_of(User::vrrpd, {60702, 60702, ""}));
        if (::getuid() != before) return 2;
        return missing.size() >= 2 ? 0 : 3;
    });
    EXPECT_EQ(ending, 0);
}

TEST(Descent, TheParserStaysRootWithoutCapabilitiesWhereItCouldNotReadOtherwise) {
    if (!is_root()) GTEST_SKIP() << "needs root";
    const int ending = ending_of([] {
        Descent descent = descent_of(User::parser, {60705, 60705, ""});
        descent.capabilities = {63};  // one that nobody has
        const auto missing = descend(descent);
        if (::getuid() != 0 || missing.empty()) return 1;
        return capabilities("CapEff") == 0 && capabilities("CapBnd") == 0 ? 0 : 2;
    });
    EXPECT_EQ(ending, 0);
}

}  // namespace
}  // namespace holdfast::sandbox
