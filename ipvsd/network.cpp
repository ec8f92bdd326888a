#include "ipvsd/network.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::ipvsd {
namespace {

/// A repair begins this long after the first event, so that one look sees all that belongs
/// together, and at most ten times a second; both together stay below the 200 ms we promise.
constexpr core::Interval kSettle = std::chrono::milliseconds(20);
constexpr core::Interval kBetweenChecks = std::chrono::milliseconds(100);
/// What the kernel refuses is tried again.
constexpr core::Interval kRetry = std::chrono::seconds(2);
/// Where a dump of routes is dear, because the table holds a million of somebody else's, dumps come
/// at most after this many times their own duration.
constexpr int kLookingShare = 20;

}  // namespace

Network::Network(loop::Loop& loop, Kernel& kernel, Ledger& ledger, Announcer& announcer,
                 log::Logger& log, WishOf wish_of, Contested contested)
    : loop_(loop),
      kernel_(kernel),
      log_(log),
      wish_of_(wish_of),
      contested_(std::move(contested)),
      addresses_(loop, kernel, ledger, announcer, log, wish_of),
      paths_(loop, kernel, ledger, log, wish_of),
      check_timer_(loop, [this] { check(); }) {}

void Network::set_instances(const Instances& instances) {
    addresses_.set_instances(instances);
    paths_.set_instances(instances);
}

void Network::start(bool cold) {
    started_ = true;
    addresses_.start(cold);
    look_at_addresses();
    look_at_paths();
}

// ---- Looks ----------------------------------------------------------------------------------

void Network::look_at_addresses() {
    const core::Status looked = addresses_.look();
    const bool again = std::exchange(addresses_unread_, !looked.ok());
    if (!looked) look_failed(looked.error(), again);
}

core::Instant Network::next_look_at_paths() const {
    return std::max(loop_.now() + kSettle, last_look_ + between_looks_);
}

void Network::look_at_paths() {
    if (!paths_.must_look()) return;
    const core::Instant begin = loop_.now();
    if (begin < last_look_ + between_looks_) return check_by(next_look_at_paths());
    const core::Status looked = paths_.look();
    last_look_ = loop_.now();
    between_looks_ = kLookingShare * (last_look_ - begin);
    const bool again = std::exchange(paths_unread_, !looked.ok());
    if (looked) return;
    paths_.look_again();
    between_looks_ = again ? kRetry : kBetweenChecks;
    look_failed(looked.error(), again);
}

/// Answers may have been lost: again soon. When that is of no use either, it is tried again as
/// whatever else the kernel refuses.
void Network::look_failed(const core::Error& why, bool again) {
    if (failures_limit_.admit(0, loop_.now())) log_.error("KERNEL_DUMP", why.text());
    check_by(loop_.now() + (again ? kRetry : kBetweenChecks));
}

// ---- Changes --------------------------------------------------------------------------------

Network::Errors Network::carry_out(const Addresses::Work& addresses, const Paths::Work& paths) {
    addresses_.note_in_ledger(addresses);
    paths_.note_in_ledger(paths);
    std::vector<Change> batch = paths.plan.removals;
    batch.insert(batch.end(), addresses.plan.begin(), addresses.plan.end());
    batch.insert(batch.end(), paths.plan.additions.begin(), paths.plan.additions.end());
    std::vector<core::Error> errors(batch.size(), core::Error(""));
    if (!batch.empty()) {
        const Report report = kernel_.apply(batch);
        for (const Report::Refusal& each : report.refusals) errors[each.change] = each.error;
        if (report.uncertain) {
            paths_.look_again();
            check_soon();
        }
    }
    const auto first = errors.begin() + static_cast<std::ptrdiff_t>(paths.plan.removals.size());
    const auto last = first + static_cast<std::ptrdiff_t>(addresses.plan.size());
    Errors split{.of_addresses = {first, last}, .of_paths = {errors.begin(), first}};
    split.of_paths.insert(split.of_paths.end(), last, errors.end());
    return split;
}

