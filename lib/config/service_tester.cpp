#include "lib/config/service_tester.hpp"

#include <algorithm>

#include "lib/config/resolve_listening.hpp"

namespace holdfast::config {

namespace {

bool refers_to_others(const v1::Check& check) {
    return check.has_command() || check.has_file() || check.has_bfd();
}

bool refers_to_others(const v1::RealServer& server) {
    return server.has_notify_up() || server.has_notify_down() ||
           std::ranges::any_of(server.checks(),
                               [](const v1::Check& check) { return refers_to_others(check); });
}

bool refers_to_others(const v1::VirtualServer& service) {
    return service.has_group() || service.has_quorum_up() || service.has_quorum_down() ||
           std::ranges::any_of(service.servers(), [](const v1::RealServer& server) {
               return refers_to_others(server);
           });
}

}  // namespace

v1::VirtualServer& ServiceTester::fresh() {
    // What is left of the first block may serve the next service as well.
    if (arena_.SpaceUsed() > kMemory / 2) arena_.Reset();
    return *google::protobuf::Arena::CreateMessage<v1::VirtualServer>(&arena_);
}

bool ServiceTester::visit(v1::VirtualServer& service, ObjectPlaces& places) {
    if (refers_to_others(service)) return false;
    all_.tested.any = true;
    if (!resolve_service(all_, service, places, {})) return true;
    if (all_.tested.names.contains(service.name())) {
        report_duplicate(all_, service, places);
    } else {
        remember(service, places);
    }
    return true;
}

void ServiceTester::remember(const v1::VirtualServer& service, const ObjectPlaces& places) {
    all_.tested.listeners.push_back({service.key(), service.name(), places.block});
    all_.tested.names.insert(all_.tested.listeners.back().name);
}

}  // namespace holdfast::config
