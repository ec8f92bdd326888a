#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ipvsd/kernel.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/loop/loop.hpp"
#include "lib/netlink/codec.hpp"
#include "lib/netlink/family_watch.hpp"
#include "lib/netlink/frame_sender.hpp"
#include "lib/netlink/monitor.hpp"
#include "lib/netlink/path_monitor.hpp"
#include "lib/netlink/requester.hpp"

namespace holdfast::ipvsd {

/// The real kernel: rtnetlink, the IPVS family of generic netlink, a packet socket. Needs
/// CAP_NET_ADMIN for changes and for everything of IPVS. open() before the system call filter;
/// afterwards it uses sendto, recvmsg and sendmmsg only. Loop and listener outlive it.
class NetlinkKernel final : public Kernel {
  public:
    /// `frame_socket` as netlink::open_frame_socket() makes it; may be empty, then no frame can be
    /// sent. Looks the IPVS family up, which makes the kernel load its module where it can.
    [[nodiscard]] static core::Result<std::unique_ptr<NetlinkKernel>> open(
        loop::Loop& loop, KernelListener& listener, core::UniqueFd frame_socket);
    ~NetlinkKernel() override;

    /// Reads all interfaces and addresses (the listener is told), then follows events in the loop.
    core::Status start();

    Report apply(std::span<const Change> changes) override;
    core::Result<std::vector<netlink::InterfaceAddress>> dump_addresses() override;
    core::Result<std::vector<netlink::Route>> dump_routes(
        std::span<const RouteTable> tables, const netlink::RouteFilter& wanted) override;
    core::Result<std::vector<netlink::Rule>> dump_rules() override;
    void follow_routes(Following following) override;
    core::Result<IpvsTable> dump_services() override;
    core::Result<Timeouts> timeouts() override;
    Report change_links(std::span<const LinkChange> changes) override;
    core::Result<std::vector<netlink::LinkDetails>> dump_links() override;
    core::Status change_firewall(const FirewallChange& change) override;
    [[nodiscard]] const netlink::InterfaceTable& interfaces() const override;
    [[nodiscard]] bool has_ipvs() const override { return ipvs_.has_value(); }
    [[nodiscard]] bool has_address_protocol() const override { return address_protocol_; }
    core::Result<std::set<std::uint32_t>> ipv6_forwarders() override;
    Report send(std::span<const Frame> frames) override;

    /// How often events were lost and everything was read anew.
    [[nodiscard]] std::uint64_t overruns() const { return monitor_->overruns(); }

  private:
    NetlinkKernel(loop::Loop& loop, KernelListener& listener, core::UniqueFd frame_socket,
                  netlink::Requester route, netlink::Requester generic, netlink::Requester dumps);
    core::Status open_watchers();
    void open_firewall();
    core::Status make_link(const netlink::NewLink& link);
    core::Status change_link(const LinkChange& change);
    void read_firewall_news();
    void ipvs_is(const std::optional<netlink::GenericFamily>& family);
    void apply_to(bool ipvs, std::span<const Change> changes, std::size_t first, Report& report);
    core::Result<std::vector<DestinationEntry>> dump_destinations(const ServiceKey& service);

    loop::Loop& loop_;
    KernelListener& listener_;
    netlink::FrameSender frames_;
    std::vector<netlink::FrameSender::Frame> views_;  // of the frames that are being sent
    netlink::Requester route_;
    netlink::Requester generic_;
    netlink::Requester dumps_;  // of routes and rules
    std::unique_ptr<netlink::Monitor> monitor_;
    std::optional<netlink::FamilyWatch> family_watch_;
    std::optional<std::uint16_t> ipvs_;           // the family's number
    std::optional<netlink::Requester> firewall_;  // absent where there is no nfnetlink
    std::optional<netlink::Socket> firewall_news_;
    bool address_protocol_ = false;
    std::optional<netlink::PathMonitor> path_monitor_;
    std::unique_ptr<loop::FdWatch> monitor_readable_;
    std::unique_ptr<loop::FdWatch> paths_readable_;
    std::unique_ptr<loop::FdWatch> family_readable_;
    std::unique_ptr<loop::FdWatch> firewall_readable_;
};

}  // namespace holdfast::ipvsd
