#include <cap-ng.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "lib/core/result.hpp"
#include "lib/sandbox/parts.hpp"

namespace holdfast::sandbox {

std::string capability_names(const std::vector<int>& capabilities) {
    std::string names;
    for (const int capability : capabilities) {
        const char* name = capng_capability_to_name(static_cast<unsigned>(capability));
        names += (names.empty() ? "" : " ") + std::string(name != nullptr ? name : "?");
    }
    return names;
}

void describe_user(Report& report) {
    const uid_t uid = ::geteuid();
    if (uid == 0) {
        report.missing.emplace_back("own user: runs as root");
    } else {
        report.present.push_back(fmt::format("uid {}", uid));
    }
    if (::getgroups(0, nullptr) > 0) report.missing.emplace_back("no supplementary groups");
}

void forbid_new_privileges(Report& report) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
        report.present.emplace_back("no_new_privs");
    } else {
        report.missing.push_back(core::Error::last("no_new_privs").text());
    }
}

void forbid_new_processes(Report& report) {
#ifdef HOLDFAST_SANITIZED
    static_cast<void>(report);  // the leak checker starts one
#else
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_NPROC, &none) == 0) {
        report.present.emplace_back("no new processes");
    } else {
        report.missing.push_back(core::Error::last("no new processes").text());
    }
#endif
}

void enter_empty_root(int empty_folder, Report& report) {
    // By descriptor: the path leads through folders that this user may not enter.
    if (empty_folder >= 0 && ::fchdir(empty_folder) == 0 && ::chroot(".") == 0 &&
        ::chdir("/") == 0) {
        report.present.emplace_back("chroot");
    } else {
        report.missing.push_back(empty_folder < 0 ? "chroot: no empty folder"
                                                  : core::Error::last("chroot").text());
    }
}

void keep_capabilities(const std::vector<int>& kept, Report& report) {
    capng_get_caps_process();
    std::vector<int> mine = kept;
    std::erase_if(mine, [](int capability) {
        return capng_have_capability(CAPNG_PERMITTED, static_cast<unsigned>(capability)) == 0;
    });
    if (mine.size() < kept.size()) {
        report.missing.push_back("capabilities: " + capability_names(kept));
    }
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    bool bounded = true;
    for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
        const bool held = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1;
        if (held && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) bounded = false;
    }
    if (!bounded) report.missing.emplace_back("empty bounding set");
    capng_clear(CAPNG_SELECT_CAPS);
    constexpr auto kSets = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);
    for (const int capability : mine) {
        capng_update(CAPNG_ADD, kSets, static_cast<unsigned>(capability));
    }
    if (capng_apply(CAPNG_SELECT_CAPS) != 0) {
        report.missing.emplace_back("dropped capabilities");
    } else if (mine.empty()) {
        report.present.emplace_back("no capabilities");
    } else {
        report.present.push_back("only capabilities " + capability_names(mine));
    }
}

Report enter(const Profile& profile, int empty_folder, Action action) {
    Report report;
    describe_user(report);
    capng_get_caps_process();  // reads /proc once, which is not there later
    forbid_new_privileges(report);
    forbid_new_processes(report);
    if (profile.empty_root) enter_empty_root(empty_folder, report);
    enter_landlock(profile, report);
    keep_capabilities(profile.capabilities, report);
    enter_filter(profile, action, report);
    return report;
}

Report enter_filter_only(const Profile& profile, Action action) {
    Report report;
    enter_filter(profile, action, report);
    return report;
}

}  // namespace holdfast::sandbox
