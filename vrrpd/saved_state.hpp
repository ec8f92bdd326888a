#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "lib/core/ids.hpp"
#include "lib/core/interval.hpp"
#include "lib/state/state_file.hpp"
#include "vrrpd/advertisement.hpp"
#include "vrrpd/hmac_trailer.hpp"
#include "vrrpd/router.hpp"
#include "vrrpd/tracking.hpp"

namespace holdfast::vrrp {

/// Since vrrpd's cold start.
struct Totals {
    std::uint64_t advertisements_sent = 0;
    std::uint64_t advertisements_received = 0;
    std::uint64_t became_active = 0;
    std::uint64_t released_active = 0;
    std::uint64_t priority_zero_sent = 0;
    std::uint64_t priority_zero_received = 0;
    std::uint64_t errors_received = 0;
    friend bool operator==(const Totals&, const Totals&) = default;
};
struct Counters : Totals {
    std::array<std::uint64_t, kRejections> refused{};  // of errors_received, by Rejection
    friend bool operator==(const Counters&, const Counters&) = default;
};

/// What is saved, where it stands.
struct RouterView {
    const Router& router;
    const Counters& counters;
    double since = 0;
    const TrailerKeeper::Memory* trailer = nullptr;  // of a router without one: nothing
    std::uint32_t header_sequence = 0;
    std::uint32_t old_checksum_peers = 0;
};

struct SavedRouter {
    Router router;  // without causes: those are looked at anew
    Counters counters;
    double since = 0;  // Unix time of the last change of state
    TrailerKeeper::Memory trailer;
    std::uint32_t header_sequence = 0;
    std::uint32_t old_checksum_peers = 0;  // one bit for each of the first peers

    [[nodiscard]] RouterView view() const {
        return {router, counters, since, &trailer, header_sequence, old_checksum_peers};
    }
};

struct SavedScript {
    ScriptHealth health;
    core::Instant started;  // of its last run
};

/// What a successor of this process finds: role, deadlines on the monotonic clock, counters, and
/// the scripts' counts, each a record of the state file. Everything read is range-checked; what
/// does not fit counts as absent.
class SavedState {
  public:
    /// Nothing survives until a file is used.
    SavedState();

    void use(state::StateFile file) { file_ = std::move(file); }
    [[nodiscard]] state::StateFile& file() { return file_; }

    [[nodiscard]] std::optional<SavedRouter> router(core::ObjectId instance) const;
    [[nodiscard]] std::optional<SavedScript> script(core::ObjectId script) const;
    /// False when the file is full.
    bool save_router(core::ObjectId instance, const RouterView& saved, state::SlotHint& hint);
    bool save_script(core::ObjectId script, const SavedScript& saved);
    /// Brings nearer what save_router() will fill.
    void fetch(const state::SlotHint& hint, unsigned step) const { file_.fetch(hint, step); }
    void forget(core::ObjectId object) { file_.erase(object); }

  private:
    state::StateFile file_;
};

}  // namespace holdfast::vrrp
