#include <cstddef>
#include <cstdint>
#include <span>

#include "ipvsd/codec.hpp"

/// What NetlinkKernel does with a datagram of the IPVS family.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace holdfast;
    for (const auto& reply : netlink::split(std::as_bytes(std::span(data, size)))) {
        static_cast<void>(ipvsd::decode_service(reply));
        static_cast<void>(ipvsd::decode_destination(reply, core::Family::ipv4));
        static_cast<void>(ipvsd::decode_destination(reply, core::Family::ipv6));
        static_cast<void>(ipvsd::decode_timeouts(reply));
    }
    return 0;
}
