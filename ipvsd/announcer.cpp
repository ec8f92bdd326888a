#include "ipvsd/announcer.hpp"

#include <net/if.h>

#include <algorithm>
#include <cerrno>

#include "ipvsd/announcement.hpp"

namespace holdfast::ipvsd {
namespace {

/// Frames in one call of the kernel; the loop turns in between.
constexpr std::size_t kPortion = 128;
constexpr core::Interval kRetry = std::chrono::milliseconds(1);
/// A queue that is only full empties sooner.
constexpr core::Interval kPatience = std::chrono::milliseconds(100);
/// A refresh that is later than this is left out.
constexpr core::Interval kLateRefresh = std::chrono::seconds{1};

bool no_room(int code) {
    return code == ENOBUFS || code == EAGAIN;
}

}  // namespace

Announcer::Announcer(loop::Loop& loop, Kernel& kernel)
    : loop_(loop), kernel_(kernel), next_portion_(loop, [this] { send_some(); }) {}

Announcer::~Announcer() = default;

Announcer::Entry* Announcer::find(core::ObjectId instance) {
    const auto found = entries_.find(instance);
    return found == entries_.end() ? nullptr : found->second.get();
}

Announcer::Entry& Announcer::make(core::ObjectId instance) {
    auto& entry = entries_[instance];
    if (!entry) {
        entry = std::make_unique<Entry>(
            loop_, [this, instance] { on_second_block(instance); },
            [this, instance] { on_refresh(instance); },
            [this, instance] {
                if (Entry* each = find(instance)) {
                    enqueue(instance, each->targets, each->rules.lower_priority_repeat);
                }
            },
            [this, instance] { on_extra(instance); });
    }
    return *entry;
}

void Announcer::hold(core::ObjectId instance, const AnnouncementRules& rules, Targets targets) {
    Entry& entry = make(instance);
    const bool same_refresh = entry.refresh.pending() && entry.rules.refresh == rules.refresh;
    const bool same_extra = entry.extra.pending() && entry.rules.extra == rules.extra;
    entry.rules = rules;
    if (entry.targets != targets) {
        // Others may have been given what is ours no longer.
        const std::set<AddressName> ours(targets.begin(), targets.end());
        queue_.keep_only(instance, ours);
        std::erase_if(entry.second_targets,
                      [&](const AddressName& each) { return !ours.contains(each); });
        entry.targets = std::move(targets);
    }
    if (rules.refresh.count() == 0) {
        entry.refresh.cancel();
    } else if (!same_refresh) {
        entry.refresh.after(rules.refresh);
    }
    if (rules.extra.count() == 0) {
        entry.extra.cancel();
    } else if (!same_extra) {
        entry.extra.after(rules.extra);
    }
}

void Announcer::announce(core::ObjectId instance, const Targets& some) {
    Entry* entry = find(instance);
    if (entry == nullptr || some.empty()) return;
    enqueue(instance, some, entry->rules.repeat);
    if (entry->rules.delay.count() > 0) {
        announce_later(instance, some, loop_.now() + entry->rules.delay);
    }
    send_some();
}

void Announcer::announce_all(core::ObjectId instance) {
    if (Entry* entry = find(instance)) announce(instance, Targets(entry->targets));
}

void Announcer::announce_later(core::ObjectId instance, const Targets& some, core::Instant when) {
    Entry* entry = find(instance);
    if (entry == nullptr || some.empty()) return;
    Targets& waiting = entry->second_targets;
    std::set<AddressName> known(waiting.begin(), waiting.end());
    for (const AddressName& each : some) {
        if (known.insert(each).second) waiting.push_back(each);
    }
    entry->second_block.at(when);
}

void Announcer::after_lower_priority(core::ObjectId instance) {
    Entry* entry = find(instance);
    if (entry == nullptr || entry->rules.lower_priority_repeat == 0) return;
    enqueue(instance, entry->targets, entry->rules.lower_priority_repeat);
    if (entry->rules.lower_priority_delay.count() > 0) {
        entry->lower_priority.after(entry->rules.lower_priority_delay);
    }
    send_some();
}

void Announcer::drop(core::ObjectId instance) {
    if (entries_.erase(instance) == 0) return;
    queue_.drop(instance);
}

void Announcer::on_second_block(core::ObjectId instance) {
    Entry* entry = find(instance);
    if (entry == nullptr) return;
    const Targets targets = std::exchange(entry->second_targets, {});
    enqueue(instance, targets, entry->rules.repeat);
    send_some();
}

void Announcer::on_refresh(core::ObjectId instance) {
    Entry* entry = find(instance);
    if (entry == nullptr) return;
    // From the deadline, not from now: a late turn does not move the next one. Later than that,
    // this host stood still, and vrrpd may be about to learn that others took over.
    const core::Instant due = entry->refresh.deadline();
    const core::Instant now = loop_.now();
    if (now - due > kLateRefresh) return entry->refresh.at(now + entry->rules.refresh);
    entry->refresh.at(due + entry->rules.refresh);
    enqueue(instance, entry->targets, entry->rules.refresh_repeat);
    send_some();
}

void Announcer::on_extra(core::ObjectId instance) {
    Entry* entry = find(instance);
    if (entry == nullptr) return;
    entry->extra.at(std::max(entry->extra.deadline() + entry->rules.extra, loop_.now()));
    Targets some;
    for (const AddressName& each : entry->targets) {
        if (entry->rules.extra_interfaces.contains(each.interface)) some.push_back(each);
    }
    enqueue(instance, some, 1);
    send_some();
}

void Announcer::announce_other(core::ObjectId instance, const AddressName& address) {
    enqueue(instance, {address}, 1);
    send_some();
}

void Announcer::enqueue(core::ObjectId instance, const Targets& targets, std::uint32_t rounds) {
    queue_.add(instance, targets, rounds);
    schedule(core::Interval{});
}

void Announcer::schedule(core::Interval at_least) {
    const auto due = queue_.due(loop_.now() + at_least);
    if (due) {
        next_portion_.at(*due);
    } else {
        next_portion_.cancel();
    }
}

/// A neighbour that hears an advertisement without the router flag forgets us as a router (RFC 4861
/// 7.2.5), so the flag must be what the interface does now.
bool Announcer::is_router_on(std::uint32_t interface_index) {
    constexpr core::Interval kAge = std::chrono::seconds(1);
    if (!routers_asked_ || loop_.now() - *routers_asked_ >= kAge) {
        routers_asked_ = loop_.now();
        if (auto found = kernel_.ipv6_forwarders()) routers_ = std::move(*found);
    }
    return routers_.contains(interface_index);
}

/// Neighbours in the queue are mostly on one interface.
const netlink::Link* Announcer::link_of(const std::string& interface) {
    if (last_interface_ == interface && last_link_ != nullptr) return last_link_;
    const netlink::Interface* found = kernel_.interfaces().find(interface);
    last_interface_ = interface;
    last_link_ = found == nullptr ? nullptr : &found->link;
    return last_link_;
}

/// False when nothing can be announced there.
bool Announcer::prepare(const AddressName& target, Frame& frame) {
    const netlink::Link* link = link_of(target.interface);
    if (link == nullptr || !link->hardware_address.is_ethernet() ||
        (link->flags & (IFF_NOARP | IFF_LOOPBACK)) != 0) {
        return false;
    }
    MacAddress sender;
    std::ranges::copy(link->hardware_address.bytes(), sender.begin());
    const bool router = target.address.family() == core::Family::ipv6 && is_router_on(link->index);
    frame.interface_index = link->index;
    frame.octets = announcement_of(sender, target.address, router);
    return true;
}

void Announcer::send_some() {
    queue_.look(loop_.now(), kPortion, targets_);
    if (frames_.size() < targets_.size()) frames_.resize(kPortion);
    places_.clear();
    last_link_ = nullptr;  // it may have gone since
    for (std::size_t i = 0; i < targets_.size(); ++i) {
        if (prepare(*targets_[i], frames_[places_.size()])) places_.push_back(i);
    }
    const Portion portion = hand_over();
    queue_.take(loop_.now(), portion.done);
    schedule(portion.full ? kRetry : core::Interval{});
}

Announcer::Portion Announcer::hand_over() {
    Portion portion{.done = targets_.size()};
    if (places_.empty()) return portion;
    const auto frames = std::span(frames_).first(places_.size());
    std::size_t taken = frames.size();  // by the kernel, or refused for good
    std::uint64_t refused = 0;
    for (const Report::Refusal& each : kernel_.send(frames).refusals) {
        if (!no_room(each.error.code())) {
            ++refused;
            continue;
        }
        // It is the last one that was tried.
        taken = each.change;
        portion.full = worth_waiting(frames[taken].interface_index);
        portion.done = places_[taken] + (portion.full ? 0 : 1);
        refused_ += portion.full ? 0 : 1;
        break;
    }
    if (!full_since_.empty()) {
        for (const Frame& each : frames.first(taken)) full_since_.erase(each.interface_index);
    }
    sent_ += taken - refused;
    refused_ += refused;
    return portion;
}

/// From the first time that there was no room until something leaves there again.
bool Announcer::worth_waiting(std::uint32_t interface_index) {
    const auto [since, first] = full_since_.try_emplace(interface_index, loop_.now());
    return loop_.now() < since->second + kPatience;
}

}  // namespace holdfast::ipvsd
