#include "supervisor/object_index.hpp"

namespace holdfast::supervisor {
namespace {

template <class Objects, class Map>
void fill(const Objects& objects, Map& map) {
    map.reserve(static_cast<std::size_t>(objects.size()));
    for (const auto& object : objects) map.emplace(object.id(), &object);
}

template <class Map>
typename Map::mapped_type found(const Map& map, std::uint64_t id) {
    const auto at = map.find(id);
    return at == map.end() ? nullptr : at->second;
}

}  // namespace

ObjectIndex::ObjectIndex(const config::v1::Config& config) {
    fill(config.vrrp_instances(), instances_);
    fill(config.vrrp_sync_groups(), groups_);
    fill(config.vrrp_scripts(), scripts_);
    fill(config.virtual_servers(), services_);
}

const config::v1::VrrpInstance* ObjectIndex::instance(std::uint64_t id) const {
    return found(instances_, id);
}

const config::v1::VrrpSyncGroup* ObjectIndex::group(std::uint64_t id) const {
    return found(groups_, id);
}

const config::v1::VrrpScript* ObjectIndex::script(std::uint64_t id) const {
    return found(scripts_, id);
}

const config::v1::VirtualServer* ObjectIndex::service(std::uint64_t id) const {
    return found(services_, id);
}

}  // namespace holdfast::supervisor
