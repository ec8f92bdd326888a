#include <algorithm>

#include "lib/core/result.hpp"
#include "lib/daemon/state_layout.hpp"
#include "vrrpd/saved_state.hpp"

namespace {

using namespace holdfast;

constexpr core::ObjectId kId{7};

vrrp::SavedState with_room() {
    vrrp::SavedState saved;
    saved.use(state::StateFile::private_memory(1, daemon::kVrrpdRecord));
    return saved;
}

/// Records of another size than they have today are not read at all.
std::size_t size_of_router() {
    vrrp::SavedState saved = with_room();
    const vrrp::SavedRouter blank;
    state::SlotHint hint;
    saved.save_router(kId, blank.view(), hint);
    return saved.file().read(kId)->size();
}
std::size_t size_of_script() {
    vrrp::SavedState saved = with_room();
    saved.save_script(kId, {});
    return saved.file().read(kId)->size();
}

vrrp::SavedState found(std::span<const std::byte> octets, std::size_t size) {
    std::vector<std::byte> record(octets.begin(), octets.end());
    record.resize(size);
    vrrp::SavedState saved = with_room();
    if (!saved.file().write(kId, record)) core::broken_invariant("no room for a record");
    return saved;
}

void take_router(std::span<const std::byte> octets) {
    static const std::size_t kSize = size_of_router();
    vrrp::SavedState saved = found(octets, kSize);
    const auto router = saved.router(kId);
    if (!router) return;
    if (router->router.priority == 0) core::broken_invariant("priority 0 was believed");
    state::SlotHint hint;
    if (!saved.save_router(kId, router->view(), hint))
        core::broken_invariant("no room for the same record");
    const auto again = saved.router(kId);
    if (!again || !(again->router == router->router) || !(again->counters == router->counters))
        core::broken_invariant("a record changed on its way");
}

void take_script(std::span<const std::byte> octets) {
    static const std::size_t kSize = size_of_script();
    vrrp::SavedState saved = found(octets, kSize);
    const auto script = saved.script(kId);
    if (!script) return;
    if (!saved.save_script(kId, *script)) core::broken_invariant("no room for the same record");
    const auto again = saved.script(kId);
    if (!again || !(again->health == script->health) || again->started != script->started)
        core::broken_invariant("a record changed on its way");
}

}  // namespace

/// A record of vrrpd's state file may have been written by a process that was taken over: whatever
/// is believed is in range and keeps its meaning.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto octets = std::as_bytes(std::span(data, size));
    take_router(octets);
    take_script(octets);
    return 0;
}
