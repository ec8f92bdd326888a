#include "vrrpd/group.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lib/core/result.hpp"

namespace holdfast::vrrp {

namespace {

using core::Instant;

bool is(const Router& router, StateName name) {
    return name_of(router.state) == name;
}

bool started(const Router& router) {
    const auto* waiting = std::get_if<Initialize>(&router.state);
    return waiting == nullptr || waiting->started;
}

/// Active already, or kept from it by the others only.
bool wants_active(const Router& router) {
    const auto* backup = std::get_if<Backup>(&router.state);
    return is(router, StateName::active) || (backup != nullptr && backup->wants_active);
}

/// The first cause of a member that is a fault and not just a wait.
const Cause* fault_of(const Router& router) {
    const auto real = [](const StandingCause& standing) { return !only_waits(standing.cause); };
    const auto found = std::ranges::find_if(router.causes, real);
    return found == router.causes.end() ? nullptr : &found->cause;
}

/// One event on its way through the group.
class Work {
  public:
    Work(const Parameters& parameters, State state, Instant now)
        : parameters_(parameters), state_(std::move(state)), now_(now) {
        if (parameters_.members.size() != state_.members.size())
            core::broken_invariant("a group's state has as many members as its parameters");
    }

    void on(const Startup&);
    void on(const Shutdown&);
    void on(const TimerFired&);
    void on(const AdvertisementReceived&);
    void on(const Judged&);
    void on(const Slept&);
    void on(const Resumed&);

    Transition finish() &&;

  private:
    [[nodiscard]] bool any_active() const {
        return std::ranges::any_of(state_.members,
                                   [](const Router& each) { return is(each, StateName::active); });
    }
    [[nodiscard]] std::size_t count() const { return state_.members.size(); }
    Router& router(std::size_t member) { return state_.members.at(member); }
    [[nodiscard]] const RouterParameters& of(std::size_t member) const {
        return parameters_.members.at(member);
    }

    /// Takes over a router's step; its proposal is the caller's business.
    void take(std::size_t member, Step step);
    /// Something of this member is about to change, or has just changed.
    void touch(std::size_t member) { changed_.push_back(member); }
    void touch_all();
    void propose_active(std::size_t member, const std::string& because);
    void all_to_backup(std::size_t first, const std::string& because,
                       std::optional<core::Interval> adopted);
    void all_to_fault(std::size_t cause_of);
    /// Fault, waiting or running, as the members' causes have it now.
    void settle(const std::string& because);
    void resume(std::size_t member, bool restart_silence);
    [[nodiscard]] std::string on_behalf(std::size_t first, std::size_t member,
                                        const std::string& because) const;

