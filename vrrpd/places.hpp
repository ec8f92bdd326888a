#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/core/address.hpp"
#include "vrrpd/wire_key.hpp"

namespace holdfast::vrrp {

class Instance;
struct Datagram;
struct InstanceSetting;

/// What makes a virtual router the same one under another name. Two of one VRID may share an
/// interface when their multicast groups or their own unicast addresses differ.
struct Place {
    std::string interface;
    core::Family family{};
    std::uint8_t vrid = 0;
    bool unicast = false;
    std::optional<core::Address> own;  // the group, or the configured unicast source
    friend auto operator<=>(const Place&, const Place&) = default;
};
[[nodiscard]] Place place_of(const InstanceSetting& setting);
/// To other routers: interface, family and VRID are the same.
[[nodiscard]] bool is_same_router(const Place& left, const Place& right);

/// Finds the router that a packet is for: a table for each wire, and a choice where several share a
/// VRID.
class Places {
  public:
    void clear() { tables_.clear(); }
    void add(Instance& instance);
    /// Nothing when no router has this VRID here.
    [[nodiscard]] Instance* find(const WireKey& where, const Datagram& datagram) const;

  private:
    struct Key {
        std::string interface;
        core::Family family{};
        bool unicast = false;
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct HashOfKey {
        std::size_t operator()(const Key& key) const noexcept;
    };
    struct Table {
        std::array<Instance*, 256> first{};                     // by VRID
        std::map<std::uint8_t, std::vector<Instance*>> shared;  // all of a VRID with several
    };
    std::unordered_map<Key, Table, HashOfKey> tables_;
};

}  // namespace holdfast::vrrp
