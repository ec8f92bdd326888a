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
/// A configuration may ask for millions of rounds; the queue holds no more than this.
constexpr std::size_t kMaxQueue = 1UL << 18U;

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
            });
    }
    return *entry;
}

void Announcer::hold(core::ObjectId instance, const AnnouncementRules& rules, Targets targets) {
    Entry& entry = make(instance);
    const bool same_refresh = entry.refresh.pending() && entry.rules.refresh == rules.refresh;
    entry.rules = rules;
    entry.targets = std::move(targets);
    if (rules.refresh.count() == 0) {
        entry.refresh.cancel();
    } else if (!same_refresh) {
        entry.refresh.after(rules.refresh);
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
    for (const AddressName& each : some) {
        if (std::ranges::find(waiting, each) == waiting.end()) waiting.push_back(each);
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
    std::erase_if(queue_, [&](const Waiting& each) { return each.instance == instance; });
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
    // From the deadline, not from now: a late turn does not move the next one.
    entry->refresh.at(std::max(entry->refresh.deadline() + entry->rules.refresh, loop_.now()));
    enqueue(instance, entry->targets, entry->rules.refresh_repeat);
    send_some();
}

void Announcer::enqueue(core::ObjectId instance, const Targets& targets, std::uint32_t rounds) {
    for (std::uint32_t round = 0; round < rounds && queue_.size() < kMaxQueue; ++round) {
        for (const AddressName& target : targets) queue_.push_back({instance, target});
    }
    if (!next_portion_.pending()) next_portion_.at(loop_.now());
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

std::optional<Frame> Announcer::frame_for(const AddressName& target) {
    const netlink::Interface* interface = kernel_.interfaces().find(target.interface);
    if (interface == nullptr) return std::nullopt;
    const netlink::Link& link = interface->link;
    if (!link.hardware_address.is_ethernet() || (link.flags & (IFF_NOARP | IFF_LOOPBACK)) != 0) {
        return std::nullopt;
    }
    MacAddress sender;
    std::ranges::copy(link.hardware_address.bytes(), sender.begin());
    const bool router = target.address.family() == core::Family::ipv6 && is_router_on(link.index);
    return Frame{link.index, announcement_of(sender, target.address, router)};
}

void Announcer::send_some() {
    std::vector<Frame> frames;
    std::vector<std::size_t> places;  // of the frames in the queue
    std::size_t done = 0;
    for (; done < queue_.size() && frames.size() < kPortion; ++done) {
        auto frame = frame_for(queue_[done].target);
        if (!frame) continue;
        frames.push_back(std::move(*frame));
        places.push_back(done);
    }
    bool full = false;
    std::uint64_t refused = 0;
    if (!frames.empty()) {
        for (const Report::Refusal& each : kernel_.send(frames).refusals) {
            if (no_room(each.error.code())) {
                full = true;
                done = std::min(done, places[each.change]);
            } else {
                ++refused;
            }
        }
    }
    const auto tried = std::ranges::lower_bound(places, done) - places.begin();
    sent_ += static_cast<std::uint64_t>(tried) - refused;
    refused_ += refused;
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(done));
    if (queue_.empty()) {
        next_portion_.cancel();
    } else {
        next_portion_.at(loop_.now() + (full ? kRetry : core::Interval{}));
    }
}

}  // namespace holdfast::ipvsd
