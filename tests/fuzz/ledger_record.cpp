// Records of ipvsd's state file, each of a fixed size, as a successor finds them. Whatever the
// octets are: no crash, and what is believed can be written down, and erased, again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "ipvsd/ledger.hpp"
#include "lib/core/result.hpp"
#include "lib/daemon/state_layout.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace holdfast;
    constexpr std::size_t kRecords = 16;
    auto file = state::StateFile::private_memory(kRecords, daemon::kIpvsdRecord);
    // Eight octets of id before each.
    constexpr std::size_t kId = sizeof(std::uint64_t);
    auto rest = std::as_bytes(std::span(data, size));
    for (std::size_t i = 0; i < kRecords && rest.size() > kId; ++i) {
        core::ObjectId id;
        std::memcpy(&id.value, rest.data(), kId);
        rest = rest.subspan(kId);
        const auto record = rest.first(std::min(rest.size(), ipvsd::Ledger::kRecordSize));
        if (id) file.write(id, record);
        rest = rest.subspan(record.size());
    }
    ipvsd::Ledger ledger(std::move(file));
    const auto names = ledger.address_names();
    for (const auto& name : names) ledger.erase(name);
    for (const auto& place : ledger.route_tables()) static_cast<void>(place);
    const ipvsd::InterfaceLedger interfaces = ledger.interfaces();
    for (const auto& each : interfaces.made) ledger.erase_interface(each);
    for (const auto& [setting, old] : interfaces.changed) ledger.erase(setting);
    ledger.erase_table();
    const bool empty = ledger.addresses().empty() && ledger.interfaces().made.empty() &&
                       ledger.interfaces().changed.empty() && ledger.table().empty();
    if (!empty) core::broken_invariant("what was believed cannot be erased");
    return 0;
}
