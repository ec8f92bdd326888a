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

std::string did_you_mean_user(const HostFacts& host, std::string_view word) {
    std::vector<std::string> there;
    for (const char* name : kUsualUsers) {
        if (host.user(name)) there.emplace_back(name);
    }
    return did_you_mean(word, there);
}

std::string did_you_mean_group(const HostFacts& host, std::string_view word) {
    std::vector<std::string> there;
    for (const char* name : kUsualGroups) {
        if (host.group(name)) there.emplace_back(name);
    }
    return did_you_mean(word, there);
}

}  // namespace holdfast::config
