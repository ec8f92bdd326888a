#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ipvsd/kernel.hpp"
#include "ipvsd/ledger.hpp"
#include "ipvsd/model.hpp"
#include "ipvsd/plan.hpp"
#include "ipvsd/requests.hpp"
#include "ipvsd/service_state.hpp"
#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"

namespace holdfast::ipvsd {

/// Keeps IPVS as configuration and verdicts wish it. A verdict costs the requests of its service
/// and no dump; every 2 s (longer where a dump is dear) a pass compares all of it with the kernel,
/// which sends no events about IPVS, and repairs what somebody else changed.
///
/// A kernel without IPVS is a state, not an error: services are shown as not programmed, and are
/// programmed as soon as the family appears. Everything it is given must outlive it.
class Services {
  public:
    /// Who hears of servers and quorums that changed.
    struct Listener {
        std::function<void(core::ObjectId service, core::ObjectId server, bool up)> server_changed;
        std::function<void(core::ObjectId service, bool up)> quorum_changed;
    };

    Services(loop::Loop& loop, Kernel& kernel, Ledger& ledger, log::Logger& log, Listener listener);

    /// The configuration from now on, which must live until the next call. Verdicts of checks that
    /// stay are kept; what is no longer configured goes.
    void set_model(const Model& model);
    /// `known`: services are programmed at once with checks in their start state (a cold start).
    /// Else they are left as found until said_all() is called.
    void start(bool known);
    /// checkerd begins to say all its verdicts.
    void said_begin() { said_.clear(); }
    /// checkerd has said all its verdicts: a check that it did not say is one that it does not
    /// carry out, which counts as up.
    void said_all();

    void take(const VerdictSaid& verdict);
    void ipvs_changed(bool present);
    /// In an ordered end: removes all services of ours; those with omega are told as failed.
    void remove_all();

    struct ServerView {
        const ServerRules* rules = nullptr;
        std::string name;
        std::string last_error;
        bool alive = false;
        bool sorry = false;
        bool programmed = false;
        std::uint32_t weight = 0;
    };
    struct ServiceView {
        const ConfiguredService* service = nullptr;
        bool quorum_met = false;
        bool programmed = false;
        std::string not_programmed_reason;
        std::vector<ServerView> servers;
    };
    [[nodiscard]] std::vector<ServiceView> view() const;
    /// Nothing before all verdicts were said. A service that is not carried out has no quorum.
    [[nodiscard]] std::optional<bool> quorum_met(core::ObjectId service) const;

    /// What HealthApplied tells checkerd.
    [[nodiscard]] bool is_alive(const CheckPlace& place) const;
    [[nodiscard]] std::uint32_t weight_of(const CheckPlace& place) const;
    [[nodiscard]] std::uint64_t repaired() const { return repaired_; }

  private:
    [[nodiscard]] ServiceWish wish_for(const ConfiguredService& service) const;
    [[nodiscard]] std::vector<ServiceWish> all_wishes() const;
    void judge(const CheckPlace& place, core::ObjectId check, bool up);
    void apply(const std::vector<ServiceWish>& wishes, bool with_leftovers);
    /// The kernel's refusals by service; what it did not refuse is in the picture.
    std::map<ServiceKey, core::Error> carry_out(const std::vector<Change>& plan);
    void note_in_ledger(const std::vector<ServiceWish>& wishes);
    bool look();
    void pass();
    void schedule_pass(core::Interval cost);
    void tell(const ConfiguredService& service, const ServiceStep& step);
    void note_failures(const std::vector<ServiceWish>& wishes,
                       const std::map<ServiceKey, core::Error>& failures);
    void tell_absence();

    loop::Loop& loop_;
    Kernel& kernel_;
    Ledger& ledger_;
    log::Logger& log_;
    Listener listener_;

    const Model* model_ = nullptr;
    std::map<core::ObjectId, ServiceState> states_;
    std::map<core::ObjectId, std::string> last_errors_;  // by server
    std::set<core::ObjectId> said_;                      // checks, since said_begin()
    ServicesInKernel picture_;
    std::map<ServiceKey, std::string> failing_;
    bool started_ = false;
    bool known_ = false;
    bool absence_told_ = false;
    loop::Timer pass_timer_;
    std::uint64_t repaired_ = 0;
};

}  // namespace holdfast::ipvsd
