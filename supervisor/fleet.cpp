#include "supervisor/fleet.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "supervisor/fleet_slot.hpp"
#include "supervisor/tell.hpp"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;
using ipc::Peer;

constexpr std::uint32_t kProtocol = 1;
// A predecessor that is cut for its successor has nothing to say goodbye to.
constexpr core::Interval kCutLimit = 200ms;

/// 16 octets from the kernel's text form.
std::string read_boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string text;
    std::getline(file, text);
    std::erase(text, '-');
    std::string octets;
    for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
        octets += static_cast<char>(std::strtoul(text.substr(at, 2).c_str(), nullptr, 16));
    }
    octets.resize(16);
    return octets;
}

std::uint64_t read_netns_cookie() {
    const core::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    std::uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
    ::getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length);
    return cookie;
}

}  // namespace

Fleet::Fleet(FleetSurroundings surroundings, FleetSettings settings, FleetListener& listener)
    : with_(surroundings),
      settings_(std::move(settings)),
      listener_(listener),
      // Grows over supervisors as well, as long as the wall clock does.
      last_incarnation_(static_cast<std::uint64_t>(with_.loop.wall_clock_seconds() * 1000)),
      boot_id_(read_boot_id()),
      netns_cookie_(read_netns_cookie()) {
    for (const RoleSpec& role : daemon_roles()) {
        const bool inherited = settings_.believe_predecessors && with_.state_files != nullptr &&
                               with_.state_files->exists(role.name);
        const auto kind = inherited ? messages::v1::START_RESTART : messages::v1::START_COLD;
        auto slot = std::make_unique<Slot>(role, kind, with_.loop);
        slot->retry = std::make_unique<loop::Timer>(
            with_.loop, [this, &place = *slot] { spawn_or_retry(place); });
        slots_.push_back(std::move(slot));
    }
}

Fleet::~Fleet() = default;

Fleet::Slot& Fleet::slot_of(Peer role) {
    const auto found =
        std::ranges::find_if(slots_, [&](const auto& slot) { return slot->role.peer == role; });
    if (found == slots_.end()) core::broken_invariant("no slot for this role");
    return **found;
}

const Fleet::Slot& Fleet::slot_of(Peer role) const {
    return const_cast<Fleet*>(this)->slot_of(role);
}

Incarnation* Fleet::active(Peer role) {
    Slot& slot = slot_of(role);
    return slot.current && slot.current->activated() ? slot.current.get() : nullptr;
}

bool Fleet::wanted(Peer role) const {
    return slot_of(role).wanted;
}

bool Fleet::missing(Peer role) const {
    const Slot& slot = slot_of(role);
    return slot.wanted && (slot.successor || !(slot.current && slot.current->activated()));
}

bool Fleet::unsettled(Peer role) const {
    const Slot& slot = slot_of(role);
    if (slot.successor || (!slot.wanted && slot.current)) return true;
    return missing(role) && !slot.degraded;
}

core::Status Fleet::start(const ConfigPtr& config) {
    config_ = config;
    for (auto& slot : slots_) {
        if (!config->needs(slot->role.peer)) continue;
        slot->wanted = true;
        auto process = spawn(*slot);
        if (!process) return process.error();
        slot->current = std::move(*process);
        write_children();
    }
    return core::Done{};
}

void Fleet::use(const ConfigPtr& config) {
    config_ = config;
    for (auto& slot : slots_) {
        schedule(*slot);
        if (slot->held || !missing(slot->role.peer)) continue;
        slot->policy.forgive();
        if (slot->current) {
            slot->current->kill();  // it was offered the old one
        } else {
            slot->retry->after({});
        }
    }
}

core::Status Fleet::start_held(Peer role, const ConfigPtr& config) {
    Slot& slot = slot_of(role);
    slot.wanted = true;
    slot.held = true;
    slot.next_start = messages::v1::START_COLD;
    slot.first_config = config;
    auto process = spawn(slot);
    if (!process) {
        slot.wanted = slot.held = false;
        return process.error();
    }
    slot.current = std::move(*process);
    write_children();
    return core::Done{};
}

void Fleet::release(Peer role) {
    Slot& slot = slot_of(role);
    slot.held = false;
    slot.first_config.reset();
    try_activate(slot);
}

