#include "supervisor/sysctls.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <vector>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "proto/config.pb.h"

namespace holdfast::supervisor {
namespace {

constexpr const char* kLocalReports = "net/ipv4/igmp_link_local_mcast_reports";

/// "net.ipv4.x", as sysctl(8) writes it.
std::string shown(std::string name) {
    std::ranges::replace(name, '/', '.');
    return name;
}

/// An IPv4 address that is the only one of its network stands on a macvlan.
bool has_lone_address(const config::v1::VrrpInstance& instance) {
    return std::ranges::any_of(instance.addresses(), [](const auto& each) {
        return !each.device().empty() && each.address().size() == 4 && each.prefix_length() == 32;
    });
}

}  // namespace

Sysctls::Sysctls(log::Logger& log, std::string run_dir, std::string folder)
    : log_(log), file_(std::move(run_dir) + "/sysctls"), folder_(std::move(folder)) {
    std::ifstream left(file_);
    std::string name;
    std::string value;
    while (left >> name >> value) {
        // Only what we may have written ourselves.
        if (name == kLocalReports) old_[name] = value;
    }
}

std::string Sysctls::read(const std::string& name) const {
    std::string value;
    std::ifstream(folder_ + "/" + name) >> value;
    return value;
}

bool Sysctls::write(const std::string& name, const std::string& value) const {
    const core::UniqueFd file(
        ::open((folder_ + "/" + name).c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    const auto size = static_cast<ssize_t>(value.size());
    if (file && ::write(file.get(), value.data(), value.size()) == size) return true;
    log_.warning("SYSCTL_REFUSED",
                 core::Error::last(fmt::format("set {} to {}", shown(name), value)).text());
    return false;
}

/// Before the first one is changed, and after one was put back.
void Sysctls::note() const {
    std::ostringstream text;
    for (const auto& [name, value] : old_) text << name << ' ' << value << '\n';
    const std::string fresh = file_ + ".new";
    const core::UniqueFd file(::open(
        fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
    const std::string all = text.str();
    const bool written =
        file && ::write(file.get(), all.data(), all.size()) == static_cast<ssize_t>(all.size());
    if (!written || ::rename(fresh.c_str(), file_.c_str()) != 0) {
        log_.warning("RUN_DIR", core::Error::last("write " + file_).text());
    }
}

void Sysctls::set(const std::string& name, const std::string& value) {
    const std::string now = read(name);
    if (now == value) return;
    const bool known = old_.contains(name);
    if (!known) {
        old_[name] = now;
        note();
    }
    if (write(name, value)) {
        log_.notice("SYSCTL_CHANGED",
                    fmt::format("{} is {}, which was {}, until we stop", shown(name), value, now));
    } else if (!known) {
        old_.erase(name);
        note();
    }
}

void Sysctls::put_back(const std::string& name) {
    if (write(name, old_.at(name))) {
        log_.info("SYSCTL_RESTORED", fmt::format("{} is {} again", shown(name), old_.at(name)));
    }
    old_.erase(name);
    note();
}

void Sysctls::use(const config::v1::Config& config) {
    if (config.global().disable_local_igmp()) {
        set(kLocalReports, "0");
    } else if (old_.contains(kLocalReports)) {
        put_back(kLocalReports);
    }
    warn_of_virtual_addresses(config);
}

void Sysctls::restore() {
    while (!old_.empty()) put_back(std::string(old_.begin()->first));
}

void Sysctls::warn_of_virtual_addresses(const config::v1::Config& config) const {
    const auto has_macvlan = [](const auto& instance) {
        return std::ranges::any_of(instance.virtual_interfaces(),
                                   [](const auto& each) { return !each.ipvlan(); });
    };
    const auto& all = config.vrrp_instances();
    if (std::ranges::none_of(all, has_macvlan)) return;
    const std::string arp_filter = read("net/ipv4/conf/all/arp_filter");
    if (!arp_filter.empty() && arp_filter != "0") {
        log_.warning(
            "VMAC_UNREACHABLE",
            "net.ipv4.conf.all.arp_filter is 1: nobody will be told where addresses with a "
            "virtual MAC address are; set it for single interfaces instead");
    }
    const std::string arp_ignore = read("net/ipv4/conf/all/arp_ignore");
    const bool by_network = arp_ignore == "2" && std::ranges::any_of(all, has_lone_address);
    if (by_network || (!arp_ignore.empty() && arp_ignore > "3")) {
        log_.warning(
            "VMAC_UNREACHABLE",
            fmt::format("net.ipv4.conf.all.arp_ignore is {}: {}", arp_ignore,
                        by_network ? "addresses with a prefix length of 32 on a virtual MAC "
                                     "address will not be found; give them their network's"
                                   : "no address will be found"));
    }
}

}  // namespace holdfast::supervisor
