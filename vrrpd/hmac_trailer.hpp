#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/core/address.hpp"
#include "lib/core/interval.hpp"
#include "vrrpd/advertisement.hpp"
#include "vrrpd/keyed_hash.hpp"

/// The keyed trailer behind an advertisement, as keepalived 2.4 has it: HMAC-SHA256 over the
/// message, its sender and a sequence. Pure: clocks are given as values.
namespace holdfast::vrrp {

/// One moment on two clocks.
struct Moment {
    core::Interval wall;    // since 1970; may be set at any time
    core::Interval steady;  // since the machine started, its sleep included; never set
};

struct TrailerSetting {
    enum class Mode : std::uint8_t {
        enforce,       // sent and demanded
        permissive,    // sent, not demanded
        receive_only,  // not sent, checked where present
    };
    enum class AntiReplay : std::uint8_t {
        time,       // sequences follow the time of day, and must be close to it
        monotonic,  // sequences only ever grow
    };
    struct Key {
        std::uint8_t id = 0;
        std::vector<std::byte> octets;
        friend bool operator==(const Key&, const Key&) = default;
    };
    std::vector<Key> keys;  // any of them is believed
    std::uint8_t active_key = 0;
    core::Interval time_window{0};
    AntiReplay anti_replay = AntiReplay::time;
    Mode mode = Mode::enforce;
    friend bool operator==(const TrailerSetting&, const TrailerSetting&) = default;
};

inline constexpr std::size_t kTrailer = 28;

/// Signs what one router sends, and checks what it receives. Remembers the last sequence of each
/// sender, so that nothing is believed twice.
///
/// The time of day may be set wrong, or right, while routers run, and both must not split them. So
/// the time goes on from what it was when it was last known to be good; the present one is believed
/// as well, and taken over when an authentic packet agrees with it alone.
class TrailerKeeper {
  public:
    /// Multicast senders that are remembered; of unicast, as many as there are peers.
    static constexpr std::size_t kSenders = 4;

    /// What outlives a restart.
    struct Memory {
        struct Sender {
            core::Address address;
            std::uint64_t sequence = 0;
            friend bool operator==(const Sender&, const Sender&) = default;
        };
        std::uint64_t sent = 0;         // last sequence of our own
        core::Interval time_offset{0};  // of the time we go by to the steady clock; 0: unknown
        std::array<Sender, kSenders> senders{};  // 0.0.0.0: none
        friend bool operator==(const Memory&, const Memory&) = default;
    };

    /// `senders`: how many are remembered at once.
    [[nodiscard]] static core::Result<TrailerKeeper> make(const TrailerSetting& setting,
                                                          std::size_t senders = kSenders);

    [[nodiscard]] bool sends() const { return mode_ != TrailerSetting::Mode::receive_only; }
    [[nodiscard]] bool demands() const { return mode_ == TrailerSetting::Mode::enforce; }

    /// Appends the trailer to a message of `source`.
    void sign(std::vector<std::byte>& message, const core::Address& source, const Moment& now);

    /// Why the trailer of `message` is not believed. Only an authentic one is remembered.
    [[nodiscard]] std::optional<Rejection> check(std::span<const std::byte> message,
                                                 std::span<const std::byte> trailer,
                                                 const core::Address& source, const Moment& now);

    /// By how much the present time of day is ahead of the one we go by.
    [[nodiscard]] core::Interval time_difference(const Moment& now) const;

    [[nodiscard]] Memory memory() const;
    void restore(const Memory& memory);

  private:
    struct Key {
        std::uint8_t id = 0;
        KeyedHash hash;
    };
    struct Sender {
        core::Address address;
        std::uint64_t sequence = 0;
        std::uint64_t used = 0;  // grows with each use
    };
    TrailerKeeper() = default;

    [[nodiscard]] core::Interval own_time(const Moment& now);
    [[nodiscard]] bool is_fresh(core::Interval said, const Moment& now);
    [[nodiscard]] bool authentic(const Key& key, std::span<const std::byte> message,
                                 std::span<const std::byte> trailer,
                                 const core::Address& source) const;
    [[nodiscard]] bool is_replay(const core::Address& source, std::uint64_t sequence,
                                 const Moment& now);
    void remember(const core::Address& source, std::uint64_t sequence);
    void settle(core::Interval said, const Moment& now);

    std::vector<Key> keys_;
    std::size_t active_ = 0;  // of keys_
    core::Interval window_{0};
    TrailerSetting::AntiReplay anti_replay_ = TrailerSetting::AntiReplay::time;
    TrailerSetting::Mode mode_ = TrailerSetting::Mode::enforce;
    std::size_t most_senders_ = kSenders;
    std::uint64_t sent_ = 0;
    std::optional<core::Interval> offset_;
    std::vector<Sender> senders_;
    std::uint64_t uses_ = 0;
};

}  // namespace holdfast::vrrp
