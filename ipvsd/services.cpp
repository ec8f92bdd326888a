#include "ipvsd/services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace holdfast::ipvsd {
namespace {

constexpr core::Interval kPass = std::chrono::seconds(2);
/// A pass may cost a hundredth of a core.
constexpr int kShareOfCore = 100;

template <class... Fs>
struct Overloaded : Fs... {
    using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

ServiceKey key_in(const Change& change) {
    return std::visit(Overloaded{
                          [](const AddService& each) { return each.service.key; },
                          [](const EditService& each) { return each.service.key; },
                          [](const RemoveService& each) { return each.key; },
                          [](const AddDestination& each) { return each.service; },
                          [](const EditDestination& each) { return each.service; },
                          [](const RemoveDestination& each) { return each.service; },
                          [](const auto&) { return ServiceKey{}; },
                      },
                      change);
}

}  // namespace

Services::Services(loop::Loop& loop, Kernel& kernel, Ledger& ledger, log::Logger& log,
                   Listener listener)
    : loop_(loop),
      kernel_(kernel),
      ledger_(ledger),
      log_(log),
      listener_(std::move(listener)),
      pass_timer_(loop, [this] { pass(); }) {}

void Services::set_model(const Model& model) {
    model_ = &model;
    std::map<core::ObjectId, ServiceState> before = std::exchange(states_, {});
    for (const auto& [id, service] : model.services) {
        const auto old = before.find(id);
        if (old == before.end()) {
            states_[id] = start_state(service.rules);
            continue;
        }
        const ServiceStep step = on_new_rules(service.rules, old->second);
        states_[id] = step.state;
        tell(service, step);
    }
    if (started_) {
        apply(all_wishes(), true);
        schedule_pass({});
    }
}

void Services::start(bool known) {
    started_ = true;
    known_ = known;
    look();
    apply(all_wishes(), true);
    schedule_pass({});
}

void Services::said_all() {
    for (const auto& [check, place] : model_->checks) {
        if (!said_.contains(check)) judge(place, check, true);
    }
    if (known_) return;
    known_ = true;
    look();
    apply(all_wishes(), true);
}

void Services::take(const VerdictSaid& verdict) {
    said_.insert(verdict.check);
    last_errors_[verdict.place.server] = verdict.up ? std::string() : verdict.last_error;
    judge(verdict.place, verdict.check, verdict.up);
}

void Services::judge(const CheckPlace& place, core::ObjectId check, bool up) {
    const auto service = model_->services.find(place.service);
    if (service == model_->services.end()) return;
    ServiceState& state = states_[service->first];
    const ServiceStep step = on_verdict(service->second.rules, state, check, up);
    if (step.state == state) return;
    state = step.state;
    apply({wish_for(service->second)}, false);
    tell(service->second, step);
}

/// After the kernel: a script finds the table as the event says.
void Services::tell(const ConfiguredService& service, const ServiceStep& step) {
    if (!known_) return;
    for (const ServerChange& change : step.servers) {
        const auto name = service.server_names.find(change.server);
        const std::string_view server =
            name == service.server_names.end() ? std::string_view("?") : name->second;
        const auto error = last_errors_.find(change.server);
        const bool explained = !change.alive && error != last_errors_.end();
        log_.notice("SERVER_STATE",
                    fmt::format("{} of {} {}{}{}", server, service.name,
                                change.alive ? "down->up" : "up->down", explained ? ": " : "",
                                explained ? error->second : std::string()));
        if (listener_.server_changed) {
            listener_.server_changed(service.id, change.server, change.alive);
        }
    }
    if (!step.quorum) return;
    log_.notice("QUORUM", fmt::format("{} {}: weight alive {}, quorum {}{}", service.name,
                                      *step.quorum ? "lost->met" : "met->lost",
                                      alive_weight(service.rules, step.state), service.rules.quorum,
                                      !*step.quorum && service.rules.sorry_server
                                          ? ", sorry server takes over"
                                          : ""));
    if (listener_.quorum_changed) listener_.quorum_changed(service.id, *step.quorum);
}

// ---- Wish and kernel ------------------------------------------------------------------------

ServiceWish Services::wish_for(const ConfiguredService& service) const {
    return {.service = service.service,
            .wish = known_ ? Wish::present : Wish::unknown,
            .destinations = wished_destinations(service.rules, states_.at(service.id))};
}

std::vector<ServiceWish> Services::all_wishes() const {
    std::vector<ServiceWish> wishes;
    for (const auto& [id, service] : model_->services) wishes.push_back(wish_for(service));
    return wishes;
}

void Services::note_in_ledger(const std::vector<ServiceWish>& wishes) {
    bool all_written = true;
    for (const ServiceWish& each : wishes) {
        if (each.wish != Wish::present) continue;
        all_written = ledger_.add(each.service.key) && all_written;
    }
    if (!all_written) {
        log_.warning("LEDGER_FULL", "a successor will not know all services: state file is full");
    }
}

void Services::apply(const std::vector<ServiceWish>& wishes, bool with_leftovers) {
    if (!started_) return;
    if (!kernel_.has_ipvs()) {
        tell_absence();
        return;
    }
    note_in_ledger(wishes);
    const std::set<ServiceKey> leftovers =
        with_leftovers ? ledger_.services() : std::set<ServiceKey>{};
    auto failures = carry_out(plan_services(wishes, picture_, leftovers));
    if (!failures.empty() && look()) {
        // Most often somebody else was at it: our picture was old. Once more with a new one.
        failures = carry_out(plan_services(wishes, picture_, leftovers));
    }
    std::set<ServiceKey> named;
    for (const ServiceWish& each : wishes) named.insert(each.service.key);
    for (const ServiceKey& key : leftovers) {
        if (!named.contains(key) && !picture_.contains(key)) ledger_.erase(key);
    }
    note_failures(wishes, failures);
}

std::map<ServiceKey, core::Error> Services::carry_out(const std::vector<Change>& plan) {
    std::map<ServiceKey, core::Error> failures;
    if (plan.empty()) return failures;
    const Report report = kernel_.apply(plan);
    std::vector<bool> refused(plan.size(), false);
    for (const Report::Refusal& each : report.refusals) {
        refused[each.change] = true;
        failures.emplace(key_in(plan[each.change]), each.error.within(to_text(plan[each.change])));
    }
    for (std::size_t i = 0; i < plan.size(); ++i) {
        if (!refused[i]) take_over(picture_, plan[i]);
    }
    if (report.uncertain) {
        failures.emplace(ServiceKey{}, core::Error("answers of the kernel were lost", ENOBUFS));
    }
    return failures;
}

void Services::note_failures(const std::vector<ServiceWish>& wishes,
                             const std::map<ServiceKey, core::Error>& failures) {
    for (const ServiceWish& each : wishes) {
        const auto failure = failures.find(each.service.key);
        if (failure == failures.end()) {
            failing_.erase(each.service.key);
            continue;
        }
        std::string& known = failing_[each.service.key];
        if (known == failure->second.text()) continue;
        known = failure->second.text();
        log_.error("SERVICE_FAILED", fmt::format("{}: {}", to_text(each.service.key), known));
    }
}

void Services::tell_absence() {
    if (absence_told_ || model_->services.empty()) return;
    absence_told_ = true;
    log_.warning("IPVS_MISSING",
                 fmt::format("{} services are not programmed: no IPVS in this kernel (load ip_vs, "
                             "for example by /etc/modules-load.d)",
                             model_->services.size()));
}

bool Services::look() {
    auto table = kernel_.dump_services();
    if (!table) {
        log_.error("KERNEL_DUMP", table.error().text());
        return false;
    }
    picture_ = services_in(*table);
    return true;
}

void Services::ipvs_changed(bool present) {
    if (!started_) return;
    if (!present) {
        picture_.clear();
        tell_absence();
        return;
    }
    if (absence_told_) log_.notice("IPVS_PRESENT", "the kernel has IPVS now; programming services");
    absence_told_ = false;
    look();
    apply(all_wishes(), true);
    schedule_pass({});
}

// ---- Drift ----------------------------------------------------------------------------------

void Services::schedule_pass(core::Interval cost) {
    if (model_->services.empty() && ledger_.services().empty()) {
        pass_timer_.cancel();
        return;
    }
    const core::Interval pause = std::max(kPass, cost * kShareOfCore);
    if (!pass_timer_.pending()) pass_timer_.after(pause);
}

void Services::pass() {
    const core::Instant begin = loop_.now();
    if (kernel_.has_ipvs() && known_ && look()) {
        const std::vector<ServiceWish> wishes = all_wishes();
        std::size_t foreign_hand = 0;
        const std::vector<Change> plan = plan_services(wishes, picture_, ledger_.services());
        for (const Change& change : plan) {
            if (failing_.contains(key_in(change))) continue;  // our own retry
            ++foreign_hand;
            if (foreign_hand == 1)
                log_.warning("IPVS_RESTORED", to_text(change) + " (changed by somebody else)");
        }
        if (foreign_hand > 1) {
            log_.warning("IPVS_RESTORED", fmt::format("and {} more changes", foreign_hand - 1));
        }
        repaired_ += foreign_hand;
        if (!plan.empty()) apply(wishes, true);
    }
    schedule_pass(loop_.now() - begin);
}

void Services::remove_all() {
    pass_timer_.cancel();
    std::vector<ServiceWish> wishes = all_wishes();
    for (ServiceWish& each : wishes) each.wish = Wish::absent;
    if (kernel_.has_ipvs()) {
        look();
        std::set<ServiceKey> ours = ledger_.services();
        carry_out(plan_services(wishes, picture_, ours));
        for (const ServiceKey& key : ours) {
            if (!picture_.contains(key)) ledger_.erase(key);
        }
    }
    for (const auto& [id, service] : model_->services) {
        if (!service.rules.omega) continue;
        const ServiceState& state = states_.at(id);
        ServiceStep step{.state = state};
        for (const ServerRules& server : service.rules.servers) {
            if (state.servers.at(server.id)) step.servers.push_back({server.id, false});
        }
        if (state.quorum_met) step.quorum = false;
        for (auto& [server, alive] : step.state.servers) alive = false;
        tell(service, step);
    }
}

// ---- What people see ------------------------------------------------------------------------

std::vector<Services::ServiceView> Services::view() const {
    std::vector<ServiceView> all;
    for (const auto& [id, service] : model_->services) {
        const ServiceState& state = states_.at(id);
        const auto found = picture_.find(service.service.key);
        ServiceView one{.service = &service, .quorum_met = state.quorum_met};
        one.programmed = kernel_.has_ipvs() && found != picture_.end();
        const auto failure = failing_.find(service.service.key);
        if (!kernel_.has_ipvs()) {
            one.not_programmed_reason = "no IPVS in this kernel";
        } else if (failure != failing_.end()) {
            one.not_programmed_reason = failure->second;
        }
        const auto add = [&](const ServerRules& rules, const std::string& name, bool alive,
                             bool sorry) {
            ServerView server{.rules = &rules, .name = name, .alive = alive, .sorry = sorry};
            server.weight = rules.destination.weight;
            const auto error = last_errors_.find(rules.id);
            if (error != last_errors_.end()) server.last_error = error->second;
            if (one.programmed) {
                const auto there = found->second.destinations.find(rules.destination.endpoint);
                server.programmed = there != found->second.destinations.end();
                if (server.programmed) server.weight = there->second.weight;
            }
            one.servers.push_back(std::move(server));
        };
        for (const ServerRules& rules : service.rules.servers) {
            add(rules, service.server_names.at(rules.id), state.servers.at(rules.id), false);
        }
        if (service.rules.sorry_server) {
            const ServerRules& sorry = *service.rules.sorry_server;
            add(sorry, sorry.destination.endpoint.text(), true, true);
        }
        all.push_back(std::move(one));
    }
    return all;
}

std::optional<bool> Services::quorum_met(core::ObjectId service) const {
    if (!known_) return std::nullopt;
    const auto found = states_.find(service);
    return found != states_.end() && found->second.quorum_met;
}

bool Services::is_alive(const CheckPlace& place) const {
    const auto state = states_.find(place.service);
    if (state == states_.end()) return false;
    const auto server = state->second.servers.find(place.server);
    return server != state->second.servers.end() && server->second;
}

std::uint32_t Services::weight_of(const CheckPlace& place) const {
    const auto service = model_->services.find(place.service);
    if (service == model_->services.end()) return 0;
    for (const ServerRules& rules : service->second.rules.servers) {
        if (rules.id == place.server) return rules.destination.weight;
    }
    return 0;
}

}  // namespace holdfast::ipvsd
