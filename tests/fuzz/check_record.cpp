#include "checkerd/saved_state.hpp"
#include "lib/core/result.hpp"

/// A record of checkerd's state file may have been written by a process that was taken over:
/// whatever is believed is in range and keeps its meaning.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace holdfast;
    const auto saved = checkerd::decode(std::as_bytes(std::span(data, size)));
    if (!saved) return 0;
    if (saved->standing.last_error.size() > checkerd::kLongestError) {
        core::broken_invariant("an error text that is too long");
    }
    if (checkerd::decode(checkerd::encode(*saved)) != saved) {
        core::broken_invariant("a record changed on its way");
    }
    return 0;
}
