#include "vrrpd/advertisement.hpp"

#include <algorithm>
#include <cstdint>

#include "lib/core/result.hpp"

namespace {

using namespace holdfast;
using core::broken_invariant;
using vrrp::Authentication;
using vrrp::Version;

const core::Address kSource = core::Address::v4(0xc0000202U);
const core::Address kGroup = core::Address::v4(0xe0000012U);

/// What is believed can be said again, and is then believed with the same content.
void say_again(const vrrp::Expectation& expected, const vrrp::Datagram& heard,
               const vrrp::Accepted& accepted) {
    const auto message = vrrp::encode(accepted.advertisement, expected.authentication, heard.source,
                                      heard.destination);
    vrrp::Datagram again = heard;
    again.message = message;
    const auto verdict = vrrp::check(expected, again);
    const auto* believed = std::get_if<vrrp::Accepted>(&verdict);
    if (believed == nullptr) broken_invariant("refuses its own advertisement");
    if (!(believed->advertisement == accepted.advertisement))
        broken_invariant("reads something else than it wrote");
}

void check(Version version, core::Family family, const Authentication& authentication,
           const vrrp::Datagram& datagram) {
    const auto vrid = vrrp::vrid_of(datagram.message);
    const vrrp::Expectation expected{.version = version,
                                     .family = family,
                                     .vrid = vrid.value_or(1),
                                     .advert_interval = std::chrono::seconds{1},
                                     .authentication = authentication,
                                     .unicast = false,
                                     .addresses = {}};
    const auto verdict = vrrp::check(expected, datagram);
    if (const auto* accepted = std::get_if<vrrp::Accepted>(&verdict))
        say_again(expected, datagram, *accepted);
}

}  // namespace

/// The first octet chooses what is expected; the rest is an IPv4 packet for odd values, a message
/// for even ones.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::span<const std::byte> octets = std::as_bytes(std::span(data + 1, size - 1));
    vrrp::Datagram datagram{.source = kSource,
                            .destination = kGroup,
                            .time_to_live = 255,
                            .protocol = vrrp::kProtocol,
                            .message = octets};
    if (data[0] % 2 == 1) {
        const auto cut = vrrp::from_ipv4_packet(octets);
        if (const auto* whole = std::get_if<vrrp::Datagram>(&cut)) datagram = *whole;
    }
    check(Version::v2, core::Family::ipv4, Authentication::simple("holdfast"), datagram);
    check(Version::v2, core::Family::ipv4, {}, datagram);
    check(Version::v3, core::Family::ipv4, {}, datagram);
    datagram.source = *core::Address::from_text("fe80::1");
    datagram.destination = *core::Address::from_text("ff02::12");
    check(Version::v3, core::Family::ipv6, {}, datagram);
    return 0;
}
