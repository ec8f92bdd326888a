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
    const std::size_t rest = (key.family == core::Family::ipv6 ? 2U : 0U) | (key.unicast ? 1U : 0U);
    return std::hash<std::string>{}(key.interface) ^ rest * 0x9e3779b97f4a7c15ULL;
}

void Places::add(Instance& instance) {
    const InstanceSetting& setting = instance.setting();
    const Expectation& expected = setting.expected;
    Table& table = tables_[{setting.device(), expected.family, expected.unicast}];
    Instance*& first = table.first.at(expected.vrid);
    if (first == nullptr) {
        first = &instance;
        return;
    }
    std::vector<Instance*>& shared = table.shared[expected.vrid];
    if (shared.empty()) shared.push_back(first);
    shared.push_back(&instance);
}

Instance* Places::find(const WireKey& where, const Datagram& datagram) const {
    const auto vrid = vrid_of(datagram.message);
    if (!vrid) return nullptr;
    const auto found = tables_.find({where.interface, where.family, where.unicast});
    if (found == tables_.end()) return nullptr;
    const Table& table = found->second;
    const auto shared = table.shared.find(*vrid);
    if (shared == table.shared.end()) return table.first.at(*vrid);
    return *std::ranges::max_element(
        shared->second, {}, [&](const Instance* each) { return fit(each->setting(), datagram); });
}

}  // namespace holdfast::vrrp
