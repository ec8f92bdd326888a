#include "tests/sim/world.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

namespace holdfast::sim {

namespace {

using core::Instant;
using core::Interval;
using namespace std::chrono_literals;
using Kind = Disturbance::Kind;
using vrrp::StateName;

core::Address address_of(std::size_t host, std::size_t segment) {
    return core::Address::v4(0xc0000200U + (static_cast<std::uint32_t>(segment) << 8U) + 1 +
                             static_cast<std::uint32_t>(host));
}
const core::Address kGroup = core::Address::v4(0xe0000012U);

bool reversed(const vrrp::Rank& theirs, const vrrp::Rank& ours) {
    return vrrp::outranks(ours, theirs);
}

}  // namespace

vrrp::RouterParameters World::parameters_for(std::size_t host, std::size_t segment) const {
    vrrp::RouterParameters router;
    router.name = fmt::format("host{}/seg{}", host, segment);
    router.version = plan_.version;
    router.advert_interval = hosts_[host].interval;
    router.source = address_of(host, segment);
    router.nopreempt = plan_.nopreempt;
    router.preempt_delay = plan_.preempt_delay;
    router.start_up_hold = plan_.start_up_hold;
    // Without it a survivor that the other one heard first never learns that there were two Active
    // Routers, and nobody corrects the clients: RFC 9568 6.4.3 gives way in silence.
    router.higher_priority_send_advert = true;
    if (plan_.reversed_comparison) router.outranks = &reversed;
    return router;
}

void World::configure(std::size_t host) {
    hosts_[host].parameters.members.clear();
    for (const std::size_t segment : hosts_[host].segments)
        hosts_[host].parameters.members.push_back(parameters_for(host, segment));
}

std::optional<std::size_t> World::member_on(std::size_t host, std::size_t segment) const {
    const auto& all = hosts_[host].segments;
    const auto found = std::ranges::find(all, segment);
    if (found == all.end()) return std::nullopt;
    return static_cast<std::size_t>(found - all.begin());
}

World::World(const Plan& plan, bool trace)
    : plan_(plan), trace_(trace), random_(plan.seed ^ 0x9e3779b97f4a7c15ULL) {
    segments_.resize(plan_.segments);
    believed_.resize(plan_.segments);
    unheard_.resize(plan_.segments);
    hosts_.resize(plan_.hosts);
    for (std::size_t host = 0; host < plan_.hosts; ++host) {
        Host& made = hosts_[host];
        made.priority = plan_.priorities[host];
        made.interval = plan_.interval;
        made.trackers = plan_.trackers[host];
        for (std::size_t segment = 0; segment < plan_.segments; ++segment)
            made.segments.push_back(segment);
        configure(host);
        made.timers.resize(plan_.segments);
        made.link_up.assign(plan_.segments, true);
        made.contested.assign(plan_.segments, false);
        made.in_episode.assign(plan_.segments, false);
        made.joining.assign(plan_.segments, false);
        made.owns.assign(plan_.segments, false);
    }
    for (std::size_t index = 0; index < plan_.disturbances.size(); ++index)
        schedule({.at = start_ + plan_.disturbances[index].at,
                  .sequence = 0,
                  .what = Entry::What::disturb,
                  .disturbance = index});
    if (plan_.refresh > Interval::zero())
        schedule({.at = start_ + plan_.refresh, .sequence = 0, .what = Entry::What::refresh});
}

std::optional<Violation> World::run() {
    for (std::size_t host = 0; host < hosts_.size(); ++host) cold_start(host);
    while (!queue_.empty()) {
        const Entry next = queue_.top();
        queue_.pop();
        if (next.at > start_ + plan_.end) break;
        now_ = next.at;
        handle(next);
        if (noticed_) return Violation{now_ - start_, *noticed_};
        if (const auto broken = broken_rule()) return Violation{now_ - start_, *broken};
    }
    return std::nullopt;
}

void World::say(const std::string& text) const {
    if (trace_)
        fmt::print("{:10.3f} {}\n", std::chrono::duration<double>(now_ - start_).count(), text);
}

void World::schedule(Entry entry) {
    entry.sequence = ++sequence_;
    queue_.push(std::move(entry));
}

void World::handle(const Entry& entry) {
    switch (entry.what) {
        case Entry::What::timer:
            return timer(entry);
        case Entry::What::deliver:
            return deliver(entry);
        case Entry::What::disturb:
            return disturb(entry.disturbance);
        case Entry::What::over:
            return over(entry.disturbance);
        case Entry::What::refresh:
            return refresh();
        case Entry::What::withdraw:
            break;
    }
    // ipvsd has waited long enough for a successor.
    Host& host = hosts_[entry.host];
    if (!host.running && host.lives == entry.generation)
        std::fill(host.owns.begin(), host.owns.end(), false);
}

void World::timer(const Entry& entry) {
    Host& host = hosts_[entry.host];
    if (!host.running || host.timers[entry.member] != entry.generation) return;
    if (host.paused) return;  // wake() looks at every timer
    if (const auto member = member_on(entry.host, entry.member))
        take(entry.host, vrrp::TimerFired{*member}, std::max(now_, entry.deadline));
}

bool World::reaches(std::size_t from, std::size_t to, std::size_t segment) const {
    const Segment& wire = segments_[segment];
    if (!hosts_[from].link_up[segment] || !hosts_[to].link_up[segment]) return false;
    if (wire.mute == from || wire.deaf == to) return false;
    return !wire.mask || (*wire.mask >> from & 1U) == (*wire.mask >> to & 1U);
}

void World::send(std::size_t host, std::size_t segment, std::uint8_t priority) {
    const vrrp::Advertisement said{.version = plan_.version,
                                   .vrid = 51,
                                   .priority = priority,
                                   .max_advertise_interval = hosts_[host].interval,
                                   .addresses = {core::Address::v4(0xc00002feU)}};
    const auto bytes = vrrp::encode(said, {}, address_of(host, segment), kGroup);
    for (std::size_t to = 0; to < hosts_.size(); ++to) {
        if (to == host || !reaches(host, to, segment)) continue;
        const bool bad_day = segments_[segment].loss > 0;
        if (bad_day && static_cast<int>(random_.below(100)) < segments_[segment].loss) continue;
        Packet packet{host, segment, bytes};
        if (bad_day && random_.one_in(10))
            packet.bytes[random_.below(packet.bytes.size())] ^= std::byte{0x10};
        schedule({.at = now_ + 1us + random_.up_to(plan_.longest_delay),
                  .sequence = 0,
                  .what = Entry::What::deliver,
                  .host = to,
                  .packet = std::move(packet)});
    }
}

void World::deliver(const Entry& entry) {
    Host& host = hosts_[entry.host];
    if (!host.machine_up || !host.link_up[entry.packet.segment]) return;
    if (host.running && !host.paused) return read(entry.host, entry.packet);
    // The sockets outlive vrrpd: its successor finds what came meanwhile.
    if (host.inbox.size() < 64) host.inbox.push_back(entry.packet);
}

void World::read(std::size_t host, const Packet& packet) {
    const vrrp::Datagram datagram{.source = address_of(packet.from, packet.segment),
                                  .destination = kGroup,
                                  .time_to_live = vrrp::kTimeToLive,
                                  .protocol = vrrp::kProtocol,
                                  .message = packet.bytes};
    const auto member = member_on(host, packet.segment);
    if (!member) return;
    const vrrp::Expectation expected{.version = plan_.version,
                                     .family = core::Family::ipv4,
                                     .vrid = 51,
                                     .advert_interval = hosts_[host].interval,
                                     .authentication = {},
                                     .unicast = false,
                                     .addresses = {core::Address::v4(0xc00002feU)}};
    const auto verdict = vrrp::check(expected, datagram);
    const auto* accepted = std::get_if<vrrp::Accepted>(&verdict);
    if (accepted == nullptr) return;
    const vrrp::Advertisement& said = accepted->advertisement;
    const bool known = said.max_advertise_interval == plan_.interval ||
                       said.max_advertise_interval == plan_.longest_interval;
    if (accepted->addresses_differ || !known) noticed_ = "a garbled packet was believed";
    if (said.priority != 0 && unheard_[packet.segment] == host) unheard_[packet.segment].reset();
    take(host, vrrp::AdvertisementReceived{
                   *member, {datagram.source, said.priority, said.max_advertise_interval}});
}

void World::read_queue(std::size_t host) {
    std::vector<Packet> queued;
    queued.swap(hosts_[host].inbox);
    for (const Packet& packet : queued) read(host, packet);
}

void World::take(std::size_t index, const vrrp::Event& event) {
    take(index, event, now_);
}

void World::take(std::size_t index, const vrrp::Event& event, Instant now) {
    Host& host = hosts_[index];
    if (!host.running) return;
    const bool was_active = vrrp::name_of(host.state) == StateName::active;
    vrrp::Transition done = vrrp::step(host.parameters, host.state, event, now);
    host.state = std::move(done.state);
    for (const vrrp::Action& action : done.actions) carry_out(index, action);
    for (std::size_t member = 0; member < host.segments.size(); ++member)
        if (vrrp::name_of(host.state.members[member].state) ==
            vrrp::name_of(host.state.members[0].state))
            host.joining[host.segments[member]] = false;
    const bool is_active = vrrp::name_of(host.state) == StateName::active;
    if (plan_.restarts_only && was_active && !is_active && now_ > start_ + 4 * down_interval(index))
        noticed_ = fmt::format("host {} lost its role to a short restart", index);
}

void World::carry_out(std::size_t index, const vrrp::Action& action) {
    Host& host = hosts_[index];
    const std::size_t segment = host.segments[action.member];
    if (const auto* sent = std::get_if<vrrp::SendAdvertisement>(&action.act)) {
        send(index, segment, sent->priority);
    } else if (const auto* set = std::get_if<vrrp::SetTimer>(&action.act)) {
        host.timers[segment] = ++generation_;
        schedule({.at = std::max(set->at - slack(index), now_),
                  .sequence = 0,
                  .what = Entry::What::timer,
                  .host = index,
                  .member = segment,
                  .generation = generation_,
                  .deadline = set->at});
    } else if (std::holds_alternative<vrrp::CancelTimer>(action.act)) {
        host.timers[segment] = ++generation_;
    } else if (std::holds_alternative<vrrp::AnnounceAgain>(action.act)) {
        announce(index, segment);
    } else if (const auto* changed = std::get_if<vrrp::StateChanged>(&action.act)) {
        host.owns[segment] = changed->to == StateName::active;
        if (host.owns[segment]) announce(index, segment);
        if (trace_)
            say(fmt::format(
                "{} {}->{}: {} priority={}", host.parameters.members[action.member].name,
                vrrp::to_text(changed->from), vrrp::to_text(changed->to), changed->because,
                unsigned{host.state.members[action.member].priority}));
    } else {
        episode(index, segment, action);
    }
}

/// An Adver_Timer may fire a little early.
Interval World::slack(std::size_t host) {
    if (vrrp::name_of(hosts_[host].state) != StateName::active) return Interval::zero();
    return random_.up_to(std::min<Interval>(hosts_[host].interval / 200, 500us));
}

/// ipvsd's, which outlives vrrpd.
void World::refresh() {
    for (std::size_t host = 0; host < hosts_.size(); ++host)
        for (std::size_t segment = 0; segment < plan_.segments; ++segment)
            if (hosts_[host].machine_up && !hosts_[host].paused && hosts_[host].owns[segment])
                announce(host, segment);
    schedule({.at = now_ + plan_.refresh, .sequence = 0, .what = Entry::What::refresh});
}

/// A gratuitous ARP: the client believes it unless it does not reach it.
void World::announce(std::size_t host, std::size_t segment) {
    const Segment& wire = segments_[segment];
    // The client is with the hosts of the mask, if there are any.
    const unsigned mask = wire.mask.value_or(0);
    const bool cut_off = wire.mute == host || (mask != 0 && (mask >> host & 1U) == 0);
    unheard_[segment].reset();
    if (cut_off)
        unheard_[segment] = host;
    else if (hosts_[host].link_up[segment])
        believed_[segment] = host;
}

void World::episode(std::size_t index, std::size_t segment, const vrrp::Action& action) {
    using How = vrrp::DualEnded::How;
    std::vector<bool>& in_episode = hosts_[index].in_episode;
    if (std::holds_alternative<vrrp::DualBegan>(action.act)) {
        if (in_episode[segment]) noticed_ = fmt::format("host {}: two episodes at a time", index);
        in_episode[segment] = true;
        say(fmt::format("host{}/seg{} episode begins", index, segment));
    } else if (const auto* ended = std::get_if<vrrp::DualEnded>(&action.act)) {
        if (!in_episode[segment]) noticed_ = fmt::format("host {}: ends no episode", index);
        in_episode[segment] = false;
        if (ended->rival.heard_at < ended->rival.began)
            noticed_ = fmt::format("host {}: an episode of negative length", index);
        say(fmt::format("host{}/seg{} episode ends", index, segment));
        if (ended->how == How::rival_silent) announce(index, segment);
    }
}

Interval World::down_interval(std::size_t host) const {
    return vrrp::active_down_interval(hosts_[host].parameters.members[0],
                                      hosts_[host].state.members.empty()
                                          ? std::uint8_t{1}
                                          : hosts_[host].state.members[0].priority,
                                      hosts_[host].interval);
}

}  // namespace holdfast::sim
