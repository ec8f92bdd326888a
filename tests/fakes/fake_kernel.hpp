#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ipvsd/kernel.hpp"
#include "tests/fakes/fake_paths.hpp"

namespace holdfast::tests {

/// A kernel in memory that accepts and refuses what the real one does, with the same errno; the
/// netns and vm tests run the same random requests on both. Not everything is here: of the flags of
/// addresses those that ipvsd sees; of IPVS the tables, no packets.
class FakeKernel final : public ipvsd::Kernel {
  public:
    explicit FakeKernel(ipvsd::KernelListener* listener = nullptr);

    // ipvsd::Kernel
    ipvsd::Report apply(std::span<const ipvsd::Change> changes) override;
    core::Result<std::vector<netlink::InterfaceAddress>> dump_addresses() override;
    core::Result<std::vector<netlink::Route>> dump_routes(
        std::span<const ipvsd::RouteTable> tables, const netlink::RouteFilter& wanted) override;
    core::Result<std::vector<netlink::Rule>> dump_rules() override;
    void follow_routes(ipvsd::Following following) override { following_ = std::move(following); }
    core::Result<ipvsd::IpvsTable> dump_services() override;
    core::Result<ipvsd::Timeouts> timeouts() override;
    ipvsd::Report change_links(std::span<const ipvsd::LinkChange> changes) override;
    core::Result<std::vector<netlink::LinkDetails>> dump_links() override;
    core::Status change_firewall(const ipvsd::FirewallChange& change) override;
    [[nodiscard]] const netlink::InterfaceTable& interfaces() const override { return table_; }
    [[nodiscard]] bool has_ipvs() const override { return ipvs_; }
    [[nodiscard]] bool has_address_protocol() const override { return address_protocol_; }
    core::Result<std::set<std::uint32_t>> ipv6_forwarders() override { return forwarders_; }
    ipvsd::Report send(std::span<const ipvsd::Frame> frames) override;

    // What happens on a host.
    /// An Ethernet interface that is up and running; returns its index.
    std::uint32_t add_interface(std::string name);
    /// Any field but the index changes. Going down takes the IPv6 addresses away.
    void set_interface(std::uint32_t index, const std::function<void(netlink::Link&)>& edit);
    /// With all its addresses.
    void remove_interface(std::uint32_t index);
    /// net.ipv4.conf.*.promote_secondaries, off at first.
    void promote_secondaries(bool on) { promote_secondaries_ = on; }
    /// net.ipv6.conf.INTERFACE.forwarding
    void forward_ipv6(std::uint32_t index) { forwarders_.insert(index); }
    void set_address_protocol(bool kept) { address_protocol_ = kept; }
    /// The module is loaded (at first it is) or removed with everything in it.
    void set_ipvs(bool present);
    /// Those that AddService finds; all of Debian's kernel at first.
    std::set<std::string>& schedulers() { return schedulers_; }
    /// Duplicate address detection ends well for all tentative addresses.
    void finish_duplicate_address_detection();
    /// It ends badly: another host has them all.
    void find_duplicates();

    /// nullptr: there is none.
    [[nodiscard]] const ipvsd::FirewallTable* firewall(const std::string& table) const {
        const auto found = firewall_.find(table);
        return found == firewall_.end() ? nullptr : &found->second;
    }
    /// As `nft flush ruleset`; the listener is told.
    void flush_firewall();
    /// net.ipv4.conf.INTERFACE
    [[nodiscard]] netlink::Ipv4Settings& ipv4_of(std::uint32_t index);

    // Bad moments.
    /// No nfnetlink: what is asked of it is refused with this code; 0: it is there again.
    void refuse_firewall(int code) { firewall_code_ = code; }
    /// New interfaces, and changes of those that are there, are refused with this code; 0: not.
    void refuse_links(int code) { make_code_ = code; }
    void refuse_edits(int code) { edit_code_ = code; }
    /// Whatever is sent there finds no room.
    void fill_queue(std::uint32_t index, bool full) {
        full ? void(full_.insert(index)) : void(full_.erase(index));
    }
    /// How often frames were handed over.
    [[nodiscard]] int sends() const { return sends_; }
    /// The answers to the next apply() are lost: it reports `uncertain` and no refusals.
    void lose_answers() { lose_answers_ = true; }
    /// Dumps of addresses and routes are refused with this code; 0: no more.
    void refuse_dumps(int code) { dump_code_ = code; }
    /// The next change for which `matches` is true is refused with `code`.
    void refuse_next(std::function<bool(const ipvsd::Change&)> matches, int code);

