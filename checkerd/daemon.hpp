#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "checkerd/ipvsd_link.hpp"
#include "checkerd/target_table.hpp"
#include "lib/daemon/role.hpp"
#include "lib/daemon/state_layout.hpp"
#include "lib/sandbox/profile.hpp"
#include "lib/state/state_file.hpp"

namespace holdfast::checkerd {

/// checkerd as lib/daemon drives it: holds the checks of the committed configuration, keeps where
/// they stand in the state file and tells ipvsd every verdict. Never changes anything itself.
class Daemon : public daemon::Role {
  public:
    /// Tests give their own chance and checks.
    struct Parts {
        RandomInterval random = make_random_interval();
        MakeCheck make = make_check;
    };
    explicit Daemon(const daemon::Surroundings& surroundings) : Daemon(surroundings, Parts()) {}
    Daemon(const daemon::Surroundings& surroundings, Parts parts);

    core::Status prepare(std::uint64_t generation, const config::v1::Config& config) override;
    void abort(std::uint64_t generation) override;
    void commit(std::uint64_t generation, std::function<void()> committed) override;
    core::Status open(core::UniqueFd state_file) override;
    [[nodiscard]] const sandbox::Profile& profile() const override { return profile_; }
    void larger_state_file(core::UniqueFd file) override { larger_state_ = std::move(file); }
    void activate(std::uint64_t generation) override;
    void peer_connected(ipc::Peer peer, core::UniqueFd socket) override;
    core::Status message(ipc::Channel::Frame frame) override;
    core::Result<std::string> status(messages::v1::StatusTopic topic) override;
    void shut_down(const messages::v1::Shutdown& how, std::function<void()> done) override;
    void orphan_end(std::function<void()> done) override;

    [[nodiscard]] const TargetTable& table() const { return table_; }

  private:
    struct Prepared {
        std::uint64_t generation = 0;
        std::vector<CheckSpec> checks;
        daemon::StateLayout state_layout;
    };

    TargetTable::Applied apply_prepared(std::uint64_t generation);
    void forget(const std::vector<core::ObjectId>& checks);
    void drop_records_of_unknown_checks();
    void move_to_larger_state();
    void keep(const Monitor& monitor);
    void ask_for_ipvsd();

    const daemon::Surroundings surroundings_;
    const Monitor::Surroundings monitor_surroundings_;
    const sandbox::Profile profile_ = sandbox::checkerd_profile();
    IpvsdLink ipvsd_;
    loop::Timer ipvsd_retry_;  // asks for a new channel when none comes by itself
    Requests requests_;
    state::StateFile state_;
    core::UniqueFd larger_state_;
    std::optional<Prepared> prepared_;
    std::uint64_t generation_ = 0;
    bool active_ = false;
    bool told_that_state_is_full_ = false;
    TargetTable table_;
};

}  // namespace holdfast::checkerd
