#include "supervisor/vrrp_filter.hpp"

#include <cstddef>

namespace holdfast::supervisor {
namespace {

constexpr std::uint32_t kWholePacket = 0xffffffffU;
constexpr std::uint32_t kVrrpHeader = 8;  // octets of VRRPv2 and v3 before the addresses
constexpr std::uint32_t kVrrpProtocol = 112;
constexpr std::uint32_t kVersion2Advertisement = 0x21;
constexpr std::uint32_t kVersion3Advertisement = 0x31;

// Offsets in the IP headers.
constexpr std::uint32_t kIpv4Ttl = 8;
constexpr std::uint32_t kIpv4Destination = 16;
constexpr auto kIpv6HopLimit = static_cast<std::uint32_t>(SKF_NET_OFF + 7);
constexpr auto kIpv6Destination = static_cast<std::uint32_t>(SKF_NET_OFF + 24);

/// Puts a program together; jumps to a place not yet known are 32-bit `ja`, mended at the end.
class Assembler {
  public:
    void add(unsigned code, std::uint32_t k, unsigned when_true = 0, unsigned when_false = 0) {
        program_.push_back({static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(when_true),
                            static_cast<std::uint8_t>(when_false), k});
    }
    void return_value(std::uint32_t octets) { add(BPF_RET | BPF_K, octets); }

    /// Goes on when `comparison` with k holds for A, else to the end named `otherwise`.
    void require(unsigned comparison, std::uint32_t k, std::vector<std::size_t>& otherwise) {
        add(BPF_JMP | comparison | BPF_K, k, 1, 0);
        jump(otherwise);
    }
    void jump(std::vector<std::size_t>& target) {
        target.push_back(program_.size());
        add(BPF_JMP | BPF_JA, 0);
    }
    void land_here(const std::vector<std::size_t>& jumps) {
        for (const std::size_t at : jumps) {
            program_[at].k = static_cast<std::uint32_t>(program_.size() - at - 1);
        }
    }
    [[nodiscard]] std::vector<sock_filter> take() { return std::move(program_); }

  private:
    std::vector<sock_filter> program_;
};

/// X := offset of what follows the authentication header (RFC 4302 2) at X:
///
///   next header | payload length in 32-bit words minus 2 | ...
void skip_authentication_header(Assembler& code, std::vector<std::size_t>& odd) {
    code.add(BPF_LD | BPF_B | BPF_IND, 0);
    code.require(BPF_JEQ, kVrrpProtocol, odd);
    code.add(BPF_LD | BPF_B | BPF_IND, 1);
    code.add(BPF_ALU | BPF_ADD | BPF_K, 2);
    code.add(BPF_ALU | BPF_LSH | BPF_K, 2);
    code.add(BPF_ALU | BPF_ADD | BPF_X, 0);
    code.add(BPF_MISC | BPF_TAX, 0);
}

/// X := offset of the VRRP header in what the filter sees; A := octets from there on.
void load_payload_length(Assembler& code, const VrrpFilter& wanted, std::vector<std::size_t>& odd) {
    if (wanted.family == core::Family::ipv4) {
        code.add(BPF_LDX | BPF_B | BPF_MSH, 0);
        if (wanted.authentication_header) skip_authentication_header(code, odd);
        code.add(BPF_LD | BPF_W | BPF_LEN, 0);
        code.add(BPF_JMP | BPF_JGE | BPF_X, 0, 1, 0);
        code.jump(odd);
        code.add(BPF_ALU | BPF_SUB | BPF_X, 0);
    } else {
        code.add(BPF_LDX | BPF_W | BPF_IMM, 0);
        code.add(BPF_LD | BPF_W | BPF_LEN, 0);
    }
}

/// A := 1 when the destination is multicast, else 0.
void load_is_multicast(Assembler& code, core::Family family) {
    const bool v4 = family == core::Family::ipv4;
    code.add(BPF_LD | BPF_B | BPF_ABS, v4 ? kIpv4Destination : kIpv6Destination);
    if (v4) code.add(BPF_ALU | BPF_AND | BPF_K, 0xf0);
    code.add(BPF_JMP | BPF_JEQ | BPF_K, v4 ? 0xe0 : 0xff, 0, 2);
    code.add(BPF_LD | BPF_W | BPF_IMM, 1);
    code.add(BPF_JMP | BPF_JA, 1);
    code.add(BPF_LD | BPF_W | BPF_IMM, 0);
}

}  // namespace

std::vector<sock_filter> build_filter(const VrrpFilter& wanted) {
    Assembler code;
    std::vector<std::size_t> odd;        // jumps of packets that are no good advertisement
    std::vector<std::size_t> good;       // jumps of known VRIDs
    std::vector<std::size_t> elsewhere;  // jumps of packets for the other destination type

    load_is_multicast(code, wanted.family);
    code.require(BPF_JEQ, wanted.unicast ? 0 : 1, wanted.any_destination ? odd : elsewhere);

    load_payload_length(code, wanted, odd);
    code.require(BPF_JGE, kVrrpHeader, odd);
    if (!wanted.unicast) {
        code.add(BPF_LD | BPF_B | BPF_ABS,
                 wanted.family == core::Family::ipv4 ? kIpv4Ttl : kIpv6HopLimit);
        code.require(BPF_JEQ, 255, odd);
    }
    code.add(BPF_LD | BPF_B | BPF_IND, 0);
    code.add(BPF_JMP | BPF_JEQ | BPF_K, kVersion2Advertisement, 2, 0);  // over the next two
    code.require(BPF_JEQ, kVersion3Advertisement, odd);
    code.add(BPF_LD | BPF_B | BPF_IND, 1);
    for (const std::uint8_t vrid : wanted.vrids) {
        code.add(BPF_JMP | BPF_JEQ | BPF_K, vrid, 0, 1);
        code.jump(good);
    }

    const bool hot = wanted.side == VrrpFilter::Side::hot;
    code.land_here(odd);
    code.return_value(hot ? 0 : kWholePacket);
    code.land_here(good);
    code.return_value(hot ? kWholePacket : 0);
    code.land_here(elsewhere);
    code.return_value(0);
    return code.take();
}

std::vector<sock_filter> build_drop_all() {
    Assembler code;
    code.return_value(0);
    return code.take();
}

}  // namespace holdfast::supervisor
