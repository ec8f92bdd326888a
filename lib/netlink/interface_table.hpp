#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "lib/netlink/values.hpp"

namespace holdfast::netlink {

/// One interface with what it carries.
struct Interface {
    Link link;
    std::map<AddressKey, InterfaceAddress> addresses;
};

/// Who wants to know what changes in an InterfaceTable. Every call comes after the table has
/// changed; a listener may read the table, not change it. The defaults ignore the event.
class TableListener {
  public:
    virtual ~TableListener() = default;
    /// New, or any field differs (flags, mtu, name, hardware address). `before` is null when new.
    virtual void link_changed(const Link& /*now*/, const Link* /*before*/) {}
    /// Its addresses were reported gone before.
    virtual void link_removed(const Link& /*last*/) {}
    /// New, or any field differs (tentative no longer, lifetimes). `before` is null when new.
    virtual void address_changed(const InterfaceAddress& /*now*/,
                                 const InterfaceAddress* /*before*/) {}
    virtual void address_removed(const InterfaceAddress& /*last*/) {}
    /// The table is complete: after the first dump, and after each dump that repaired an overrun.
    virtual void synchronised() {}
};

/// The interfaces and addresses of one network namespace; pure, fed by a Monitor or a test. Tells
/// its listener only real differences.
class InterfaceTable {
  public:
    explicit InterfaceTable(TableListener* listener = nullptr) : listener_(listener) {}

    /// nullptr when there is none. Valid until the next change.
    [[nodiscard]] const Interface* find(std::uint32_t index) const;
    [[nodiscard]] const Interface* find(std::string_view name) const;
    [[nodiscard]] const std::map<std::uint32_t, Interface>& interfaces() const {
        return interfaces_;
    }

    void put(const Link& link);
    void remove_link(std::uint32_t index);
    /// An address of an interface that the table does not know is dropped.
    void put(const InterfaceAddress& address);
    void remove(const AddressKey& address);

    /// A dump begins: what was not put when it ends is removed then.
    void begin_dump_of_links();
    void end_dump_of_links();
    void begin_dump_of_addresses();
    void end_dump_of_addresses();
    /// Both dumps are done: tells the listener.
    void synchronised();

  private:
    void forget_name(const Link& link);

    TableListener* listener_;
    std::map<std::uint32_t, Interface> interfaces_;
    std::map<std::string, std::uint32_t, std::less<>> by_name_;
    bool dumping_links_ = false;
    bool dumping_addresses_ = false;
    std::set<std::uint32_t> seen_links_;
    std::set<AddressKey> seen_addresses_;
};

}  // namespace holdfast::netlink
