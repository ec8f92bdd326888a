// The real kernel's interfaces and its nftables.

#include <linux/netlink.h>

#include <cerrno>

#include "ipvsd/netlink_kernel.hpp"
#include "lib/netlink/link_codec.hpp"
#include "lib/netlink/nftables.hpp"

namespace holdfast::ipvsd {
namespace {

constexpr std::uint32_t kGroupOfNftables = 1U << 6U;  // NFNLGRP_NFTABLES is number 7
constexpr int kNewsBuffer = 1024 * 1024;
constexpr int kNewsAtOnce = 256;

core::Status first_refusal(const netlink::Outcome& outcome) {
    if (!outcome.refusals.empty()) return outcome.refusals.front().error;
    return core::Done{};
}

}  // namespace

Report NetlinkKernel::change_links(std::span<const LinkChange> changes) {
    Report report;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        core::Status done = change_link(changes[i]);
        if (!done) report.refusals.push_back({i, done.error().within(to_text(changes[i]))});
    }
    // The events of what was done wait already.
    if (!changes.empty() && monitor_readable_) monitor_->readable();
    return report;
}

core::Status NetlinkKernel::change_link(const LinkChange& change) {
    if (const auto* make = std::get_if<MakeLink>(&change)) return make_link(make->link);
    const auto* edit = std::get_if<EditLink>(&change);
    const netlink::Message request =
        edit != nullptr ? netlink::encode(edit->edit)
                        : netlink::encode_link_removal(std::get<RemoveLink>(change).index);
    return first_refusal(route_.change(std::span(&request, 1)));
}

/// Not in one go: after a refused first request the others would change what somebody else made
/// under that name.
core::Status NetlinkKernel::make_link(const netlink::NewLink& link) {
    const netlink::Message make = netlink::encode_make(link);
    if (core::Status made = first_refusal(route_.change(std::span(&make, 1))); !made) return made;
    return first_refusal(route_.change(netlink::encode_after_make(link)));
}

core::Result<std::vector<netlink::LinkDetails>> NetlinkKernel::dump_links() {
    return route_.link_details();
}

// ---- nftables -------------------------------------------------------------------------------

void NetlinkKernel::open_firewall() {
    auto requests = netlink::Requester::open(NETLINK_NETFILTER);
    if (!requests) return;
    auto news = netlink::Socket::open(NETLINK_NETFILTER, kGroupOfNftables, kNewsBuffer);
    if (!news) return;
    firewall_.emplace(std::move(requests).value());
    firewall_news_.emplace(std::move(news).value());
}

core::Status NetlinkKernel::change_firewall(const FirewallChange& change) {
    if (!firewall_) return core::Error::from_errno(EPROTONOSUPPORT, "no nftables in this kernel");
    return firewall_->transaction(encode(change));
}

void NetlinkKernel::read_firewall_news() {
    for (int left = kNewsAtOnce; left > 0; --left) {
        switch (firewall_news_->receive()) {
            case netlink::Socket::Received::datagram:
                for (const netlink::Reply& reply : netlink::split(firewall_news_->datagram())) {
                    const auto news = netlink::nftables::decode_news(reply);
                    if (!news || news->port == firewall_->port()) continue;
                    listener_.firewall_changed(news->table);
                }
                break;
            case netlink::Socket::Received::lost:
                listener_.firewall_changed({});
                break;
            case netlink::Socket::Received::nothing:
            case netlink::Socket::Received::failed:
                return;
        }
    }
}

}  // namespace holdfast::ipvsd
