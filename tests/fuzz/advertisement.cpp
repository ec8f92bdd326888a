#include "vrrpd/advertisement.hpp"

#include <algorithm>
#include <cstdint>

#include "lib/core/result.hpp"
#include "vrrpd/authentication_header.hpp"
#include "vrrpd/hmac_trailer.hpp"

namespace {

using namespace holdfast;
using core::broken_invariant;
using vrrp::Authentication;
using vrrp::Rejection;
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

const vrrp::Moment kNow{.wall = std::chrono::seconds{1'700'000'000},
                        .steady = std::chrono::seconds{1000}};

vrrp::TrailerKeeper trailer_keeper() {
    auto made =
        vrrp::TrailerKeeper::make({.keys = {{1, std::vector<std::byte>(32)}},
                                   .active_key = 1,
                                   .time_window = std::chrono::seconds{5},
                                   .anti_replay = vrrp::TrailerSetting::AntiReplay::monotonic});
    if (!made) broken_invariant("no HMAC");
    return std::move(made).value();
}

vrrp::Expectation expectation_for(const vrrp::Datagram& datagram, Version version,
                                  const Authentication& authentication) {
    return {.version = version,
            .family = datagram.source.family(),
            .vrid = vrrp::vrid_of(datagram.message).value_or(1),
            .advert_interval = std::chrono::seconds{1},
            .authentication = authentication};
}

bool is_about_header(const std::variant<vrrp::Accepted, Rejection>& verdict) {
    const auto* why = std::get_if<Rejection>(&verdict);
    return why != nullptr && *why >= Rejection::header_malformed &&
           *why <= Rejection::header_replayed;
}

/// Without the key nothing is believed; whatever it is around, an own trailer holds, once.
void check_trailer(const vrrp::Datagram& datagram) {
    auto reader = trailer_keeper();
    auto writer = trailer_keeper();
    const vrrp::Proofs proofs{.trailer = &reader, .now = &kNow};
    const auto expected = expectation_for(datagram, Version::v3, {});
    if (std::holds_alternative<vrrp::Accepted>(vrrp::check(expected, datagram, proofs)))
        broken_invariant("believes a trailer without the key");
    constexpr std::size_t kHeader = 8;
    if (datagram.message.size() < kHeader) return;
    std::vector<std::byte> message(datagram.message.begin(), datagram.message.end());
    writer.sign(message, datagram.source, kNow);
    const auto trailer = std::span(message).last(vrrp::kTrailer);
    const auto before = std::span(message).first(message.size() - vrrp::kTrailer);
    if (reader.check(before, trailer, datagram.source, kNow))
        broken_invariant("refuses its own trailer");
    if (reader.check(before, trailer, datagram.source, kNow) != Rejection::trailer_replayed)
        broken_invariant("believes a trailer twice");
}

/// The same for an authentication header, around a message that is put into it.
void check_header(const vrrp::Datagram& datagram) {
    Authentication wrapped = Authentication::simple("holdfast");
    auto reader = vrrp::HeaderKeeper::make(wrapped.password);
    auto writer = vrrp::HeaderKeeper::make(wrapped.password);
    if (!reader || !writer) broken_invariant("no HMAC-MD5");
    wrapped.type = Authentication::Type::header;
    const auto expected = expectation_for(datagram, Version::v2, wrapped);
    const vrrp::Proofs proofs{.header = &*reader};
    if (std::holds_alternative<vrrp::Accepted>(vrrp::check(expected, datagram, proofs)))
        broken_invariant("believes an authentication header without the key");
    if (datagram.protocol != vrrp::kProtocol) return;
    const auto packet = writer->wrap(datagram.message, kSource, kGroup, vrrp::kTimeToLive);
    const auto cut = vrrp::from_ipv4_packet(packet);
    if (datagram.message.size() > 4096) return;  // beyond what an IP packet can say
    const auto* whole = std::get_if<vrrp::Datagram>(&cut);
    if (whole == nullptr) broken_invariant("does not read the packet that it wrote");
    if (is_about_header(vrrp::check(expected, *whole, proofs)))
        broken_invariant("refuses its own authentication header");
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
    check_trailer(datagram);
    check_header(datagram);
    datagram.source = *core::Address::from_text("fe80::1");
    datagram.destination = *core::Address::from_text("ff02::12");
    check(Version::v3, core::Family::ipv6, {}, datagram);
    check_trailer(datagram);
    return 0;
}
