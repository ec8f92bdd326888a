#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/address.hpp"
#include "lib/core/interval.hpp"
#include "lib/core/prefetch.hpp"
#include "vrrpd/advertisement.hpp"
#include "vrrpd/router.hpp"

/// What one router met since this process started, for people who ask why two routers do not agree.
/// Decides nothing; bounded, whatever the network sends.
namespace holdfast::vrrp {

/// Another router of the same VRID on the same interface.
struct HeardRouter {
    core::Address address;
    std::uint8_t priority = 0;
    core::Interval interval{0};
    std::uint64_t count = 0;
    core::Instant last;
    bool addresses_differ = false;
    /// What it advertises, when that differs from ours: the first ones, and how many there are.
    std::vector<core::Address> addresses;
    std::size_t address_count = 0;
};

/// Packets that were not believed for one reason.
struct Refused {
    std::uint64_t count = 0;
    core::Address source;  // of the last one
    core::Instant last;
};

struct SendError {
    std::uint64_t count = 0;
    core::Instant last;
};

/// Two Active Routers at a time.
struct Episode {
    core::Address peer;
    std::uint8_t priority = 0;
    core::Instant start;
    std::optional<core::Instant> end;  // nothing while it lasts
    std::string how_it_ended;
};

class Observations {
  public:
    static constexpr std::size_t kMaxHeard = 16;
    static constexpr std::size_t kMaxAddresses = 16;
    static constexpr std::size_t kMaxEpisodes = 8;
    static constexpr std::size_t kMaxSendErrors = 16;

    /// A believed packet. When there are too many routers, the one not heard for longest goes.
    void heard(const core::Address& source, const Accepted& accepted, core::Instant now);
    void refused(Rejection why, const core::Address& source, core::Instant now);
    void send_failed(int error, core::Instant now);
    /// An advertisement went out, to one peer at least.
    void sent(core::Instant now) { last_sent_ = now; }
    /// It reached all of them; how many failed before it.
    std::uint64_t sent_to_all();
    void changed(const StateChanged& change, core::Instant now);
    void episode_began(Episode episode);
    void episode_ended(core::Instant end, const std::string& how);

    /// Brings nearer what heard() will need.
    void fetch() const {
        core::prefetch(heard_.data(),
                       std::min<std::size_t>(heard_.size(), 2) * sizeof(HeardRouter));
    }

    /// The last heard first.
    [[nodiscard]] std::vector<HeardRouter> heard() const;
    [[nodiscard]] const std::map<Rejection, Refused>& refused() const { return refused_; }
    /// By errno.
    [[nodiscard]] const std::map<int, SendError>& send_errors() const { return send_errors_; }
    /// The errno of the last attempt, 0 when it went out.
    [[nodiscard]] int failing() const { return failing_; }
    [[nodiscard]] const std::optional<core::Instant>& last_sent() const { return last_sent_; }
    /// Believed packets whose addresses, or whose interval, are not ours.
    [[nodiscard]] std::uint64_t addresses_differed() const { return addresses_differed_; }
    [[nodiscard]] std::uint64_t intervals_differed() const { return intervals_differed_; }
    /// The oldest first.
    [[nodiscard]] const std::vector<Episode>& episodes() const { return episodes_; }
    [[nodiscard]] std::uint64_t episode_count() const { return episode_count_; }
    struct Change {
        StateChanged what;
        core::Instant at;
    };
    [[nodiscard]] const std::optional<Change>& last_change() const { return last_change_; }

  private:
    HeardRouter& entry_of(const core::Address& source);
    static void keep_addresses(const std::vector<core::Address>& said, HeardRouter& entry);

    std::vector<HeardRouter> heard_;
    std::map<Rejection, Refused> refused_;
    std::map<int, SendError> send_errors_;
    int failing_ = 0;
    std::optional<core::Instant> last_sent_;
    std::uint64_t addresses_differed_ = 0;
    std::uint64_t intervals_differed_ = 0;
    std::uint64_t failed_in_a_row_ = 0;
    std::vector<Episode> episodes_;
    std::uint64_t episode_count_ = 0;
    std::optional<Change> last_change_;
};

}  // namespace holdfast::vrrp
