#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ipvsd/announcement_queue.hpp"
#include "ipvsd/interface_plan.hpp"
#include "ipvsd/network_model.hpp"
#include "ipvsd/plan.hpp"
#include "ipvsd/service_state.hpp"
#include "lib/core/ids.hpp"
#include "lib/core/interval.hpp"
#include "lib/core/result.hpp"

namespace holdfast::config::v1 {
class Config;
}

namespace holdfast::ipvsd {

/// When and how often the addresses of an Active instance are announced; keepalived's defaults.
struct AnnouncementRules {
    core::Interval delay = std::chrono::seconds(5);  // of the second block, 0: none
    std::uint32_t repeat = 5;                        // rounds of each block
    core::Interval refresh{};                        // 0: never
    std::uint32_t refresh_repeat = 1;
    core::Interval lower_priority_delay = std::chrono::seconds(5);
    std::uint32_t lower_priority_repeat = 5;
    /// Addresses on these interfaces are announced once more each time; 0: never.
    core::Interval extra{};
    std::set<std::string> extra_interfaces;
    friend bool operator==(const AnnouncementRules&, const AnnouncementRules&) = default;
};

/// What ipvsd needs to know of one VRRP instance.
struct Instance {
    core::ObjectId id;
    std::string name;
    bool owner = false;              // priority 255
    core::Interval down_interval{};  // for as long as vrrpd has told none
    std::string interface;
    std::optional<core::Address> source;  // of its advertisements, where one is written
    bool ipv6 = false;
    std::vector<ConfiguredAddress> addresses;
    std::vector<ConfiguredRoute> routes;
    std::vector<ConfiguredRule> rules;
    AnnouncementRules announcement;
    bool announces = true;
    std::vector<VirtualInterface> interfaces;
    std::set<std::string> extra_interfaces;  // as configured, of announcement
    bool promote_secondaries = false;
    bool accept = true;  // packets to its addresses (RFC 9568 6.1 Accept_Mode)
    /// Nothing of the kernel's is wished.
    [[nodiscard]] bool is_empty() const {
        return addresses.empty() && routes.empty() && rules.empty();
    }
    friend bool operator==(const Instance&, const Instance&) = default;
};

/// One virtual server with its rules.
struct ConfiguredService {
    core::ObjectId id;
    std::string name;
    Service service;
    ServiceRules rules;
    std::map<core::ObjectId, std::string> server_names;
    friend bool operator==(const ConfiguredService&, const ConfiguredService&) = default;
};

/// Where a check belongs.
struct CheckPlace {
    core::ObjectId service;
    core::ObjectId server;
    friend bool operator==(const CheckPlace&, const CheckPlace&) = default;
};

/// Our nftables table.
struct FirewallRules {
    std::string table = "holdfast";
    std::int32_t priority = -1;
    bool counters = false;
    friend bool operator==(const FirewallRules&, const FirewallRules&) = default;
};

/// One generation of the configuration as ipvsd works with it: values checked once, here.
struct Model {
    std::uint64_t generation = 0;
    std::map<core::ObjectId, Instance> instances;
    /// What is there from start to stop, as an instance that nobody can make anything but Active.
    Instance statics;
    std::map<core::ObjectId, ConfiguredService> services;
    std::map<core::ObjectId, CheckPlace> checks;
    FirewallRules firewall;
    Pacing pacing;
    std::set<core::ObjectId> tracked_services;  // whose quorum vrrpd wants to know
    bool tells_start_states = false;            // rs_init_notifies

    /// A role that the configuration does not need is not started, and has nothing to say.
    [[nodiscard]] bool needs_vrrpd() const { return !instances.empty(); }
    [[nodiscard]] bool needs_checkerd() const { return !checks.empty(); }
};

/// Refuses what cannot be carried out (lengths, ranges, missing ids, a service twice), with the
/// object's name in the error.
[[nodiscard]] core::Result<Model> build_model(std::uint64_t generation,
                                              const config::v1::Config& config);

}  // namespace holdfast::ipvsd
