#include "ipvsd/announcement_queue.hpp"

#include <algorithm>
#include <iterator>

namespace holdfast::ipvsd {
namespace {

/// A configuration may ask for millions of rounds; no more than this many announcements wait.
constexpr std::size_t kMaxWaiting = 1UL << 18U;

core::Interval interval_of(const Pacing::Limit& limit, core::Family family) {
    return family == core::Family::ipv4 ? limit.arp : limit.neighbor;
}

}  // namespace

std::pair<AnnouncementQueue::LaneName, core::Interval> AnnouncementQueue::lane_of(
    const AddressName& target) const {
    const core::Family family = target.address.family();
    const auto parent = pacing_.parents.find(target.interface);
    const std::string& interface =
        parent == pacing_.parents.end() ? target.interface : parent->second;
    const core::Interval of_all = interval_of(pacing_.of_all, family);
    for (std::size_t i = 0; i < pacing_.groups.size(); ++i) {
        const Pacing::Group& group = pacing_.groups[i];
        if (std::ranges::find(group.interfaces, interface) == group.interfaces.end()) continue;
        const auto& own = family == core::Family::ipv4 ? group.arp : group.neighbor;
        // No interface is called so.
        return {{"/" + std::to_string(i), family}, own.value_or(of_all)};
    }
    return {{interface, family}, of_all};
}

void AnnouncementQueue::add(core::ObjectId instance, std::span<const AddressName> targets,
                            std::uint32_t rounds) {
    const bool no_limits = pacing_.of_all == Pacing::Limit{} && pacing_.groups.empty();
    if (no_limits) {
        add_to(unlimited_, instance, {targets.begin(), targets.end()}, rounds);
        return;
    }
    std::map<LaneName, std::pair<core::Interval, std::vector<AddressName>>> parts;
    std::vector<AddressName> free;
    for (const AddressName& target : targets) {
        auto [name, spacing] = lane_of(target);
        if (spacing.count() == 0) {
            free.push_back(target);
        } else {
            auto& part = parts[std::move(name)];
            part.first = spacing;
            part.second.push_back(target);
        }
    }
    add_to(unlimited_, instance, std::move(free), rounds);
    for (auto& [name, part] : parts) {
        Lane& lane = lanes_[name];
        lane.spacing = part.first;
        add_to(lane, instance, std::move(part.second), rounds);
    }
}

void AnnouncementQueue::add_to(Lane& lane, core::ObjectId instance,
                               std::vector<AddressName> targets, std::uint32_t rounds) {
    if (targets.empty() || waiting_ >= kMaxWaiting) return;
    std::uint64_t wanted = std::uint64_t{rounds} * targets.size();
    if (lane.spacing.count() != 0) {
        const auto same = std::ranges::find_if(lane.jobs, [&](const Job& each) {
            return each.instance == instance && each.targets == targets;
        });
        if (same != lane.jobs.end()) {
            if (same->left >= wanted) return;
            waiting_ += wanted - same->left;
            same->left = wanted;
            return;
        }
    }
    wanted = std::min<std::uint64_t>(wanted, kMaxWaiting - waiting_);
    if (wanted == 0) return;
    waiting_ += wanted;
    lane.jobs.push_back({instance, std::move(targets), wanted, 0});
}

void AnnouncementQueue::drop(core::ObjectId instance) {
    seen_.clear();
    const auto forget = [&](Lane& lane) {
        std::erase_if(lane.jobs, [&](const Job& each) {
            if (each.instance == instance) waiting_ -= each.left;
            return each.instance == instance;
        });
    };
    forget(unlimited_);
    for (auto& [name, lane] : lanes_) forget(lane);
}

/// What is left of the turns goes on in its order without those that are left out.
void AnnouncementQueue::thin_out(Job& job, const std::set<AddressName>& targets) {
    const std::uint64_t rounds = job.left / job.targets.size();
    const std::uint64_t rest = job.left % job.targets.size();
    Job thinner{.instance = job.instance, .targets = {}};
    std::vector<AddressName> before;  // the present round has passed them
    for (std::size_t i = 0; i < job.targets.size(); ++i) {
        const bool passed = i < job.next;
        const std::size_t turn = passed ? i + job.targets.size() - job.next : i - job.next;
        if (!targets.contains(job.targets[i])) continue;
        thinner.left += rounds + (turn < rest ? 1 : 0);
        (passed ? before : thinner.targets).push_back(std::move(job.targets[i]));
    }
    std::ranges::move(before, std::back_inserter(thinner.targets));
    waiting_ -= job.left - thinner.left;
    job = std::move(thinner);
}

void AnnouncementQueue::keep_only(core::ObjectId instance, const std::set<AddressName>& targets) {
    seen_.clear();
    const auto thin_out_lane = [&](Lane& lane) {
        for (Job& job : lane.jobs) {
            if (job.instance == instance) thin_out(job, targets);
        }
        std::erase_if(lane.jobs, [](const Job& each) { return each.left == 0; });
    };
    thin_out_lane(unlimited_);
    for (auto& [name, lane] : lanes_) thin_out_lane(lane);
}

void AnnouncementQueue::look(core::Instant now, std::size_t limit,
                             std::vector<const AddressName*>& targets) {
    targets.clear();
    seen_.clear();
    for (auto& [name, lane] : lanes_) {
        if (lane.jobs.empty() || lane.free_at > now || targets.size() >= limit) continue;
        const Job& job = lane.jobs.front();
        targets.push_back(&job.targets[job.next]);
        seen_.push_back(&lane);
    }
    for (const Job& job : unlimited_.jobs) {
        std::size_t next = job.next;
        for (std::uint64_t left = job.left; left > 0 && targets.size() < limit; --left) {
            targets.push_back(&job.targets[next]);
            seen_.push_back(&unlimited_);
            next = next + 1 == job.targets.size() ? 0 : next + 1;
        }
        if (targets.size() >= limit) return;
    }
}

void AnnouncementQueue::take(core::Instant now, std::size_t count) {
    for (std::size_t i = 0; i < std::min(count, seen_.size()); ++i) {
        Lane& lane = *seen_[i];
        const bool goes_on = advance(lane);
        if (&lane == &unlimited_) continue;
        lane.free_at = now + lane.spacing;
        if (goes_on && lane.jobs.size() > 1) {  // the next one's turn
            lane.jobs.push_back(std::move(lane.jobs.front()));
            lane.jobs.pop_front();
        }
    }
    seen_.clear();
    std::erase_if(lanes_, [&](const auto& each) {
        return each.second.jobs.empty() && each.second.free_at <= now;
    });
}

/// False when that was the job's last one.
bool AnnouncementQueue::advance(Lane& lane) {
    Job& job = lane.jobs.front();
    job.next = job.next + 1 == job.targets.size() ? 0 : job.next + 1;
    --job.left;
    --waiting_;
    if (job.left > 0) return true;
    lane.jobs.pop_front();
    return false;
}

std::optional<core::Instant> AnnouncementQueue::due(core::Instant now) const {
    if (!unlimited_.jobs.empty()) return now;
    std::optional<core::Instant> first;
    for (const auto& [name, lane] : lanes_) {
        if (lane.jobs.empty()) continue;
        if (!first || lane.free_at < *first) first = lane.free_at;
    }
    if (first && *first < now) return now;
    return first;
}

}  // namespace holdfast::ipvsd
