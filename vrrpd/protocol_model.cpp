#include "vrrpd/protocol_model.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "proto/config.pb.h"
#include "vrrpd/authentication_header.hpp"
#include "vrrpd/model.hpp"

namespace holdfast::vrrp {

namespace {

using core::Status;
namespace config = holdfast::config::v1;

constexpr std::uint32_t kLargestTtl = 255;
constexpr core::Interval kShortestWindow = std::chrono::seconds{5};

core::Error refused(const InstanceSetting& made, std::string_view what) {
    return core::Error(fmt::format("vrrp_instance {}: {}", made.name, what));
}

/// What the cryptographic library of this host does not offer keeps the instance in Fault.
void try_out(const Status& tried, InstanceSetting& made) {
    if (!tried) made.not_carried_out = tried.error().text();
}

void add_authentication(const config::VrrpInstance& from, InstanceSetting& made) {
    Authentication& ours = made.expected.authentication;
    switch (from.authentication().type()) {
        case config::AUTHENTICATION_PASS:
            ours = Authentication::simple(from.authentication().password());
            return;
        case config::AUTHENTICATION_AH: {
            ours = Authentication::simple(from.authentication().password());
            ours.type = Authentication::Type::header;
            const bool possible =
                made.router.version == Version::v2 && made.expected.family == core::Family::ipv4;
            if (!possible)
                made.not_carried_out = "auth_type AH works with version 2 over IPv4 only";
            else if (auto keeper = HeaderKeeper::make(ours.password); !keeper)
                try_out(keeper.error(), made);
            return;
        }
        case config::AUTHENTICATION_NONE:
            return;
    }
}

void add_trailer(const config::VrrpInstance& from, InstanceSetting& made) {
    if (!from.has_auth_hmac()) return;
    const config::AuthHmac& given = from.auth_hmac();
    TrailerSetting setting{.active_key = static_cast<std::uint8_t>(given.active_key())};
    for (const config::HmacKey& key : given.keys()) {
        const auto octets = std::as_bytes(std::span(key.octets()));
        setting.keys.push_back(
            {static_cast<std::uint8_t>(key.id()), {octets.begin(), octets.end()}});
    }
    setting.time_window =
        given.has_time_window_us()
            ? core::Interval{static_cast<core::Interval::rep>(given.time_window_us())}
            : std::max(kShortestWindow, 3 * made.router.advert_interval);
    if (given.anti_replay() == config::REPLAY_MONOTONIC)
        setting.anti_replay = TrailerSetting::AntiReplay::monotonic;
    if (given.mode() == config::HMAC_PERMISSIVE) setting.mode = TrailerSetting::Mode::permissive;
    if (given.mode() == config::HMAC_RECEIVE_ONLY)
        setting.mode = TrailerSetting::Mode::receive_only;
    if (auto keeper = TrailerKeeper::make(setting); !keeper) try_out(keeper.error(), made);
    made.send.own_checksum = made.expected.family == core::Family::ipv6 &&
                             setting.mode != TrailerSetting::Mode::receive_only;
    made.trailer = std::move(setting);
}

Status add_peers(const config::VrrpInstance& from, InstanceSetting& made) {
    for (const config::UnicastPeer& peer : from.unicast_peers()) {
        const auto address = core::Address::from_bytes(peer.address());
        if (!address || address->family() != made.expected.family)
            return refused(made, "unicast peer of another family");
        if (peer.min_ttl() > kLargestTtl || peer.max_ttl() > kLargestTtl)
            return refused(made, "TTL of a unicast peer out of range");
        const bool limited = peer.has_min_ttl() || peer.has_max_ttl();
        made.expected.peers_only = made.expected.peers_only || limited;
        made.expected.peers.push_back({.address = *address,
                                       .min_ttl = static_cast<std::uint8_t>(peer.min_ttl()),
                                       .max_ttl = static_cast<std::uint8_t>(
                                           peer.has_max_ttl() ? peer.max_ttl() : kLargestTtl)});
        // A list that is the same on every router has our own address in it.
        if (address != made.source) made.destinations.push_back(*address);
    }
    if (from.unicast_ttl() > kLargestTtl) return refused(made, "unicast_ttl out of range");
    if (from.unicast_ttl() != 0)
        made.send.time_to_live = static_cast<std::uint8_t>(from.unicast_ttl());
    return core::Done{};
}

core::Result<core::Address> group_of(const config::VrrpInstance& from,
                                     const InstanceSetting& made) {
    const bool v4 = made.expected.family == core::Family::ipv4;
    auto group = core::Address::from_text(v4 ? "224.0.0.18" : "ff02::12");
    if (!from.multicast_group().empty()) group = core::Address::from_bytes(from.multicast_group());
    if (!group || !group->is_multicast() || group->family() != made.expected.family)
        return refused(made, "no multicast group");
    return *group;
}

void add_checksum(const config::VrrpInstance& from, const core::Address& group,
                  InstanceSetting& made) {
    const bool v4 = made.expected.family == core::Family::ipv4;
    if (made.router.version != Version::v3 || !v4) return;
    if (from.v3_checksum_as_v2()) made.checksum = ChecksumForm::plain;
    if (!made.expected.unicast) return;
    if (from.old_unicast_checksum() == config::OLD_CHECKSUM_ALWAYS)
        made.checksum = ChecksumForm::old_unicast;
    if (from.old_unicast_checksum() != config::OLD_CHECKSUM_NEVER)
        made.expected.old_checksum_group = group;
}

}  // namespace

Status add_protocol(const config::VrrpInstance& from, InstanceSetting& made) {
    add_authentication(from, made);
    add_trailer(from, made);
    if (!from.source_address().empty()) {
        made.source = core::Address::from_bytes(from.source_address());
        if (!made.source) return refused(made, "source address of odd length");
    }
    made.send.source = made.source;
    made.track_source =
        from.track_source_address() && made.source.has_value() && !made.interface.empty();
    made.fault_without_peers = from.unicast_fault_no_peer();
    made.skip_address_check = from.skip_check_adv_addr();
    made.expected.unicast = from.unicast_peers_size() > 0;
    made.expected.peers_only = from.check_unicast_source();

    const auto group = group_of(from, made);
    if (!group) return group.error();
    add_checksum(from, *group, made);
    if (made.expected.unicast) return add_peers(from, made);
    // Unicast without a peer speaks to nobody.
    if (from.unicast()) return core::Done{};
    made.expected.group = *group;
    made.destinations.push_back(*group);
    return core::Done{};
}

}  // namespace holdfast::vrrp
