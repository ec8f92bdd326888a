#include "lib/core/result.hpp"
#include "lib/daemon/state_layout.hpp"
#include "vrrpd/saved_state.hpp"

/// A record of vrrpd's state file may have been written by a process that was taken over: whatever
/// is believed is in range and keeps its meaning.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace holdfast;
    constexpr core::ObjectId kId{7};
    constexpr std::size_t kRecord = daemon::kVrrpdRecord;
    if (size > kRecord) return 0;
    vrrp::SavedState saved;
    saved.use(state::StateFile::private_memory(1, kRecord));
    if (!saved.file().write(kId, std::as_bytes(std::span(data, size)))) return 0;
    if (const auto router = saved.router(kId)) {
        if (router->router.priority == 0) core::broken_invariant("priority 0 was believed");
        state::SlotHint hint;
        if (!saved.save_router(kId, router->view(), hint))
            core::broken_invariant("no room for the same record");
        const auto again = saved.router(kId);
        if (!again || !(again->router == router->router) || !(again->counters == router->counters))
            core::broken_invariant("a record changed on its way");
    } else if (const auto script = saved.script(kId)) {
        if (!saved.save_script(kId, *script)) core::broken_invariant("no room for the same record");
        const auto again = saved.script(kId);
        if (!again || !(again->health == script->health) || again->started != script->started)
            core::broken_invariant("a record changed on its way");
    }
    return 0;
}
