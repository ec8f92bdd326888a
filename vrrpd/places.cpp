#include "vrrpd/places.hpp"

#include <algorithm>
#include <functional>

#include "vrrpd/instance.hpp"

namespace holdfast::vrrp {

namespace {

/// How well a packet fits one of several routers of its VRID; the best one checks it, and counts it
/// when nothing fits.
int fit(const InstanceSetting& setting, const Datagram& datagram) {
    if (!setting.expected.unicast) return setting.expected.group == datagram.destination ? 1 : 0;
    const bool from_peer = std::ranges::find(setting.expected.peers, datagram.source,
                                             &Peer::address) != setting.expected.peers.end();
    return (from_peer ? 2 : 0) + (setting.source == datagram.destination ? 1 : 0);
}

}  // namespace

Place place_of(const InstanceSetting& setting) {
    return {.interface = setting.device(),
            .family = setting.expected.family,
            .vrid = setting.expected.vrid,
            .unicast = setting.expected.unicast,
            .own = setting.expected.unicast ? setting.source : setting.expected.group};
}

bool is_same_router(const Place& left, const Place& right) {
    return left.interface == right.interface && left.family == right.family &&
           left.vrid == right.vrid;
}

std::size_t Places::HashOfKey::operator()(const Key& key) const noexcept {
    const std::size_t rest = std::size_t{key.vrid} << 2U |
                             (key.family == core::Family::ipv6 ? 2U : 0U) | (key.unicast ? 1U : 0U);
    return std::hash<std::string>{}(key.interface) ^ rest * 0x9e3779b97f4a7c15ULL;
}

void Places::add(Instance& instance) {
    const InstanceSetting& setting = instance.setting();
    routers_[{setting.device(), setting.expected.family, setting.expected.vrid,
              setting.expected.unicast}]
        .push_back(&instance);
}

Instance* Places::find(const WireKey& where, const Datagram& datagram) const {
    const auto vrid = vrid_of(datagram.message);
    if (!vrid) return nullptr;
    const auto found = routers_.find({where.interface, where.family, *vrid, where.unicast});
    if (found == routers_.end()) return nullptr;
    const std::vector<Instance*>& all = found->second;
    if (all.size() == 1) return all.front();
    return *std::ranges::max_element(
        all, {}, [&](const Instance* each) { return fit(each->setting(), datagram); });
}

}  // namespace holdfast::vrrp
