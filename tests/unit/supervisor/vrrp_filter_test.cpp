#include "supervisor/vrrp_filter.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace holdfast::supervisor {
namespace {

/// Runs a classic BPF program over a packet, for the few instructions that the filters use.
/// `network` is where the IP header lies in front of what the filter sees.
std::uint32_t run(const std::vector<sock_filter>& program, const std::string& seen,
                  const std::string& ip_header) {
    std::uint32_t a = 0;
    std::uint32_t x = 0;
    const auto load = [&](std::uint32_t at, bool& ok) -> std::uint32_t {
        const std::string& from = at >= static_cast<std::uint32_t>(SKF_NET_OFF) ? ip_header : seen;
        const std::size_t offset = at >= static_cast<std::uint32_t>(SKF_NET_OFF)
                                       ? at - static_cast<std::uint32_t>(SKF_NET_OFF)
                                       : at;
        ok = offset < from.size();
        return ok ? static_cast<unsigned char>(from[offset]) : 0;
    };
    for (std::size_t pc = 0; pc < program.size(); ++pc) {
        const sock_filter& op = program[pc];
        bool ok = true;
        switch (op.code) {
            case BPF_LD | BPF_B | BPF_ABS:
                a = load(op.k, ok);
                break;
            case BPF_LD | BPF_B | BPF_IND:
                a = load(x + op.k, ok);
                break;
            case BPF_LD | BPF_W | BPF_LEN:
                a = static_cast<std::uint32_t>(seen.size());
                break;
            case BPF_LD | BPF_W | BPF_IMM:
                a = op.k;
                break;
            case BPF_LDX | BPF_W | BPF_IMM:
                x = op.k;
                break;
            case BPF_LDX | BPF_B | BPF_MSH:
                x = 4 * (load(op.k, ok) & 0xf);
                break;
            case BPF_ALU | BPF_SUB | BPF_X:
                a -= x;
                break;
            case BPF_ALU | BPF_ADD | BPF_K:
                a += op.k;
                break;
            case BPF_ALU | BPF_ADD | BPF_X:
                a += x;
                break;
            case BPF_ALU | BPF_LSH | BPF_K:
                a <<= op.k;
                break;
            case BPF_MISC | BPF_TAX:
                x = a;
                break;
            case BPF_ALU | BPF_AND | BPF_K:
                a &= op.k;
                break;
            case BPF_JMP | BPF_JA:
                pc += op.k;
                break;
            case BPF_JMP | BPF_JEQ | BPF_K:
                pc += a == op.k ? op.jt : op.jf;
                break;
            case BPF_JMP | BPF_JGE | BPF_K:
                pc += a >= op.k ? op.jt : op.jf;
                break;
            case BPF_JMP | BPF_JGE | BPF_X:
                pc += a >= x ? op.jt : op.jf;
                break;
            case BPF_RET | BPF_K:
                return op.k;
            default:
                ADD_FAILURE() << "instruction " << op.code;
                return 0;
        }
        if (!ok) return 0;  // the kernel ends a program that loads beyond the packet
    }
    ADD_FAILURE() << "program runs over its end";
    return 0;
}

std::string ipv4_header(unsigned ttl, unsigned first_octet, unsigned words = 5) {
    std::string header(words * 4, '\0');
    header[0] = static_cast<char>(0x40 | words);
    header[8] = static_cast<char>(ttl);
    header[16] = static_cast<char>(first_octet);
    return header;
}

std::string ipv6_header(unsigned hop_limit, unsigned first_octet) {
    std::string header(40, '\0');
    header[7] = static_cast<char>(hop_limit);
    header[24] = static_cast<char>(first_octet);
    return header;
}

std::string advertisement(unsigned version_type, unsigned vrid, std::size_t size = 12) {
    std::string packet(size, '\0');
    packet[0] = static_cast<char>(version_type);
    if (size > 1) packet[1] = static_cast<char>(vrid);
    return packet;
}

struct Case {
    const char* what;
    bool well_formed;
    std::string ip4, ip6, vrrp;
};

const std::array<Case, 8> kMulticastCases{{
    {"v2 of a known VRID", true, ipv4_header(255, 224), ipv6_header(255, 0xff),
     advertisement(0x21, 51)},
    {"v3 of a known VRID", true, ipv4_header(255, 239), ipv6_header(255, 0xff),
     advertisement(0x31, 255)},
    {"IPv4 options", true, ipv4_header(255, 224, 7), ipv6_header(255, 0xff),
     advertisement(0x21, 51)},
    {"wrong TTL", false, ipv4_header(254, 224), ipv6_header(254, 0xff), advertisement(0x21, 51)},
    {"unknown VRID", false, ipv4_header(255, 224), ipv6_header(255, 0xff), advertisement(0x21, 50)},
    {"unknown version", false, ipv4_header(255, 224), ipv6_header(255, 0xff),
     advertisement(0x41, 51)},
    {"unknown type", false, ipv4_header(255, 224), ipv6_header(255, 0xff), advertisement(0x22, 51)},
    {"cut short", false, ipv4_header(255, 224), ipv6_header(255, 0xff), advertisement(0x21, 51, 7)},
}};

class BothFamilies : public testing::TestWithParam<core::Family> {
  protected:
    std::uint32_t taken_by(VrrpFilter filter, const Case& packet) {
        filter.family = GetParam();
        if (filter.vrids.empty()) filter.vrids = {1, 51, 255};
        const auto program = build_filter(filter);
        return GetParam() == core::Family::ipv4 ? run(program, packet.ip4 + packet.vrrp, packet.ip4)
                                                : run(program, packet.vrrp, packet.ip6);
    }
};

TEST_P(BothFamilies, HotTakesWellFormedAdvertisementsAndColdTheRest) {
    for (const Case& packet : kMulticastCases) {
        EXPECT_EQ(taken_by({.side = VrrpFilter::Side::hot}, packet) != 0, packet.well_formed)
            << packet.what;
        EXPECT_EQ(taken_by({.side = VrrpFilter::Side::cold}, packet) != 0, !packet.well_formed)
            << packet.what;
    }
}

TEST_P(BothFamilies, UnicastPacketsGoToTheUnicastPairWhateverTheirTtl) {
    const Case unicast{"unicast", true, ipv4_header(64, 10), ipv6_header(64, 0xfe),
                       advertisement(0x31, 51)};
    EXPECT_NE(taken_by({.side = VrrpFilter::Side::hot, .unicast = true}, unicast), 0U);
    EXPECT_EQ(taken_by({.side = VrrpFilter::Side::cold, .unicast = true}, unicast), 0U);
    EXPECT_EQ(taken_by({.side = VrrpFilter::Side::hot}, unicast), 0U);
    EXPECT_EQ(taken_by({.side = VrrpFilter::Side::cold}, unicast), 0U);
    EXPECT_NE(taken_by({.side = VrrpFilter::Side::cold, .any_destination = true}, unicast), 0U);
    EXPECT_EQ(taken_by({.side = VrrpFilter::Side::hot, .unicast = true}, kMulticastCases[0]), 0U);
}

TEST_P(BothFamilies, ManyVridsStillFitTheProgram) {
    VrrpFilter filter{.side = VrrpFilter::Side::hot};
    for (unsigned vrid = 1; vrid <= 255; ++vrid)
        filter.vrids.insert(static_cast<std::uint8_t>(vrid));
    EXPECT_NE(taken_by(filter, kMulticastCases[0]), 0U);
    EXPECT_NE(taken_by(filter, kMulticastCases[1]), 0U);
    EXPECT_LT(build_filter(filter).size(), static_cast<std::size_t>(BPF_MAXINSNS));
}

INSTANTIATE_TEST_SUITE_P(Families, BothFamilies,
                         testing::Values(core::Family::ipv4, core::Family::ipv6));

TEST(VrrpFilter, LooksBehindAnAuthenticationHeader) {
    const auto taken = [](VrrpFilter::Side side, const std::string& packet) {
        const VrrpFilter filter{.side = side, .authentication_header = true, .vrids = {51}};
        return run(build_filter(filter), packet, packet) != 0;
    };
    const auto wrapped = [](unsigned next, unsigned length, const std::string& rest) {
        std::string header(24, '\0');
        header[0] = static_cast<char>(next);
        header[1] = static_cast<char>(length);
        return ipv4_header(255, 224, 6) + header + rest;
    };
    const struct {
        const char* what;
        bool good;
        std::string packet;
    } cases[] = {
        {"known VRID", true, wrapped(112, 4, advertisement(0x21, 51))},
        {"unknown VRID", false, wrapped(112, 4, advertisement(0x21, 50))},
        {"another protocol inside", false, wrapped(17, 4, advertisement(0x21, 51))},
        {"cut short", false, wrapped(112, 4, advertisement(0x21, 51, 7))},
        {"a header beyond the packet", false, wrapped(112, 255, advertisement(0x21, 51))},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(taken(VrrpFilter::Side::hot, each.packet), each.good) << each.what;
        EXPECT_EQ(taken(VrrpFilter::Side::cold, each.packet), !each.good) << each.what;
    }
}

TEST(VrrpFilter, IsAcceptedByTheKernel) {
    VrrpFilter filter{.side = VrrpFilter::Side::cold, .any_destination = true};
    for (unsigned vrid = 1; vrid <= 255; ++vrid)
        filter.vrids.insert(static_cast<std::uint8_t>(vrid));
    for (const core::Family family : {core::Family::ipv4, core::Family::ipv6}) {
        filter.family = family;
        auto program = build_filter(filter);
        const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
        const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &whole, sizeof whole), 0)
            << std::strerror(errno);
        ::close(socket);
    }
}

}  // namespace
}  // namespace holdfast::supervisor