std::map<core::ObjectId, InstanceOutcome> Network::apply(std::span<const core::ObjectId> changed) {
    // A change of role does not wait for a dump of a million routes: the next check comes for it.
    if (between_looks_ <= kBetweenChecks) look_at_paths();
    const Addresses::Work addresses = addresses_.plan_for(changed);
    paths_.addresses_go(addresses.plan);
    const Paths::Work paths = paths_.plan_for(changed);
    const Errors errors = carry_out(addresses, paths);
    auto outcomes = addresses_.settle(addresses, errors.of_addresses, changed);
    paths_.settle(paths, errors.of_paths);
    for (const core::ObjectId id : changed) {
        if (wish_of_(id) != Wish::present) thefts_.forget(id);
    }
    retry_later();
    return outcomes;
}

void Network::apply_all() {
    look_at_paths();
    const Addresses::Work addresses = addresses_.plan_all(leftovers_may_go_);
    paths_.addresses_go(addresses.plan);
    const Paths::Work paths = paths_.plan_all(leftovers_may_go_);
    const Errors errors = carry_out(addresses, paths);
    addresses_.settle_all(addresses, errors.of_addresses);
    paths_.settle(paths, errors.of_paths);
    retry_later();
}

void Network::remove_all() {
    // The last chance: nothing is left behind because the picture was old.
    look_at_addresses();
    if (paths_.must_look() && !paths_.look()) paths_.look_again();
    const Addresses::Work addresses = addresses_.plan_removal();
    const Paths::Work paths = paths_.plan_removal();
    const Errors errors = carry_out(addresses, paths);
    addresses_.settle_removal(addresses, errors.of_addresses);
    paths_.settle(paths, errors.of_paths);
}

void Network::retry_later() {
    if (paths_.must_look()) check_by(next_look_at_paths());
    const bool failing = addresses_.failing() || paths_.failing();
    if (failing) check_by(loop_.now() + kRetry);
}

// ---- Drift ----------------------------------------------------------------------------------

void Network::check_by(core::Instant due) {
    if (!started_ || (check_timer_.pending() && check_timer_.deadline() <= due)) return;
    check_timer_.at(due);
}

void Network::check_soon() {
    check_by(std::max(loop_.now() + kSettle, last_check_ + kBetweenChecks));
}

void Network::check() {
    last_check_ = loop_.now();
    look_at_addresses();
    look_at_paths();
    const Addresses::Work addresses = addresses_.plan_all(leftovers_may_go_);
    paths_.addresses_go(addresses.plan);
    const Paths::Work paths = paths_.plan_all(leftovers_may_go_);
    const Errors errors = carry_out(addresses, paths);
    Restored restored = addresses_.settle_repair(addresses, errors.of_addresses);
    Restored more = paths_.settle_repair(paths, errors.of_paths);
    restored.instances.merge(more.instances);
    if (restored.what.empty()) restored.what = more.what;
    judge(restored);
    retry_later();
}

void Network::judge(const Restored& restored) {
    for (const core::ObjectId id : restored.instances) {
        if (thefts_.restored(id, loop_.now())) contested_(id, restored.what);
    }
}

void Network::link_changed(const netlink::Link& now, const netlink::Link* before) {
    const bool came = before == nullptr || before->name != now.name;
    const bool moved = before != nullptr && now.is_up() != before->is_up();
    if (!came && !moved) return;
    const bool addresses_concerned = addresses_.link_changed(now) && (came || now.is_up());
    const bool was_concerned = before != nullptr && paths_.link_changed(*before);
    const bool routes_concerned = paths_.link_changed(now) || was_concerned;
    if (addresses_concerned || routes_concerned) check_soon();
}

void Network::link_removed(const netlink::Link& last) {
    addresses_.link_removed(last);
    if (paths_.link_changed(last)) check_soon();
}

void Network::address_changed(const netlink::InterfaceAddress& now) {
    if (addresses_.address_changed(now)) check_soon();
}

void Network::address_removed(const netlink::InterfaceAddress& last) {
    const bool gone = addresses_.address_removed(last);
    const bool source_gone = paths_.address_removed(last.address);
    if (gone || source_gone) check_soon();
}

void Network::route_changed(const netlink::Route& route, bool gone) {
    if (paths_.route_changed(route, gone)) check_soon();
}

void Network::rule_changed(const netlink::Rule& rule, bool gone) {
    if (paths_.rule_changed(rule, gone)) check_soon();
}

void Network::routes_lost() {
    paths_.look_again();
    check_soon();
}

}  // namespace holdfast::ipvsd
