#include <seccomp.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "lib/core/result.hpp"
#include "lib/sandbox/intents.hpp"
#include "lib/sandbox/parts.hpp"

namespace holdfast::sandbox {

namespace {

struct FreeFilter {
    void operator()(void* filter) const noexcept { seccomp_release(filter); }
};
using FilterPtr = std::unique_ptr<void, FreeFilter>;

std::uint32_t default_action(Action action) {
    switch (action) {
        case Action::kill:
            return SCMP_ACT_KILL_PROCESS;
        case Action::log:
            return SCMP_ACT_LOG;
        case Action::refuse:
        case Action::off:
            break;
    }
    // Not EPERM: libraries take ENOSYS for an older kernel and fall back.
    return SCMP_ACT_ERRNO(ENOSYS);
}

/// The number of a call, or nothing where this machine does not have it.
bool add_rule(void* filter, std::uint32_t action, const Rule& rule) {
    const int number = seccomp_syscall_resolve_name(std::string(rule.call).c_str());
    if (number == __NR_SCMP_ERROR || number < 0) return true;
    const int added = seccomp_rule_add_array(
        filter, action, number, static_cast<unsigned>(rule.when.size()), rule.when.data());
    return added == 0 || added == -EEXIST;  // two intents may name the same call
}

bool add_intent(void* filter, Intent intent) {
    for (const Rule& rule : rules_of(intent)) {
        if (!add_rule(filter, SCMP_ACT_ALLOW, rule)) return false;
    }
    return true;
}

bool add_hostile(void* filter) {
    for (const std::string_view call : hostile_calls()) {
        if (!add_rule(filter, SCMP_ACT_KILL_PROCESS, {call, {}})) return false;
    }
    return true;
}

FilterPtr make_filter(const Profile& profile, Action action) {
    FilterPtr filter(seccomp_init(default_action(action)));
    if (!filter) return nullptr;
    void* f = filter.get();
    // Refuses x32 and foreign machines; a refused call is told in the audit log.
    const std::uint32_t foreign = action == Action::log ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS;
    seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, foreign);
    seccomp_attr_set(f, SCMP_FLTATR_CTL_LOG, 1);
    seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree: few steps for each call
    bool complete = add_intent(f, Intent::common);
    for (const Intent intent : profile.intents) complete = complete && add_intent(f, intent);
    if (action == Action::refuse) complete = complete && add_hostile(f);
    return complete ? std::move(filter) : nullptr;
}

}  // namespace

Action action_of_environment() {
#ifdef HOLDFAST_SANITIZED
    return Action::log;
#else
    const char* value = std::getenv("HOLDFAST_SANDBOX");
    const std::string_view wanted = value != nullptr ? value : "";
    if (wanted == "kill") return Action::kill;
    if (wanted == "log") return Action::log;
    if (wanted == "off") return Action::off;
    return Action::refuse;
#endif
}

void enter_filter(const Profile& profile, Action action, Report& report) {
#ifdef HOLDFAST_SANITIZED
    if (action != Action::off) action = Action::log;
#endif
    if (action == Action::off) {
        report.missing.emplace_back("seccomp: switched off by HOLDFAST_SANDBOX");
        return;
    }
    const FilterPtr filter = make_filter(profile, action);
    const int failed = filter ? seccomp_load(filter.get()) : -EINVAL;
    if (failed != 0) {
        report.missing.push_back(core::Error::from_errno(-failed, "seccomp").text());
    } else if (action == Action::log) {
        report.missing.emplace_back("seccomp: refuses nothing, only logs");
    } else {
        report.present.emplace_back(action == Action::kill ? "seccomp (kill)" : "seccomp");
    }
}

}  // namespace holdfast::sandbox