void Fleet::stop(Peer role, const messages::v1::Shutdown& how, core::Interval limit) {
    Slot& slot = slot_of(role);
    slot.wanted = false;
    slot.held = false;
    slot.retry->cancel();
    if (slot.successor) slot.successor->kill();
    if (!slot.current) {
        listener_.role_stopped(slot.role);
    } else if (slot.current->activated()) {
        slot.current->shut_down(how, limit);
    } else {
        slot.current->kill();  // it never began, so there is nothing to undo
    }
}

void Fleet::restart(Peer role, Finished finished) {
    Slot& slot = slot_of(role);
    if (!slot.current || !slot.current->activated() || slot.successor) {
        return finished(core::Error(fmt::format("{} is not running", slot.role.name), EBUSY));
    }
    slot.policy.forgive();
    auto process = spawn(slot);
    if (!process) return finished(process.error());
    slot.successor = std::move(*process);
    slot.finished = std::move(finished);
    write_children();
}

void Fleet::grant_sockets(const std::vector<WireKey>& keys) {
    Incarnation* vrrpd = active(Peer::vrrpd);
    if (vrrpd == nullptr) return;
    for (const WireKey& key : keys) {
        const auto found = with_.sockets.sets().find(key);
        if (found == with_.sockets.sets().end()) continue;
        if (!grant(vrrpd->channel(), key, found->second)) return vrrpd->kill();
    }
}

void Fleet::greeted(Incarnation& who) {
    welcome(who);
    const Slot& slot = slot_of(who.role().peer);
    if (who.role().peer == Peer::vrrpd) {
        with_.sockets.refresh(with_.loop.wall_clock_seconds());
        core::Status granted = grant_netlink_monitor(who.channel());
        for (const auto& [key, set] : with_.sockets.sets()) {
            if (granted) granted = grant(who.channel(), key, set);
        }
        if (!granted) return who.kill();
    }
    if (who.role().peer == Peer::ipvsd && !grant_frame_socket(who.channel())) who.kill();
    if (!who.offer(slot.first_config ? slot.first_config : config_)) who.kill();
}

void Fleet::welcome(Incarnation& who) {
    const RoleSpec& role = who.role();
    const Slot& slot = slot_of(role.peer);
    const bool drop_in = settings_.drop_in;
    const core::Status told = tell(who.channel(), [&](auto& to) {
        messages::v1::Welcome& welcome = *to.mutable_welcome();
        welcome.set_protocol(kProtocol);
        welcome.set_role(static_cast<messages::v1::Role>(role.number));
        welcome.set_incarnation(who.number());
        welcome.set_start(slot.next_start);
        welcome.set_boot_id(boot_id_);
        welcome.set_netns_cookie(netns_cookie_);
        welcome.set_restart_grace_ms(static_cast<std::uint32_t>(settings_.restart_grace.count()));
        welcome.set_log_level(settings_.log_level);
        welcome.set_log_to_console(with_.sinks.kind() != LogSinks::Kind::journal);
        welcome.set_log_identifier(
            std::string(drop_in ? role.drop_in_identifier : role.identifier));
        welcome.set_process_name(
            std::string(drop_in ? role.drop_in_process_name : role.process_name));
    });
    if (!told) who.kill();
}

void Fleet::acknowledged(Incarnation& who, const messages::v1::ConfigAck& ack) {
    const RoleSpec& role = who.role();
    const Slot& slot = slot_of(role.peer);
    const bool first = !who.activated();
    if (first && !ack.accepted()) {
        with_.log.error("CONFIG_REFUSED", fmt::format("{}: {}", role.name, ack.reason()));
        who.kill();
        if (slot.next_start == messages::v1::START_COLD && !slot.held) {
            return listener_.start_refused(role, ack.reason());
        }
    }
    if (slot.held || !first) listener_.role_acknowledged(role, ack);
}

void Fleet::ready(Incarnation& who) {
    Slot& slot = slot_of(who.role().peer);
    with_.log.info("PROCESS_READY", fmt::format("{} pid={}", slot.role.name, who.pid()));
    if (slot.successor.get() == &who && slot.current) {
        messages::v1::Shutdown quietly;
        quietly.set_mode(messages::v1::Shutdown::QUIET);
        return slot.current->shut_down(quietly, kCutLimit);
    }
    for (auto& each : slots_) try_activate(*each);
}

