#include <cap-ng.h>
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "lib/core/unique_fd.hpp"
#include "lib/sandbox/sandbox.hpp"
#include "lib/sandbox/users.hpp"
#include "tests/unit/sandbox/in_child.hpp"

namespace holdfast::sandbox {
namespace {

/// Root with all it needs to become somebody else, which root of a container may lack.
bool is_root() {
    capng_get_caps_process();
    return ::geteuid() == 0 && capng_have_capability(CAPNG_EFFECTIVE, CAP_SETUID) != 0 &&
           capng_have_capability(CAPNG_EFFECTIVE, CAP_SETGID) != 0 &&
           capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0 &&
           capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_CHROOT) != 0 &&
           capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) != 0;
}

/// Leaves this process the given capabilities, as a container does.
bool keep_only(const std::vector<int>& kept) {
    capng_clear(CAPNG_SELECT_CAPS);
    for (const int capability : kept) {
        capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
                     static_cast<unsigned>(capability));
    }
    return capng_apply(CAPNG_SELECT_CAPS) == 0;
}

bool has(const std::vector<std::string>& list, std::string_view start) {
    return std::ranges::any_of(
        list, [&](const std::string& entry) { return entry.rfind(start, 0) == 0; });
}

/// A folder that goes away with the test.
struct Folder {
    Folder() {
        std::string name = ::testing::TempDir() + "/sandbox.XXXXXX";
        path = ::mkdtemp(name.data());
        ::chmod(path.c_str(), 0755);  // as the supervisor makes RUN_DIR/empty
        descriptor = core::UniqueFd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string path;
    core::UniqueFd descriptor;
};

TEST(Sandbox, ARoleOfRootEndsWithAllWalls) {
    if (!is_root()) GTEST_SKIP() << "needs root";
    const Folder empty;
    const int ending = ending_of([&] {
        // As the supervisor does it; the exec in between changes nothing here.
        if (!descend(descent_of(User::vrrpd, {60702, 60702, ""})).empty()) return 1;
        const Report report = enter(vrrpd_profile(), empty.descriptor.get(), Action::refuse);
        for (const std::string_view wall :
             {"uid 60702", "no_new_privs", "chroot", "no capabilities"}) {
            if (!has(report.present, wall)) return 2;
        }
#ifndef HOLDFAST_SANITIZED
        if (!has(report.present, "seccomp")) return 3;
#endif
        return has(report.missing, "empty bounding set") ? 4 : 0;
    });
    EXPECT_EQ(ending, 0);
}

TEST(Sandbox, AnUnprivilegedProcessGetsWhatItCanAndNamesTheRest) {
    const Folder empty;
    const int ending = ending_of([&] {
        if (is_root() && (::setgroups(0, nullptr) != 0 || ::setuid(60999) != 0)) return 1;
        if (!is_root() && !keep_only({})) return 1;
        const Report report = enter(ipvsd_profile(), empty.descriptor.get(), Action::refuse);
        if (!has(report.missing, "chroot: Operation not permitted")) return 2;
        if (!has(report.missing, "capabilities: net_admin")) return 3;
        return has(report.present, "no_new_privs") && has(report.present, "no capabilities") ? 0
                                                                                             : 4;
    });
    EXPECT_EQ(ending, 0);
}

TEST(Sandbox, WithoutAnEmptyFolderThereIsNoChroot) {
    const int ending = ending_of([] {
        const Report report = enter(vrrpd_profile(), -1, Action::refuse);
        return has(report.missing, "chroot: no empty folder") ? 0 : 1;
    });
    EXPECT_EQ(ending, 0);
}

TEST(Sandbox, ASwitchedOffFilterIsNamed) {
    const int ending = ending_of([] {
        const Report report = enter(vrrpd_profile(), -1, Action::off);
        return has(report.missing, "seccomp: switched off") ? 0 : 1;
    });
    EXPECT_EQ(ending, 0);
}

TEST(Sandbox, IpvsdKeepsNetAdminAndNothingElse) {
    if (!is_root()) GTEST_SKIP() << "needs root";
    const int ending = ending_of([] {
        if (!descend(descent_of(User::ipvsd, {60704, 60704, ""})).empty()) return 3;
        const Report report = enter(ipvsd_profile(), -1, Action::off);
        if (!has(report.present, "only capabilities net_admin")) return 1;
        // chroot was only for the way in.
        return ::chroot("/") == 0 ? 2 : 0;
    });
    EXPECT_EQ(ending, 0);
}

TEST(Sandbox, InAContainerWithTwoCapabilitiesEveryRoleRunsWithWhatThereIs) {
    if (!is_root()) GTEST_SKIP() << "needs root";
    for (const User user : {User::vrrpd, User::checkerd, User::ipvsd}) {
        const bool keeps = user == User::ipvsd;
        const int ending = ending_of([&] {
            if (!keep_only({CAP_NET_ADMIN, CAP_NET_RAW})) return 1;
            if (!has(descend(descent_of(user, {60702, 60702, ""})), "own user")) return 2;
            const Report report = enter(keeps ? ipvsd_profile() : vrrpd_profile(), -1, Action::off);
            if (!has(report.missing, "own user") || !has(report.missing, "chroot")) return 3;
            if (!has(report.present, "no_new_privs")) return 4;
            return has(report.present, keeps ? "only capabilities net_admin" : "no capabilities")
                       ? 0
                       : 5;
        });
        EXPECT_EQ(ending, 0) << name_of(user);
    }
}

TEST(Sandbox, LandlockLetsTheParserReadItsFolderOnly) {
    const Folder allowed;
    const Folder other;
    std::ofstream(allowed.path + "/file") << "x";
    std::ofstream(other.path + "/file") << "x";
    const int ending = ending_of([&] {
        const Profile profile = parser_profile({allowed.descriptor.get()});
        const Report report = enter(profile, -1, Action::off);
        if (!has(report.present, "landlock")) return 77;
        if (::open((allowed.path + "/file").c_str(), O_RDONLY) < 0) return 1;
        if (::open((allowed.path + "/file").c_str(), O_RDWR) >= 0) return 2;
        if (::open((allowed.path + "/new").c_str(), O_WRONLY | O_CREAT, 0600) >= 0) return 3;
        return ::open((other.path + "/file").c_str(), O_RDONLY) >= 0 ? 4 : 0;
    });
    if (ending == 77) GTEST_SKIP() << "this kernel has no Landlock";
    EXPECT_EQ(ending, 0);
}

TEST(Sandbox, TheEnvironmentChoosesWhatHappensToUnknownCalls) {
#ifdef HOLDFAST_SANITIZED
    EXPECT_EQ(action_of_environment(), Action::log);
#else
    const struct {
        const char* value;
        Action action;
    } cases[] = {{"kill", Action::kill},
                 {"log", Action::log},
                 {"off", Action::off},
                 {"nonsense", Action::refuse},
                 {"", Action::refuse}};
    for (const auto& [value, action] : cases) {
        ASSERT_EQ(::setenv("HOLDFAST_SANDBOX", value, 1), 0);
        EXPECT_EQ(action_of_environment(), action) << value;
    }
    ASSERT_EQ(::unsetenv("HOLDFAST_SANDBOX"), 0);
    EXPECT_EQ(action_of_environment(), Action::refuse);
#endif
}

}  // namespace
}  // namespace holdfast::sandbox
