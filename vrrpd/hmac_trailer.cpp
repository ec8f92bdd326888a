#include "vrrpd/hmac_trailer.hpp"

#include <algorithm>

namespace holdfast::vrrp {

namespace {

using core::Interval;

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |   Scheme (1)  |    Key id     |             zero              |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                  seconds since 1970 (UTC)                     |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |   1/65536 of the second       |            counter            |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |         first 16 octets of the HMAC-SHA256                    |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// Seconds, fraction and counter together are the sequence.
constexpr std::byte kScheme{1};
constexpr std::size_t kSequenceAt = 4;
constexpr std::size_t kHashAt = 12;
constexpr std::size_t kHash = 16;
constexpr std::size_t kChecksumAt = 6;
constexpr std::size_t kVridAt = 1;
constexpr Interval kSecond = std::chrono::seconds{1};

using Zeros = std::array<std::byte, kHash>;
constexpr Zeros kZeros{};

std::uint64_t sequence_in(std::span<const std::byte> trailer) {
    std::uint64_t sequence = 0;
    for (const std::byte octet : trailer.subspan(kSequenceAt, sizeof sequence))
        sequence = sequence << 8U | std::to_integer<std::uint64_t>(octet);
    return sequence;
}

/// Without its counter, as time.
Interval time_in(std::uint64_t sequence) {
    const auto seconds = static_cast<Interval::rep>(sequence >> 32U);
    const auto fraction = static_cast<Interval::rep>(sequence >> 16U & 0xffffU);
    return seconds * kSecond + Interval{fraction * 1'000'000 / 65536};
}

std::uint64_t sequence_at(Interval time) {
    const auto micros = static_cast<std::uint64_t>(std::max(time, Interval::zero()).count());
    const std::uint64_t fraction = micros % 1'000'000 * 65536 / 1'000'000;
    return micros / 1'000'000 << 32U | fraction << 16U;
}

/// RFC 1982 3.2.
bool is_newer(std::uint64_t left, std::uint64_t right) {
    return static_cast<std::int64_t>(left - right) > 0;
}

Interval apart(Interval left, Interval right) {
    return left > right ? left - right : right - left;
}

/// 20 octets: family as number, version, VRID, zero, source padded to 16 octets.
std::array<std::byte, 20> pseudo_header(std::span<const std::byte> message,
                                        const core::Address& source) {
    std::array<std::byte, 20> made{};
    made[0] = static_cast<std::byte>(source.family());
    made[1] = message[0] >> 4;
    made[2] = message[kVridAt];
    std::ranges::copy(source.bytes(), made.begin() + 4);
    return made;
}

std::optional<KeyedHash::Digest> hash_of(const KeyedHash& hash, std::span<const std::byte> message,
                                         std::span<const std::byte> trailer_head,
                                         const core::Address& source) {
    const auto pseudo = pseudo_header(message, source);
    const std::span<const std::byte> no_checksum(kZeros.data(), 2);
    return hash.of({pseudo, message.first(kChecksumAt), no_checksum,
                    message.subspan(kChecksumAt + 2), trailer_head, kZeros});
}

}  // namespace

core::Result<TrailerKeeper> TrailerKeeper::make(const TrailerSetting& setting,
                                                std::size_t senders) {
    TrailerKeeper made;
    for (const TrailerSetting::Key& key : setting.keys) {
        auto hash = KeyedHash::make(KeyedHash::Kind::sha256, key.octets);
        if (!hash) return hash.error();
        if (key.id == setting.active_key) made.active_ = made.keys_.size();
        made.keys_.push_back({key.id, std::move(hash).value()});
    }
    if (made.keys_.empty() || made.keys_[made.active_].id != setting.active_key)
        return core::Error("auth_hmac without its active key");
    made.window_ = setting.time_window;
    made.anti_replay_ = setting.anti_replay;
    made.mode_ = setting.mode;
    made.most_senders_ = std::max(senders, kSenders);
    return made;
}

Interval TrailerKeeper::own_time(const Moment& now) {
    if (!offset_) offset_ = now.wall - now.steady;
    return now.steady + *offset_;
}

Interval TrailerKeeper::time_difference(const Moment& now) const {
    return offset_ ? now.wall - now.steady - *offset_ : Interval::zero();
}

void TrailerKeeper::sign(std::vector<std::byte>& message, const core::Address& source,
                         const Moment& now) {
    const std::uint64_t clock = sequence_at(own_time(now));
    // A clock that was far ahead once must not keep the sequence there.
    const bool ran_away = anti_replay_ == TrailerSetting::AntiReplay::time &&
                          apart(time_in(sent_), time_in(clock)) > window_;
    sent_ = ran_away || is_newer(clock, sent_) ? clock : sent_ + 1;

    std::array<std::byte, kTrailer> trailer{};
    trailer[0] = kScheme;
    trailer[1] = static_cast<std::byte>(keys_[active_].id);
    for (std::size_t at = 0; at < sizeof sent_; ++at)
        trailer[kSequenceAt + at] = static_cast<std::byte>(sent_ >> (56U - 8U * at) & 0xffU);
    const auto hash =
        hash_of(keys_[active_].hash, message, std::span(trailer).first(kHashAt), source);
    if (hash) std::copy_n(hash->begin(), kHash, trailer.begin() + kHashAt);
    message.insert(message.end(), trailer.begin(), trailer.end());
}

bool TrailerKeeper::is_fresh(Interval said, const Moment& now) {
    return apart(said, own_time(now)) <= window_ || apart(said, now.wall) <= window_;
}

bool TrailerKeeper::authentic(const Key& key, std::span<const std::byte> message,
                              std::span<const std::byte> trailer,
                              const core::Address& source) const {
    const auto hash = hash_of(key.hash, message, trailer.first(kHashAt), source);
    return hash &&
           equal_in_constant_time(std::span(*hash).first(kHash), trailer.subspan(kHashAt, kHash));
}

bool TrailerKeeper::is_replay(const core::Address& source, std::uint64_t sequence,
                              const Moment& now) {
    const auto known = std::ranges::find(senders_, source, &Sender::address);
    if (known == senders_.end()) return false;
    // A sender whose clock was set back starts again; its older packets are stale by now.
    const bool forgotten = anti_replay_ == TrailerSetting::AntiReplay::time &&
                           !is_fresh(time_in(known->sequence), now);
    return !forgotten && !is_newer(sequence, known->sequence);
}

void TrailerKeeper::remember(const core::Address& source, std::uint64_t sequence) {
    auto entry = std::ranges::find(senders_, source, &Sender::address);
    if (entry == senders_.end() && senders_.size() < most_senders_)
        entry = senders_.insert(senders_.end(), Sender{});
    if (entry == senders_.end()) entry = std::ranges::min_element(senders_, {}, &Sender::used);
    *entry = {source, sequence, ++uses_};
}

/// An authentic packet tells which of the two times is the good one.
void TrailerKeeper::settle(Interval said, const Moment& now) {
    if (apart(said, now.wall) <= window_ && apart(said, own_time(now)) > window_)
        offset_ = now.wall - now.steady;
}

std::optional<Rejection> TrailerKeeper::check(std::span<const std::byte> message,
                                              std::span<const std::byte> trailer,
                                              const core::Address& source, const Moment& now) {
    if (trailer.size() != kTrailer || trailer[0] != kScheme || trailer[2] != std::byte{0} ||
        trailer[3] != std::byte{0})
        return Rejection::trailer_malformed;
    const std::uint64_t sequence = sequence_in(trailer);
    const bool by_time = anti_replay_ == TrailerSetting::AntiReplay::time;
    if (by_time && !is_fresh(time_in(sequence), now)) return Rejection::trailer_stale;
    const auto key = std::ranges::find(keys_, std::to_integer<std::uint8_t>(trailer[1]), &Key::id);
    if (key == keys_.end()) return Rejection::trailer_key;
    if (!authentic(*key, message, trailer, source)) return Rejection::trailer_forged;
    if (is_replay(source, sequence, now)) return Rejection::trailer_replayed;
    if (by_time) settle(time_in(sequence), now);
    remember(source, sequence);
    return std::nullopt;
}

TrailerKeeper::Memory TrailerKeeper::memory() const {
    Memory memory{.sent = sent_, .time_offset = offset_.value_or(Interval::zero())};
    std::array<const Sender*, kSenders> latest{};
    for (const Sender& each : senders_) {
        const Sender* moving = &each;
        for (const Sender*& place : latest)
            if (place == nullptr || (moving != nullptr && moving->used > place->used))
                std::swap(place, moving);
    }
    for (std::size_t at = 0; at < kSenders; ++at)
        if (latest[at] != nullptr) memory.senders[at] = {latest[at]->address, latest[at]->sequence};
    return memory;
}

void TrailerKeeper::restore(const Memory& memory) {
    sent_ = memory.sent;
    if (memory.time_offset != Interval::zero()) offset_ = memory.time_offset;
    for (std::size_t at = kSenders; at-- > 0;)  // the latest last
        if (!memory.senders[at].address.is_unspecified())
            remember(memory.senders[at].address, memory.senders[at].sequence);
}

}  // namespace holdfast::vrrp