    const Parameters& parameters_;
    State state_;
    Instant now_;
    Actions actions_;
    std::vector<std::size_t> changed_;
    std::optional<StateName> before_;  // the group's state, once a member leaves its own
};

void Work::touch_all() {
    for (std::size_t each = 0; each < count(); ++each) touch(each);
}

void Work::take(std::size_t member, Step step) {
    // A group may have thousands of members, and most packets change nothing but one timer.
    Router& present = router(member);
    if (!before_ && present.state.index() != step.router.state.index()) before_ = name_of(state_);
    if (present != step.router) touch(member);
    present = std::move(step.router);
    for (Act& act : step.acts) actions_.push_back({member, std::move(act)});
}

std::string Work::on_behalf(std::size_t first, std::size_t member,
                            const std::string& because) const {
    return first == member ? because : fmt::format("with {}: {}", of(first).name, because);
}

void Work::propose_active(std::size_t member, const std::string& because) {
    if (!std::ranges::all_of(state_.members, wants_active)) {
        take(member, wait_for_group(of(member), router(member), now_));
        return;
    }
    for (std::size_t each = 0; each < count(); ++each) {
        if (is(router(each), StateName::active)) continue;
        take(each, become_active(of(each), router(each), on_behalf(member, each, because), now_));
    }
}

void Work::all_to_backup(std::size_t first, const std::string& because,
                         std::optional<core::Interval> adopted) {
    for (std::size_t each = 0; each < count(); ++each) {
        if (!is(router(each), StateName::active)) continue;
        take(each, become_backup(of(each), router(each), on_behalf(first, each, because), now_,
                                 each == first ? adopted : std::nullopt));
    }
}

void Work::all_to_fault(std::size_t cause_of) {
    const std::string because = to_text(*fault_of(router(cause_of)));
    for (std::size_t each = 0; each < count(); ++each) {
        if (is(router(each), StateName::fault)) continue;
        const Cause* own = fault_of(router(each));
        take(each, become_fault(router(each),
                                own != nullptr ? to_text(*own) : on_behalf(cause_of, each, because),
                                now_));
    }
}

void Work::settle(const std::string& because) {
    if (!std::ranges::all_of(state_.members, started)) return;
    const auto faulty = std::ranges::find_if(
        state_.members, [](const Router& each) { return fault_of(each) != nullptr; });
    if (faulty != state_.members.end()) {
        all_to_fault(static_cast<std::size_t>(faulty - state_.members.begin()));
        return;
    }
    const auto waits = [](const Router& each) { return !each.causes.empty(); };
    if (std::ranges::any_of(state_.members, waits)) return;
    for (std::size_t each = 0; each < count(); ++each) {
        if (is(router(each), StateName::backup) || is(router(each), StateName::active)) continue;
        take(each, become_backup(of(each), router(each), because, now_));
    }
}

void Work::on(const Startup&) {
    touch_all();
    for (Router& each : state_.members)
        if (is(each, StateName::initialize)) each.state = Initialize{.started = true};
    settle("started");
}

void Work::on(const Shutdown&) {
    touch_all();
    for (std::size_t each = 0; each < count(); ++each) {
        if (is(router(each), StateName::initialize))
            router(each).state = Initialize{};
        else
            take(each, become_initialize(router(each), "stopped"));
    }
}

void Work::on(const TimerFired& event) {
    Step done = timer_fired(of(event.member), router(event.member), now_);
    const Proposal proposal = done.proposal;
    const std::string because = done.because;
    take(event.member, std::move(done));
    if (proposal == Proposal::active) propose_active(event.member, because);
    if (proposal == Proposal::backup) all_to_backup(event.member, because, std::nullopt);
}

void Work::on(const AdvertisementReceived& event) {
    Step done = advertisement_heard(of(event.member), router(event.member), event.heard, now_);
    const Proposal proposal = done.proposal;
    const std::string because = done.because;
    using Why = AnnounceAgain::Why;
    const bool announce =
        std::ranges::find(done.acts, Act{AnnounceAgain{Why::lower_priority}}) != done.acts.end();
    take(event.member, std::move(done));
    if (proposal == Proposal::backup && any_active())
        all_to_backup(event.member, because.empty() ? to_text(event.heard) : because,
                      event.heard.max_advertise_interval);
    for (std::size_t each = 0; announce && each < count(); ++each)
        if (each != event.member) actions_.push_back({each, AnnounceAgain{Why::with_group}});
}

void Work::on(const Judged& event) {
    touch(event.member);
    Router& judged = router(event.member);
    std::vector<StandingCause> standing;
    for (const Cause& cause : event.causes) {
        const auto known = std::ranges::find(judged.causes, cause, &StandingCause::cause);
        standing.push_back({cause, known == judged.causes.end() ? now_ : known->since});
    }
    const std::string recovered =
        judged.causes.empty() ? "" : "over: " + to_text(judged.causes.front().cause);
    judged.causes = std::move(standing);
    take(event.member, reprioritised(of(event.member), judged, event.priority));
    settle(recovered);
}

void Work::on(const Slept& event) {
    touch_all();
    for (std::size_t each = 0; each < count(); ++each) {
        if (auto* backup = std::get_if<Backup>(&router(each).state)) {
            backup->wants_active = false;
            backup->since = now_;
            take(each, wait_for_group(of(each), router(each), now_));
        } else if (auto* active = std::get_if<Active>(&router(each).state)) {
            // The Adver_Timer is as late as it really is; it acts after everything was read.
            active->sent_at = std::max(Instant{}, active->sent_at - event.lost);
            active->adver_at = std::max(Instant{}, std::min(active->adver_at - event.lost, now_));
            actions_.push_back({each, SetTimer{active->adver_at}});
        }
    }
}

void Work::resume(std::size_t member, bool restart_silence) {
    Router& resumed = router(member);
    if (auto* backup = std::get_if<Backup>(&resumed.state)) {
        if (restart_silence) {
            backup->active_adver_interval = of(member).advert_interval;
            backup->active_down_at =
                std::max(now_, backup->held_until) +
                active_down_interval(of(member), resumed.rank(), backup->active_adver_interval);
        }
        actions_.push_back({member, SetTimer{backup->active_down_at}});
    } else if (auto* active = std::get_if<Active>(&resumed.state)) {
        active->adver_at = std::min(active->adver_at, now_ + of(member).advert_interval);
        actions_.push_back({member, SetTimer{active->adver_at}});
    }
}

void Work::on(const Resumed& event) {
    touch_all();
    for (std::size_t each = 0; each < count(); ++each) {
        if (is(router(each), StateName::initialize)) router(each).state = Initialize{true};
        resume(each, event.restart_silence);
    }
    settle("joined its group");
}

Transition Work::finish() && {
    // Not std::ranges: clang 14 cannot compile what it returns.
    if (actions_.size() > 1)
        std::stable_partition(actions_.begin(), actions_.end(), [](const Action& action) {
            return std::holds_alternative<SendAdvertisement>(action.act);
        });
    std::ranges::sort(changed_);
    changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
    std::optional<GroupChanged> group;
    if (before_)
        if (const StateName after = name_of(state_); after != *before_)
            group = GroupChanged{*before_, after};
    return {std::move(state_), std::move(actions_), group, std::move(changed_)};
}

}  // namespace

StateName name_of(const State& state) {
    const auto any = [&](StateName name) {
        return std::ranges::any_of(state.members,
                                   [&](const Router& router) { return is(router, name); });
    };
    for (const StateName name : {StateName::fault, StateName::active, StateName::backup})
        if (any(name)) return name;
    return StateName::initialize;
}

Transition step(const Parameters& parameters, State state, const Event& event, Instant now) {
    Work work(parameters, std::move(state), now);
    std::visit([&](const auto& what) { work.on(what); }, event);
    return std::move(work).finish();
}

}  // namespace holdfast::vrrp