bool Fleet::must_wait(const Slot& slot) const {
    if (slot.held) return true;
    // Cold order: ipvsd first, since the others tell it their wishes. It is waited for only while
    // it makes its first start: a vrrpd that could work never stands still for a broken ipvsd.
    if (slot.role.peer == Peer::ipvsd) return false;
    const Slot& ipvsd = slot_of(Peer::ipvsd);
    return ipvsd.wanted && !ipvsd.was_activated && ipvsd.current != nullptr &&
           ipvsd.restarts == 0 && !ipvsd.current->activated();
}

void Fleet::try_activate(Slot& slot) {
    Incarnation* who = slot.current.get();
    if (who == nullptr || who->stage() != Stage::ready || must_wait(slot)) return;
    connect_peers(*who);
    if (!who->activate()) return who->kill();
    slot.next_start = messages::v1::START_RESTART;
    slot.was_activated = true;
    schedule(slot);
    with_.log.notice("PROCESS_ACTIVE", fmt::format("{} pid={} generation={}", slot.role.name,
                                                   who->pid(), who->offered()->generation));
    listener_.role_activated(slot.role);
    if (slot.finished) std::exchange(slot.finished, nullptr)(core::Done{});
    for (auto& other : slots_) {
        if (other->current && other->current->stage() == Stage::ready) try_activate(*other);
    }
}

void Fleet::connect_peers(Incarnation& who) {
    for (const Peer other : who.role().talks_to) {
        Incarnation* peer = active(other);
        if (peer == nullptr) continue;  // it makes the pair when it is activated itself
        auto pair = ipc::make_pair();
        if (!pair || !who.connect_peer(other, peer->number(), pair->first.get()) ||
            !peer->connect_peer(who.role().peer, who.number(), pair->second.get())) {
            with_.log.error("PEER_LOST", fmt::format("no direct channel between {} and {}",
                                                     who.role().name, role_of(other).name));
        }
    }
}

void Fleet::committed(Incarnation& who, std::uint64_t generation) {
    listener_.role_committed(who.role(), generation);
}

core::Status Fleet::message(Incarnation& who, const messages::v1::ToSupervisor& message) {
    // What a predecessor still says while it ends is heard as well: its events are real.
    return listener_.role_message(who.role(), message);
}

void Fleet::renew_pair(Peer role) {
    constexpr core::Interval kGap = std::chrono::seconds(1);
    Incarnation* who = active(role);
    Slot& slot = slot_of(role);
    // A successor of ipvsd brings a pair by itself.
    if (who == nullptr || active(Peer::ipvsd) == nullptr) return;
    if (with_.loop.now() < slot.pair_renewed + kGap) return;
    slot.pair_renewed = with_.loop.now();
    with_.log.warning("PEER_RENEWED",
                      fmt::format("{} gets a new channel to ipvsd", slot.role.name));
    connect_peers(*who);
}

void Fleet::write_children() const {
    ChildrenFile file;
    file.restart_grace = settings_.restart_grace;
    const auto add = [&](std::string_view role, pid_t pid) {
        if (const auto start = start_time_of(pid)) {
            file.processes.push_back({std::string(role), pid, *start});
        }
    };
    add("supervisor", ::getpid());
    for (const auto& slot : slots_) {
        for (const Incarnation* who : {slot->current.get(), slot->successor.get()}) {
            if (who != nullptr) add(slot->role.name, who->pid());
        }
    }
    if (core::Status written = with_.run_dir.write_children(file); !written) {
        with_.log.warning("RUN_DIR", written.error().text());
    }
}

std::vector<RoleReport> Fleet::report() const {
    std::vector<RoleReport> reports;
    for (const auto& slot : slots_) {
        if (!slot->wanted && !slot->current) continue;
        RoleReport report;
        report.role = &slot->role;
        report.restarts = slot->restarts;
        report.degraded = slot->degraded;
        report.missing = slot->missing;
        if (slot->current) {
            report.pid = slot->current->pid();
            report.state = std::string(to_text(slot->current->stage()));
            report.started = slot->current->started_wall_clock();
        } else {
            report.state = slot->retry->pending() ? "backoff" : "lost";
        }
        reports.push_back(std::move(report));
    }
    return reports;
}

}  // namespace holdfast::supervisor