    // What a test looks at.
    /// Hands the events that wait to the listener, as the event loop would; until then
    /// interfaces() is as it was.
    void deliver();
    /// All changes ever asked for, with the refused ones.
    [[nodiscard]] const std::vector<ipvsd::Change>& asked() const { return asked_; }
    void forget_asked() { asked_.clear(); }
    [[nodiscard]] const std::vector<ipvsd::Frame>& frames() const { return frames_; }
    void forget_frames() { frames_.clear(); }
    /// Addresses in the order of a dump.
    [[nodiscard]] std::vector<netlink::InterfaceAddress> addresses() const;
    [[nodiscard]] FakePaths& paths() { return paths_; }
    /// How often routes, addresses were dumped.
    [[nodiscard]] int route_dumps() const { return route_dumps_; }
    [[nodiscard]] int address_dumps() const { return address_dumps_; }
    [[nodiscard]] const ipvsd::Following& following() const { return following_; }
    /// nullptr when it is not there. For setting counters and connections, too.
    [[nodiscard]] ipvsd::ServiceEntry* service(const ipvsd::ServiceKey& key);

  private:
    struct Interface {
        netlink::Link link;
        std::vector<netlink::InterfaceAddress> addresses;  // in the kernel's order
        netlink::Ipv4Settings ipv4;
    };

    int carry_out(const ipvsd::Change& change);
    int carry_out(const ipvsd::AddAddress& change) { return put(change.address, false); }
    int carry_out(const ipvsd::ReplaceAddress& change) { return put(change.address, true); }
    int carry_out(const ipvsd::RemoveAddress& change);
    int carry_out(const ipvsd::AddRoute& change) { return paths_.carry_out(change); }
    int carry_out(const ipvsd::RemoveRoute& change) { return paths_.carry_out(change); }
    int carry_out(const ipvsd::AddRule& change) { return paths_.carry_out(change); }
    int carry_out(const ipvsd::RemoveRule& change) { return paths_.carry_out(change); }
    int carry_out(const ipvsd::AddService& change);
    int carry_out(const ipvsd::EditService& change);
    int carry_out(const ipvsd::RemoveService& change);
    int carry_out(const ipvsd::AddDestination& change);
    int carry_out(const ipvsd::EditDestination& change);
    int carry_out(const ipvsd::RemoveDestination& change);
    int carry_out(const ipvsd::SetTimeouts& change);

    int carry_out(const ipvsd::MakeLink& change);
    int carry_out(const ipvsd::EditLink& change);
    int carry_out(const ipvsd::RemoveLink& change);
    int carry_out(const ipvsd::ReplaceTable& change);
    int carry_out(const ipvsd::RemoveTable& change);
    int carry_out(const ipvsd::ChangeSilent& change);

    int put(const netlink::InterfaceAddress& address, bool replace);
    int put_v4(Interface& interface, netlink::InterfaceAddress address, bool replace);
    int put_v6(Interface& interface, netlink::InterfaceAddress address, bool replace);
    void drop(Interface& interface, std::size_t position);
    void drop_secondaries(Interface& interface, const netlink::InterfaceAddress& primary);
    [[nodiscard]] int check(const ipvsd::Service& service) const;
    void tell(std::function<void()> event) { events_.push_back(std::move(event)); }
    void tell_now(const netlink::Link& link);
    void tell_now(const netlink::InterfaceAddress& address);
    void tell_gone(const netlink::InterfaceAddress& address);
    [[nodiscard]] FakePaths::Host host();

    ipvsd::KernelListener* listener_;
    netlink::InterfaceTable table_;  // what the listener was told
    std::map<std::uint32_t, Interface> interfaces_;
    FakePaths paths_;
    ipvsd::Following following_;
    int route_dumps_ = 0;
    int address_dumps_ = 0;
    int dump_code_ = 0;
    std::uint32_t next_index_ = 1;
    std::map<ipvsd::ServiceKey, ipvsd::ServiceEntry> services_;
    ipvsd::Timeouts timeouts_;
    std::set<std::string> schedulers_;
    std::set<std::uint32_t> forwarders_;
    bool ipvs_ = true;
    bool address_protocol_ = true;
    bool promote_secondaries_ = false;
    bool lose_answers_ = false;
    std::function<bool(const ipvsd::Change&)> refuse_;
    int refuse_code_ = 0;
    std::deque<std::function<void()>> events_;
    std::vector<ipvsd::Change> asked_;
    std::vector<ipvsd::Frame> frames_;
    std::map<std::string, ipvsd::FirewallTable> firewall_;
    int firewall_code_ = 0;
    std::set<std::uint32_t> full_;
    int sends_ = 0;
    int make_code_ = 0;
    int edit_code_ = 0;
};

}  // namespace holdfast::tests
