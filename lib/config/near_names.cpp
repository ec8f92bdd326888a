#include "lib/config/near_names.hpp"

#include <fmt/format.h>

#include "lib/config/access.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr const char* kUsualUsers[] = {
    "root",           "nobody", "keepalived_script", "daemon", "bin",   "mail",   "keepalived",
    "haproxy",        "nginx",  "www-data",          "apache", "mysql", "zabbix", "prometheus",
    "systemd-network"};
constexpr const char* kUsualGroups[] = {"root",     "nogroup", "nobody", "keepalived_script",
                                        "daemon",   "adm",     "wheel",  "users",
                                        "www-data", "haproxy"};

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
    if (const auto near = core::closest(word, candidates)) {
        return fmt::format("did you mean {}?", *near);
    }
    return {};
}

bool knows_account(const HostFacts* host, const std::string& user, const std::string& group) {
    return host == nullptr || (host->user(user) && (group.empty() || host->group(group)));
}

std::string did_you_mean_account(const HostFacts& host, const std::string& user,
                                 const std::string& group) {
    std::vector<std::string> there;
    if (host.user(user)) {
        for (const char* name : kUsualGroups) {
            if (host.group(name)) there.emplace_back(name);
        }
        return did_you_mean(group, there);
    }
    for (const char* name : kUsualUsers) {
        if (host.user(name)) there.emplace_back(name);
    }
    return did_you_mean(user, there);
}

}  // namespace holdfast::config
