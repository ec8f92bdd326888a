#include "ipvsd/ledger.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "lib/daemon/state_layout.hpp"

namespace holdfast::ipvsd {
namespace {

enum class Kind : std::uint8_t {
    address = 1,
    service = 2,
    route = 3,
    rule = 4,
    interface = 16,
    setting = 17,
    table = 18
};

/// As it lies in the file. Written and read by the same host: byte order is the host's.
struct Record {
    std::uint8_t kind = 0;
    std::uint8_t family = 4;         // 4 or 6
    std::uint8_t prefix_length = 0;  // address
    std::uint8_t protocol = 0;       // service; route: RTPROT_*; setting: its number
    std::uint16_t port = 0;          // service
    std::uint16_t unused = 0;
    std::uint32_t firewall_mark = 0;  // service; setting: the old value
    std::uint32_t table = 0;          // route
    std::int64_t when_us = 0;         // address: monotonic clock
    std::array<char, 16> interface {};
    std::array<std::byte, 16> address{};
    std::array<std::byte, 16> network{};
    std::array<std::byte, 8> reserved{};
};
static_assert(sizeof(Record) == Ledger::kRecordSize && sizeof(Record) <= daemon::kIpvsdRecord);

void put(std::array<std::byte, 16>& to, const core::Address& address) {
    const auto octets = address.bytes();
    std::copy(octets.begin(), octets.end(), to.begin());
}

std::optional<core::Address> get(const Record& record, const std::array<std::byte, 16>& from) {
    if (record.family != 4 && record.family != 6) return std::nullopt;
    return core::Address::from_bytes(std::span(from).first(record.family == 4 ? 4 : 16));
}

core::ObjectId id_of(const AddressName& name) {
    return core::object_id("kernel address", to_text(name) + " " + name.network.text());
}
core::ObjectId id_of(const ServiceKey& key) {
    return core::object_id("kernel service", to_text(key));
}

core::ObjectId id_of_rule(const std::string& name) {
    return core::object_id("kernel rule", name);
}

Record record_of(const RouteTable& place) {
    return {.kind = static_cast<std::uint8_t>(Kind::route),
            .family = static_cast<std::uint8_t>(place.family),
            .protocol = place.protocol,
            .table = place.table};
}

std::optional<RouteTable> place_in(const Record& record) {
    if (record.family != 4 && record.family != 6) return std::nullopt;
    return RouteTable{static_cast<core::Family>(record.family), record.table, record.protocol};
}

Record record_of(const AddressName& name, core::Instant when) {
    Record record{.kind = static_cast<std::uint8_t>(Kind::address),
                  .family = static_cast<std::uint8_t>(name.address.family()),
                  .prefix_length = name.prefix_length,
                  .when_us = when.time_since_epoch().count()};
    std::copy_n(name.interface.begin(), std::min<std::size_t>(name.interface.size(), 15),
                record.interface.begin());
    put(record.address, name.address);
    put(record.network, name.network);
    return record;
}

Record record_of(const ServiceKey& key) {
    Record record{.kind = static_cast<std::uint8_t>(Kind::service),
                  .family = static_cast<std::uint8_t>(key.family),
                  .protocol = static_cast<std::uint8_t>(key.protocol),
                  .port = key.endpoint.port,
                  .firewall_mark = key.firewall_mark};
    if (key.firewall_mark == 0) put(record.address, key.endpoint.address);
    return record;
}

std::optional<AddressName> address_in(const Record& record) {
    const auto address = get(record, record.address);
    if (!address || record.interface.back() != '\0' || record.interface.front() == '\0') {
        return std::nullopt;
    }
    AddressName name{.interface = record.interface.data(),
                     .address = *address,
                     .prefix_length = record.prefix_length};
    // The network of an IPv6 address does not count and is the default.
    if (record.family == 4) name.network = *get(record, record.network);
    return name;
}

std::optional<ServiceKey> service_in(const Record& record) {
    const auto address = get(record, record.address);
    if (!address) return std::nullopt;
    if (record.firewall_mark != 0) {
        return ServiceKey::marked(address->family(), record.firewall_mark);
    }
    return ServiceKey::at(static_cast<Protocol>(record.protocol), {*address, record.port});
}

// ---- Interfaces, settings, table ------------------------------------------------------------

constexpr std::size_t kTableName = 48;  // from `interface` to the end of `network`
static_assert(offsetof(Record, reserved) - offsetof(Record, interface) == kTableName);

core::ObjectId id_of_interface(const std::string& name) {
    return core::object_id("kernel interface", name);
}
core::ObjectId id_of(const SettingName& name) {
    return core::object_id("kernel setting",
                           name.interface + " " + std::string(netlink::to_text(name.setting)));
}
const core::ObjectId kIdOfTable = core::object_id("kernel table", "inet");

Record record_of_name(Kind kind, const std::string& interface) {
    Record record{.kind = static_cast<std::uint8_t>(kind)};
    std::copy_n(interface.begin(), std::min<std::size_t>(interface.size(), 15),
                record.interface.begin());
    return record;
}

Record record_of(const SettingName& name, std::uint32_t old) {
    Record record = record_of_name(Kind::setting, name.interface);
    record.protocol = static_cast<std::uint8_t>(name.setting);
    record.firewall_mark = old;
    return record;
}

std::string interface_in(const Record& record) {
    return record.interface.back() == '\0' ? std::string(record.interface.data()) : std::string();
}

Record record_of_table(const std::string& name) {
    Record record{.kind = static_cast<std::uint8_t>(Kind::table)};
    std::memcpy(reinterpret_cast<char*>(&record) + offsetof(Record, interface), name.data(),
                std::min(name.size(), kTableName - 1));
    return record;
}

constexpr Record kRule{.kind = static_cast<std::uint8_t>(Kind::rule)};

std::string table_in(const Record& record) {
    std::array<char, kTableName> name{};
    std::memcpy(name.data(), reinterpret_cast<const char*>(&record) + offsetof(Record, interface),
                kTableName);
    return name.back() == '\0' ? std::string(name.data()) : std::string();
}

}  // namespace

Ledger::Ledger(state::StateFile file) : file_(std::move(file)) {
    for (const core::ObjectId id : file_.ids()) {
        const auto octets = file_.read(id);
        if (!octets || octets->size() != kRecordSize) continue;
        Record record;
        std::memcpy(&record, octets->data(), sizeof record);
        if (record.kind == static_cast<std::uint8_t>(Kind::address)) {
            const auto name = address_in(record);
            if (name && id_of(*name) == id) {
                addresses_[*name] = core::Instant(core::Interval(record.when_us));
            }
        } else if (record.kind == static_cast<std::uint8_t>(Kind::service)) {
            const auto key = service_in(record);
            if (key && id_of(*key) == id) services_.insert(*key);
        } else if (record.kind == static_cast<std::uint8_t>(Kind::route)) {
            if (const auto place = place_in(record)) routes_[id] = *place;
        } else if (record.kind == static_cast<std::uint8_t>(Kind::rule)) {
            rules_.insert(id);
        } else if (record.kind == static_cast<std::uint8_t>(Kind::interface)) {
            const std::string name = interface_in(record);
            if (id_of_interface(name) == id) interfaces_.made.insert(name);
        } else if (record.kind == static_cast<std::uint8_t>(Kind::setting)) {
            const SettingName name{interface_in(record),
                                   static_cast<netlink::Ipv4Setting>(record.protocol)};
            if (id_of(name) == id) interfaces_.changed[name] = record.firewall_mark;
        } else if (record.kind == static_cast<std::uint8_t>(Kind::table) && id == kIdOfTable) {
            table_ = table_in(record);
        }
    }
}

template <class Record>
bool Ledger::write(core::ObjectId id, const Record& record) {
    const bool written = file_.write(id, std::as_bytes(std::span(&record, 1)));
    overflowed_ = overflowed_ || !written;
    return written;
}

core::Status Ledger::move_to(core::UniqueFd larger) {
    if (core::Status moved = file_.move_to(std::move(larger)); !moved) return moved;
    if (!std::exchange(overflowed_, false)) return core::Done{};
    // What the old file had no room for.
    for (const auto& [name, when] : addresses_) write(id_of(name), record_of(name, when));
    for (const ServiceKey& key : services_) write(id_of(key), record_of(key));
    for (const auto& [id, place] : routes_) write(id, record_of(place));
    for (const core::ObjectId id : rules_) write(id, kRule);
    for (const std::string& name : interfaces_.made) {
        write(id_of_interface(name), record_of_name(Kind::interface, name));
    }
    for (const auto& [name, old] : interfaces_.changed) write(id_of(name), record_of(name, old));
    const bool short_enough = !table_.empty() && table_.size() < kTableName;
    if (short_enough) write(kIdOfTable, record_of_table(table_));
    return core::Done{};
}

bool Ledger::add(const AddressName& name, core::Instant when) {
    if (!addresses_.emplace(name, when).second) return true;
    const Record record = record_of(name, when);
    return write(id_of(name), record);
}

bool Ledger::add(const ServiceKey& key) {
    if (!services_.insert(key).second) return true;
    const Record record = record_of(key);
    return write(id_of(key), record);
}

core::ObjectId Ledger::route_id(const std::string& name) {
    return core::object_id("kernel route", name);
}

bool Ledger::add_route(core::ObjectId id, const RouteTable& place) {
    if (!routes_.emplace(id, place).second) return true;
    const Record record = record_of(place);
    return write(id, record);
}

bool Ledger::add_rule(const std::string& name) {
    const core::ObjectId id = id_of_rule(name);
    if (!rules_.insert(id).second) return true;
    return write(id, kRule);
}

void Ledger::erase_route(core::ObjectId id) {
    if (routes_.erase(id) != 0) file_.erase(id);
}

void Ledger::erase_rule(const std::string& name) {
    const core::ObjectId id = id_of_rule(name);
    if (rules_.erase(id) != 0) file_.erase(id);
}

bool Ledger::has_rule(const std::string& name) const {
    return rules_.contains(id_of_rule(name));
}

std::size_t Ledger::keep_routes(const std::set<core::ObjectId>& kept) {
    return std::erase_if(routes_, [&](const auto& each) {
        if (kept.contains(each.first)) return false;
        file_.erase(each.first);
        return true;
    });
}

std::size_t Ledger::keep_rules(const std::set<std::string>& kept) {
    std::set<core::ObjectId> ids;
    for (const std::string& name : kept) ids.insert(id_of_rule(name));
    return std::erase_if(rules_, [&](core::ObjectId id) {
        if (ids.contains(id)) return false;
        file_.erase(id);
        return true;
    });
}

std::set<RouteTable> Ledger::route_tables() const {
    std::set<RouteTable> places;
    for (const auto& [id, place] : routes_) places.insert(place);
    return places;
}

void Ledger::erase(const AddressName& name) {
    if (addresses_.erase(name) != 0) file_.erase(id_of(name));
}

void Ledger::erase(const ServiceKey& key) {
    if (services_.erase(key) != 0) file_.erase(id_of(key));
}

bool Ledger::add_interface(const std::string& name) {
    if (!interfaces_.made.insert(name).second) return true;
    const Record record = record_of_name(Kind::interface, name);
    return write(id_of_interface(name), record);
}

void Ledger::erase_interface(const std::string& name) {
    if (interfaces_.made.erase(name) != 0) file_.erase(id_of_interface(name));
}

bool Ledger::add(const SettingName& setting, std::uint32_t old) {
    if (!interfaces_.changed.emplace(setting, old).second) return true;
    const Record record = record_of(setting, old);
    return write(id_of(setting), record);
}

void Ledger::erase(const SettingName& setting) {
    if (interfaces_.changed.erase(setting) != 0) file_.erase(id_of(setting));
}

bool Ledger::set_table(const std::string& name) {
    if (table_ == name) return true;
    table_ = name;
    if (name.size() >= kTableName) return false;
    return write(kIdOfTable, record_of_table(name));
}

void Ledger::erase_table() {
    if (!table_.empty()) file_.erase(kIdOfTable);
    table_.clear();
}

std::set<AddressName> Ledger::address_names() const {
    std::set<AddressName> names;
    for (const auto& [name, when] : addresses_) names.insert(name);
    return names;
}

}  // namespace holdfast::ipvsd
