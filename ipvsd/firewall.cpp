#include "ipvsd/firewall.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace holdfast::ipvsd {
namespace {

constexpr core::Interval kSettle = std::chrono::milliseconds(20);
constexpr core::Interval kBetweenChecks = std::chrono::milliseconds(100);
constexpr core::Interval kRetry = std::chrono::seconds(2);

}  // namespace

Firewall::Firewall(loop::Loop& loop, Kernel& kernel, Ledger& ledger, log::Logger& log,
                   WishOf wish_of, NameOf actual_name)
    : loop_(loop),
      kernel_(kernel),
      ledger_(ledger),
      log_(log),
      wish_of_(std::move(wish_of)),
      actual_name_(std::move(actual_name)),
      check_timer_(loop, [this] { replace_after_change(); }) {}

void Firewall::set_instances(const FirewallRules& rules, const Instances& instances) {
    FirewallTable table{
        .name = rules.table, .priority = rules.priority, .counters = rules.counters};
    virtual_.clear();
    refusing_.clear();
    for (const auto& [id, instance] : instances) {
        for (const VirtualInterface& each : instance->interfaces) {
            if (each.kind != "macvlan") continue;
            const std::string name = actual_name_(each.name);
            table.virtual_interfaces.insert(name);
            virtual_.emplace_back(id, name);
        }
        if (instance->accept || instance->addresses.empty()) continue;
        refusing_[id] = instance->name;
        for (const ConfiguredAddress& each : instance->addresses) {
            if (each.name.address.is_link_local()) {
                table.refused_local.emplace(each.name.address, each.name.interface);
            } else {
                table.refused.insert(each.name.address);
            }
        }
    }
    whole_ = whole_ || table != wished_;
    wished_ = std::move(table);
    std::erase_if(told_, [&](core::ObjectId id) { return !refusing_.contains(id); });
}

void Firewall::start(bool cold) {
    cold_ = cold;
    started_ = true;
    // A predecessor's table is replaced whole, in one step, or goes.
    const std::string left = ledger_.table();
    if (!left.empty() && (wished_.is_empty() || left != wished_.name)) {
        carry_out(RemoveTable{left});
        ledger_.erase_table();
    }
    follow();
}

bool Firewall::is_silent(core::ObjectId instance) const {
    const Wish wish = wish_of_(instance);
    return wish == Wish::absent || (wish == Wish::unknown && cold_);
}

std::set<std::string> Firewall::silent() const {
    std::set<std::string> names;
    for (const auto& [id, name] : virtual_) {
        if (is_silent(id)) names.insert(name);
    }
    return names;
}

void Firewall::follow() {
    if (!started_ || (wished_.is_empty() && there_.is_empty())) return;
    std::set<std::string> now = silent();
    if (!whole_ && now == there_.silent) return;
    bool done = true;
    if (whole_) {
        FirewallTable next = wished_;
        next.silent = now;
        if (!next.is_empty() && !ledger_.set_table(next.name)) {
            log_.warning("LEDGER_FULL", "a successor will not know our nftables table");
        }
        for (const FirewallChange& change : plan_firewall(next, there_)) {
            done = carry_out(change) && done;
        }
        there_ = std::move(next);
    } else {
        // A change of role costs what it changes, however large the table is.
        done = carry_out(change_of_silent(wished_.name, there_.silent, now));
        there_.silent = std::move(now);
    }
    whole_ = !done;
    if (done) {
        if (there_.is_empty()) ledger_.erase_table();
        note_refusing();
        return;
    }
    // Whatever is there now: all of it anew, in a while.
    there_ = FirewallTable{.name = wished_.name};
    if (!check_timer_.pending()) check_timer_.after(kRetry);
}

bool Firewall::carry_out(const FirewallChange& change) {
    const core::Status done = kernel_.change_firewall(change);
    if (done) {
        failing_.clear();
        return true;
    }
    // What is to go is gone.
    if (std::holds_alternative<RemoveTable>(change) && done.error().code() == ENOENT) return true;
    if (failing_ != done.error().text()) {
        failing_ = done.error().text();
        log_.error("FIREWALL_FAILED",
                   fmt::format("table inet {}: {}", wished_.name, done.error().text()));
    }
    return false;
}

void Firewall::note_refusing() {
    for (const auto& [id, name] : refusing_) {
        if (!told_.insert(id).second) continue;
        log_.notice("NO_ACCEPT", fmt::format("{}: its addresses will not answer: no_accept", name));
    }
}

void Firewall::remove_all() {
    check_timer_.cancel();
    FirewallRules none;
    none.table = wished_.name;
    set_instances(none, {});
    follow();
    started_ = false;
}

void Firewall::table_changed(const std::string& table) {
    const bool ours = table.empty() || table == there_.name;
    if (!started_ || !ours || there_.is_empty()) return;
    certain_ = certain_ || !table.empty();
    const core::Instant due = std::max(loop_.now() + kSettle, last_check_ + kBetweenChecks);
    if (check_timer_.pending() && check_timer_.deadline() <= due) return;
    check_timer_.at(due);
}

void Firewall::replace_after_change() {
    last_check_ = loop_.now();
    const bool was_there = !there_.is_empty() && std::exchange(certain_, false);
    there_ = FirewallTable{.name = wished_.name};
    whole_ = true;
    follow();
    if (!was_there || there_.is_empty()) return;
    if (const auto left_out = repairs_limit_.admit(0, loop_.now())) {
        const std::string more = *left_out == 0 ? "" : fmt::format(", {} more before", *left_out);
        log_.warning("FIREWALL_RESTORED",
                     fmt::format("table inet {} (changed by somebody else{})", there_.name, more));
    }
}

}  // namespace holdfast::ipvsd
