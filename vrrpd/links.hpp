#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "lib/core/address.hpp"
#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "lib/netlink/interface_table.hpp"
#include "lib/netlink/monitor.hpp"

namespace holdfast::vrrp {

/// What vrrpd knows of the host's interfaces: whether they carry packets, and which address is the
/// source of ours. Fed by the netlink monitor that the supervisor opened; changes nothing.
class Links : public netlink::TableListener {
  public:
    using Changed = std::function<void(const std::string& interface)>;
    /// `changed` is called once for each interface of which anything differs.
    Links(loop::Loop& loop, log::Logger& log, Changed changed);
    ~Links() override;
    Links(const Links&) = delete;
    Links& operator=(const Links&) = delete;

    /// Takes over the monitor's socket; must come before the system call filter.
    core::Status attach(core::UniqueFd socket);
    /// Reads the table; from then on `changed` is called.
    core::Status start();
    /// Instead of a monitor's: for tests. Call flush() after changes.
    void use(const netlink::InterfaceTable& table) { table_ = &table; }
    void flush();

    struct View {
        bool exists = false;
        bool running = false;  // up and with a carrier
        std::uint32_t index = 0;
    };
    [[nodiscard]] View view(const std::string& interface) const;

    /// Our address towards `destination` on `interface`: for IPv4 the first primary address (of the
    /// peer's network, when the destination is unicast), for IPv6 a link-local one that is no
    /// longer tentative. One of `virtual_addresses`, which come and go with the role, only where
    /// there is no other.
    [[nodiscard]] std::optional<core::Address> source(
        const std::string& interface, const core::Address& destination,
        const std::set<core::Address>& virtual_addresses) const;

    /// That may be used.
    [[nodiscard]] bool has_address(const std::string& interface,
                                   const core::Address& address) const;
    /// There is none yet, but duplicate address detection will be over soon.
    [[nodiscard]] bool source_is_tentative(const std::string& interface,
                                           const core::Address& destination) const;

    void link_changed(const netlink::Link& now, const netlink::Link* before) override;
    void link_removed(const netlink::Link& last) override;
    void address_changed(const netlink::InterfaceAddress& now,
                         const netlink::InterfaceAddress* before) override;
    void address_removed(const netlink::InterfaceAddress& last) override;

  private:
    void mark(std::uint32_t index);

    loop::Loop& loop_;
    log::Logger& log_;
    Changed changed_;
    std::unique_ptr<netlink::Monitor> monitor_;
    std::unique_ptr<loop::FdWatch> watch_;
    const netlink::InterfaceTable* table_ = nullptr;
    bool started_ = false;
    std::set<std::string> dirty_;
    /// The kernel's order of addresses decides about the source: it tells old ones first, and new
    /// ones as they come.
    std::map<netlink::AddressKey, std::uint64_t> order_;
    std::uint64_t next_order_ = 1;
};

}  // namespace holdfast::vrrp
