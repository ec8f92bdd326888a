#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/core/address.hpp"
#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "lib/netlink/interface_table.hpp"
#include "lib/netlink/monitor.hpp"

namespace holdfast::vrrp {

/// How long a change of an interface must last to be believed.
struct LinkRules {
    core::Interval up_delay{0};
    core::Interval down_delay{0};
    friend bool operator==(const LinkRules&, const LinkRules&) = default;
};

/// What is said of interfaces in general.
struct LinkSettings {
    std::map<std::string, LinkRules> rules;
    /// The kernel is asked once a second what it should have told by itself.
    bool poll = false;
    /// Never the source of what we send, unless the router owns them.
    std::set<core::Address> virtual_addresses;
    /// Configured sources, without which a router does not run.
    std::set<core::Address> tracked_sources{};
    friend bool operator==(const LinkSettings&, const LinkSettings&) = default;
};

/// What vrrpd knows of the host's interfaces: whether they carry packets, and which address is the
/// source of ours. Interfaces are known by their names: one that vanishes and comes back with
/// another index is the same one. Fed by the netlink monitor that the supervisor opened; changes
/// nothing.
class Links : public netlink::TableListener {
  public:
    using Changed = std::function<void(const std::string& interface)>;
    using Gone = std::function<void(std::uint32_t index)>;
    /// `changed` is called once for each interface of which anything differs; `gone` at once, since
    /// the next one may have the same name and the same index.
    Links(loop::Loop& loop, log::Logger& log, Changed changed, Gone gone = {});
    ~Links() override;
    Links(const Links&) = delete;
    Links& operator=(const Links&) = delete;

    /// Takes over the monitor's socket; must come before the system call filter.
    core::Status attach(core::UniqueFd socket);
    /// Reads the table; from then on `changed` is called.
    core::Status start();
    /// What holds from now on. Where that changes anything, flush() tells.
    void adopt(const LinkSettings& settings);
    /// Instead of a monitor's: for tests. Call flush() after changes.
    void use(const netlink::InterfaceTable& table) { table_ = &table; }
    void flush();

    struct View {
        bool exists = false;
        bool running = false;  // up and with a carrier, for as long as the rules want
        std::uint32_t index = 0;
    };
    [[nodiscard]] View view(const std::string& interface) const;

    /// Our address towards `destination` on `interface`: for IPv4 the first address (of the
    /// peer's network, when the destination is unicast), for IPv6 a link-local one that is no
    /// longer tentative. Virtual addresses come and go with the role: only an owner has them
    /// always, and uses one where there is no other.
    [[nodiscard]] std::optional<core::Address> source(const std::string& interface,
                                                      const core::Address& destination,
                                                      bool owner) const;

    /// That may be used.
    [[nodiscard]] bool has_address(const std::string& interface,
                                   const core::Address& address) const;
    enum class NoSource : std::uint8_t {
        no_address,
        tentative,  // duplicate address detection will be over soon
        duplicate,  // another host has the address
    };
    /// Why there is none.
    [[nodiscard]] NoSource why_no_source(const std::string& interface,
                                         const core::Address& destination) const;

    void link_changed(const netlink::Link& now, const netlink::Link* before) override;
    void link_removed(const netlink::Link& last) override;
    void address_changed(const netlink::InterfaceAddress& now,
                         const netlink::InterfaceAddress* before) override;
    void address_removed(const netlink::InterfaceAddress& last) override;

  private:
    /// An interface whose changes must last.
    struct Debounced {
        Debounced(loop::Loop& loop, std::function<void()> due) : timer(loop, std::move(due)) {}
        LinkRules rules;
        bool believed = false;
        loop::Timer timer;
    };
    struct KnownSource {
        core::Address destination;
        bool owner = false;
        std::optional<core::Address> source;
    };

    void adopt_rules();
    /// An address came, changed or went.
    void note_address(const netlink::InterfaceAddress& address);
    /// It comes and goes with a role, thousands of them at a time, and decides nothing here.
    [[nodiscard]] bool is_of_no_concern(const std::string& interface,
                                        const core::Address& address) const;
    void note_link(const std::string& name);
    void delay_over(const std::string& name);
    [[nodiscard]] bool runs(const std::string& name) const;
    [[nodiscard]] std::optional<core::Address> choose_source(const std::string& interface,
                                                             const core::Address& destination,
                                                             bool owner) const;

    loop::Loop& loop_;
    log::Logger& log_;
    Changed changed_;
    Gone gone_;
    std::unique_ptr<netlink::Monitor> monitor_;
    std::unique_ptr<loop::FdWatch> watch_;
    const netlink::InterfaceTable* table_ = nullptr;
    bool started_ = false;
    std::set<std::string> dirty_;
    /// The kernel's order of addresses decides about the source: it tells old ones first, and new
    /// ones as they come.
    std::map<netlink::AddressKey, std::uint64_t> order_;
    std::uint64_t next_order_ = 1;
    LinkSettings settings_;
    std::map<std::string, std::unique_ptr<Debounced>> debounced_;
    loop::Timer poll_;
    /// Thousands of routers ask for the same; forgotten when anything of the interface changes.
    mutable std::unordered_map<std::string, std::vector<KnownSource>> sources_;
};

}  // namespace holdfast::vrrp
