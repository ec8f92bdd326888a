#include "lib/sandbox/users.hpp"

#include <cap-ng.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lib/sandbox/parts.hpp"

namespace holdfast::sandbox {

namespace {

unsigned number(int capability) {
    return static_cast<unsigned>(capability);
}

/// Those of `wanted` that this process has.
std::vector<int> available(const std::vector<int>& wanted) {
    capng_get_caps_process();
    std::vector<int> have = wanted;
    std::erase_if(have, [](int capability) {
        return capng_have_capability(CAPNG_PERMITTED, number(capability)) == 0;
    });
    return have;
}

/// Ambient needs inheritable, and inheritable needs the bounding set: so this comes first.
bool make_inheritable(const std::vector<int>& capabilities) {
    capng_get_caps_process();
    for (const int capability : capabilities) {
        capng_update(CAPNG_ADD, CAPNG_INHERITABLE, number(capability));
    }
    return capng_apply(CAPNG_SELECT_CAPS) == 0;
}

/// While CAP_SETPCAP is there; keeps what the present process may do.
bool empty_bounding_set() {
    bool emptied = true;
    for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
        const int held = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
        if (held == 1 && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) emptied = false;
    }
    return emptied;
}

bool change_user(const Account& account) {
    // The group first: without the uid of root it could not be changed any more.
    return ::setgroups(0, nullptr) == 0 &&
           ::setresgid(account.gid, account.gid, account.gid) == 0 &&
           ::setresuid(account.uid, account.uid, account.uid) == 0;
}

bool set_capabilities(const std::vector<int>& kept) {
    capng_clear(CAPNG_SELECT_CAPS);
    constexpr auto kSets =
        static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE);
    for (const int capability : kept) capng_update(CAPNG_ADD, kSets, number(capability));
    if (capng_apply(CAPNG_SELECT_CAPS) != 0) return false;
    return std::ranges::all_of(kept, [](int capability) {
        return ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0;
    });
}

}  // namespace

std::string_view name_of(User user) {
    switch (user) {
        case User::vrrpd:
            return "_holdfast-vrrp";
        case User::checkerd:
            return "_holdfast-check";
        case User::ipvsd:
            return "_holdfast-ipvs";
        case User::parser:
            return "_holdfast-conf";
        case User::mailer:
            return "_holdfast-mail";
        case User::exporter:
            return "_holdfast-metrics";
    }
    return "nobody";
}

Account account_of(User user) {
    const std::string name(name_of(user));
    if (const passwd* entry = ::getpwnam(name.c_str()); entry != nullptr && entry->pw_uid != 0) {
        return {entry->pw_uid, entry->pw_gid, ""};
    }
    const auto fixed = static_cast<uid_t>(HOLDFAST_USER_BASE + static_cast<int>(user));
    return {fixed, fixed, fmt::format("no user {}: number {} is used instead", name, fixed)};
}

Descent descent_of(User user, Account account) {
    Descent descent{std::move(account), {CAP_SYS_CHROOT}, false};
    if (user == User::ipvsd) descent.capabilities.push_back(CAP_NET_ADMIN);
    if (user == User::parser) descent = {descent.account, {CAP_DAC_READ_SEARCH}, true};
    return descent;
}

std::vector<std::string> descend(const Descent& descent) {
    std::vector<std::string> missing;
    std::vector<int> kept = available(descent.capabilities);
    const bool all = kept.size() == descent.capabilities.size();
    const bool stay = descent.stay_unless_all && !all;
    if (!all) missing.push_back("capabilities for " + capability_names(descent.capabilities));
    if (stay) kept.clear();

    if (!make_inheritable(kept)) missing.emplace_back("inheritable capabilities");
    // Over the change of the user the permitted set would be lost.
    ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (!empty_bounding_set()) missing.emplace_back("empty bounding set");
    if (!stay && !change_user(descent.account)) missing.emplace_back("own user");
    if (!set_capabilities(kept)) missing.emplace_back("own set of capabilities");
    ::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) missing.emplace_back("no_new_privs");
    return missing;
}

}  // namespace holdfast::sandbox
