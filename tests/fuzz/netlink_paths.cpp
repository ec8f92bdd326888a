// Routes and rules of a NETLINK_ROUTE socket. Whatever the octets are: no crash, and what was
// understood can be asked for again and has a name.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "ipvsd/path_plan.hpp"
#include "ipvsd/routes.hpp"
#include "ipvsd/rules.hpp"

using holdfast::netlink::Reply;

namespace {

void take(const Reply& reply) {
    using namespace holdfast;
    static_cast<void>(netlink::decode_route_head(reply));
    if (const auto route = netlink::decode_route(reply)) {
        const std::string name = ipvsd::name_of(*route);
        if (!ipvsd::fits(*route, *route) || !ipvsd::goes_out_as(*route, *route)) __builtin_trap();
        ipvsd::RoutesInKernel kernel{{name, *route}};
        const std::vector<ipvsd::RouteWish> wish = {{.name = name, .value = *route}};
        if (!ipvsd::plan_routes(wish, kernel, {}).empty()) __builtin_trap();
        if (route->hops.size() <= netlink::Route::kMostHops && !route->hops.empty()) {
            static_cast<void>(netlink::encode_remove(*route));
        }
    }
    if (const auto rule = netlink::decode_rule(reply)) {
        static_cast<void>(ipvsd::name_of(*rule));
        static_cast<void>(netlink::encode_remove(*rule));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // The decoder asks for octets at a multiple of 4.
    std::vector<std::uint32_t> aligned((size + 3) / 4);
    if (size != 0) std::memcpy(aligned.data(), data, size);
    for (const Reply& reply :
         holdfast::netlink::split(std::as_bytes(std::span(aligned)).first(size))) {
        take(reply);
    }
    return 0;
}
