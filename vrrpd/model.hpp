#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/ids.hpp"
#include "lib/core/result.hpp"
#include "vrrpd/advertisement.hpp"
#include "vrrpd/hmac_trailer.hpp"
#include "vrrpd/links.hpp"
#include "vrrpd/router.hpp"
#include "vrrpd/tracking.hpp"
#include "vrrpd/wire_key.hpp"

namespace holdfast::config::v1 {
class Config;
}

/// The configuration as vrrpd uses it: values that compare, so that a reload finds what changed.
namespace holdfast::vrrp {

struct ScriptSetting {
    core::ObjectId id;
    std::string name;
    core::Interval interval{0};  // from start to start
    core::Interval timeout{0};
    ScriptRules rules;
    friend bool operator==(const ScriptSetting&, const ScriptSetting&) = default;
};

/// A file, process or service of which others tell.
struct WatchedSetting {
    core::ObjectId id;
    std::string name;
    Tracker::Kind kind{};
    ProcessRules process{};
    friend bool operator==(const WatchedSetting&, const WatchedSetting&) = default;
};

/// One thing that an instance watches, its group's included.
struct TrackerSetting {
    Tracker::Kind kind{};
    std::string name;
    core::ObjectId object;  // of all but interfaces
    int weight = 0;
    bool reverse = false;
    bool weight_counts = true;
    friend bool operator==(const TrackerSetting&, const TrackerSetting&) = default;
};

struct InstanceSetting {
    core::ObjectId id;
    std::string name;
    std::string interface;  // empty: any (unicast only)
    std::string vrf;        // device of the routing domain, where there is no interface
    std::string group;      // name of its sync group, or empty
    std::uint8_t base_priority = 100;
    RouterParameters router;  // `source` is known at run time only
    Expectation expected;
    std::vector<core::Address> advertised;  // in the order of the configuration
    std::vector<core::Address> addresses;   // all virtual ones, also those not advertised
    std::vector<std::string> address_texts;
    std::optional<core::Address> source;      // mcast_src_ip, unicast_src_ip
    std::vector<core::Address> destinations;  // the multicast group, or the unicast peers
    SendKey send;
    ChecksumForm checksum = ChecksumForm::pseudo_header;  // of what we send
    std::optional<TrailerSetting> trailer;                // auth_hmac
    bool track_source = false;         // wait in Fault while `source` is not on the interface
    bool fault_without_peers = false;  // unicast that speaks to nobody is a Fault
    bool skip_address_check = false;   // compare addresses only when the sender is a new one
    std::vector<TrackerSetting> trackers;
    /// What this version cannot do; such an instance stays in Fault and says so.
    std::string not_carried_out;

    /// What its sockets are bound to; empty: nothing.
    [[nodiscard]] const std::string& device() const { return interface.empty() ? vrf : interface; }
    friend bool operator==(const InstanceSetting&, const InstanceSetting&) = default;
};

struct GroupSetting {
    core::ObjectId id;  // of a router alone: the instance's
    std::string name;
    bool sync = false;
    std::vector<core::ObjectId> members;
    friend bool operator==(const GroupSetting&, const GroupSetting&) = default;
};

struct Model {
    std::uint64_t generation = 0;
    std::map<core::ObjectId, InstanceSetting> instances;
    std::map<core::ObjectId, GroupSetting> groups;
    std::map<core::ObjectId, ScriptSetting> scripts;  // only those that somebody watches
    bool log_unknown_vrids = false;
    std::map<core::ObjectId, WatchedSetting> watched;
    LinkSettings links;
};

/// Refuses what a correct parser would not have let through: an id of 0 or twice, ranges of the
/// protocol, unknown members.
[[nodiscard]] core::Result<Model> build_model(std::uint64_t generation,
                                              const config::v1::Config& config);

}  // namespace holdfast::vrrp
