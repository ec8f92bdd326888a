#include "ipvsd/netlink_kernel.hpp"

#include <linux/ip_vs.h>
#include <linux/netlink.h>

#include <cerrno>
#include <iterator>
#include <utility>

#include "ipvsd/codec.hpp"

namespace holdfast::ipvsd {
namespace {

/// Requests in the making at one time: twenty thousand of them would be 40 MB.
constexpr std::size_t kRequestsAtOnce = 1000;

}  // namespace

NetlinkKernel::NetlinkKernel(loop::Loop& loop, KernelListener& listener,
                             core::UniqueFd frame_socket, netlink::Requester route,
                             netlink::Requester generic, netlink::Requester dumps)
    : loop_(loop),
      listener_(listener),
      frames_(std::move(frame_socket)),
      route_(std::move(route)),
      generic_(std::move(generic)),
      dumps_(std::move(dumps)) {
    dumps_.ask_strictly();
}

NetlinkKernel::~NetlinkKernel() = default;

core::Result<std::unique_ptr<NetlinkKernel>> NetlinkKernel::open(loop::Loop& loop,
                                                                 KernelListener& listener,
                                                                 core::UniqueFd frame_socket) {
    auto route = netlink::Requester::open(NETLINK_ROUTE);
    if (!route) return route.error();
    auto generic = netlink::Requester::open(NETLINK_GENERIC);
    if (!generic) return generic.error();
    auto dumps = netlink::Requester::open(NETLINK_ROUTE);
    if (!dumps) return dumps.error();
    std::unique_ptr<NetlinkKernel> kernel(
        new NetlinkKernel(loop, listener, std::move(frame_socket), std::move(route).value(),
                          std::move(generic).value(), std::move(dumps).value()));
    if (core::Status opened = kernel->open_watchers(); !opened) return opened.error();
    return kernel;
}

core::Status NetlinkKernel::open_watchers() {
    auto socket = netlink::open_monitor_socket();
    if (!socket) return socket.error();
    auto monitor = netlink::Monitor::wrap(std::move(socket).value(), listener_);
    if (!monitor) return monitor.error();
    monitor_ = std::move(monitor).value();

    auto paths = netlink::PathMonitor::open(
        {[this](const netlink::Route& route, bool gone) { listener_.route_changed(route, gone); },
         [this](const netlink::Rule& rule, bool gone) { listener_.rule_changed(rule, gone); },
         [this] { listener_.routes_lost(); }});
    if (!paths) return paths.error();
    path_monitor_.emplace(std::move(paths).value());

    // Watch first, then look: what appears in between is told.
    auto watch = netlink::FamilyWatch::open(generic_, IPVS_GENL_NAME,
                                            [this](const auto& family) { ipvs_is(family); });
    if (!watch) return watch.error();
    family_watch_.emplace(std::move(watch).value());
    const auto family = generic_.family(IPVS_GENL_NAME);
    if (!family) return family.error();
    if (*family) ipvs_ = (*family)->id;
    address_protocol_ = route_.knows_address_protocol();
    open_firewall();
    return core::Done{};
}

core::Status NetlinkKernel::start() {
    if (core::Status started = monitor_->start(); !started) return started;
    monitor_readable_ =
        std::make_unique<loop::FdWatch>(loop_, monitor_->fd(), [this] { monitor_->readable(); });
    paths_readable_ = std::make_unique<loop::FdWatch>(loop_, path_monitor_->fd(),
                                                      [this] { path_monitor_->readable(); });
    family_readable_ = std::make_unique<loop::FdWatch>(loop_, family_watch_->fd(),
                                                       [this] { family_watch_->readable(); });
    if (firewall_news_) {
        firewall_readable_ = std::make_unique<loop::FdWatch>(loop_, firewall_news_->fd(),
                                                             [this] { read_firewall_news(); });
    }
    return core::Done{};
}

void NetlinkKernel::ipvs_is(const std::optional<netlink::GenericFamily>& family) {
    const bool was_there = ipvs_.has_value();
    ipvs_ = family ? std::optional(family->id) : std::nullopt;
    if (ipvs_.has_value() != was_there) listener_.ipvs_changed(ipvs_.has_value());
}

Report NetlinkKernel::apply(std::span<const Change> changes) {
    Report report;
    std::size_t first = 0;
    while (first < changes.size()) {
        // As many as go to the same socket; order counts between the two as well.
        const bool ipvs = concerns_ipvs(changes[first]);
        std::size_t end = first + 1;
        while (end < changes.size() && end - first < kRequestsAtOnce &&
               concerns_ipvs(changes[end]) == ipvs) {
            ++end;
        }
        apply_to(ipvs, changes.subspan(first, end - first), first, report);
        first = end;
    }
    return report;
}

void NetlinkKernel::apply_to(bool ipvs, std::span<const Change> changes, std::size_t first,
                             Report& report) {
    if (ipvs && !ipvs_) {
        const auto absent = core::Error::from_errno(EAFNOSUPPORT, "no IPVS in this kernel");
        for (std::size_t i = 0; i < changes.size(); ++i) {
            report.refusals.push_back({first + i, absent});
        }
        return;
    }
    std::vector<netlink::Message> requests;
    requests.reserve(changes.size());
    for (const Change& change : changes) requests.push_back(encode(change, ipvs_.value_or(0)));
    netlink::Outcome outcome = (ipvs ? generic_ : route_).change(requests);
    for (auto& refusal : outcome.refusals) {
        report.refusals.push_back(
            {first + refusal.request, refusal.error.within(to_text(changes[refusal.request]))});
    }
    report.uncertain = report.uncertain || outcome.uncertain;
}

core::Result<std::vector<netlink::InterfaceAddress>> NetlinkKernel::dump_addresses() {
    return route_.addresses();
}

core::Result<std::vector<netlink::Route>> NetlinkKernel::dump_routes(
    std::span<const RouteTable> tables, const netlink::RouteFilter& wanted) {
    std::vector<netlink::Route> all;
    for (const RouteTable& each : tables) {
        auto some = dumps_.routes(each.family, each.table, each.protocol, wanted);
        if (!some) return some.error();
        all.insert(all.end(), std::make_move_iterator(some->begin()),
                   std::make_move_iterator(some->end()));
    }
    return all;
}

core::Result<std::vector<netlink::Rule>> NetlinkKernel::dump_rules() {
    return dumps_.rules();
}

void NetlinkKernel::follow_routes(Following following) {
    const core::Status followed =
        path_monitor_->follow(std::move(following.routes), following.rules);
    // Without events only a look finds what somebody else removed.
    if (!followed) listener_.routes_lost();
}

core::Result<IpvsTable> NetlinkKernel::dump_services() {
    IpvsTable table;
    if (!ipvs_) return table;
    table.present = true;
    const core::Status asked = generic_.ask(
        encode_services_dump(*ipvs_), [&] { table.services.clear(); },
        [&](const netlink::Reply& reply) {
            if (auto entry = decode_service(reply)) table.services.push_back(std::move(*entry));
        });
    if (!asked) return asked.error().within("dump services");
    for (ServiceEntry& entry : table.services) {
        auto destinations = dump_destinations(entry.service.key);
        if (!destinations) return destinations.error();
        entry.destinations = std::move(destinations).value();
    }
    return table;
}

core::Result<std::vector<DestinationEntry>> NetlinkKernel::dump_destinations(
    const ServiceKey& service) {
    std::vector<DestinationEntry> found;
    const core::Status asked = generic_.ask(
        encode_destinations_dump(*ipvs_, service), [&] { found.clear(); },
        [&](const netlink::Reply& reply) {
            if (auto entry = decode_destination(reply, service.family)) {
                found.push_back(std::move(*entry));
            }
        });
    if (!asked) return asked.error().within("dump destinations of " + to_text(service));
    return found;
}

core::Result<Timeouts> NetlinkKernel::timeouts() {
    if (!ipvs_) return core::Error::from_errno(EAFNOSUPPORT, "no IPVS in this kernel");
    std::optional<Timeouts> found;
    const core::Status asked = generic_.ask(
        encode_timeouts_request(*ipvs_), [] {},
        [&](const netlink::Reply& reply) { found = decode_timeouts(reply); });
    if (!asked) return asked.error().within("read timeouts");
    if (!found) return core::Error::from_errno(EPROTO, "read timeouts");
    return *found;
}

const netlink::InterfaceTable& NetlinkKernel::interfaces() const {
    return monitor_->table();
}

core::Result<std::set<std::uint32_t>> NetlinkKernel::ipv6_forwarders() {
    return route_.ipv6_forwarders();
}

Report NetlinkKernel::send(std::span<const Frame> frames) {
    views_.clear();
    for (const Frame& frame : frames) {
        views_.push_back({frame.interface_index, frame.octets.bytes()});
    }
    Report report;
    for (const auto& refusal : frames_.send(views_)) {
        report.refusals.push_back(
            {refusal.frame, core::Error::from_errno(refusal.code, "send frame")});
    }
    return report;
}

}  // namespace holdfast::ipvsd
