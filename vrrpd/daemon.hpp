#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "lib/daemon/role.hpp"
#include "lib/daemon/state_layout.hpp"
#include "lib/log/rate_limit.hpp"
#include "vrrpd/ipvsd_link.hpp"
#include "vrrpd/links.hpp"
#include "vrrpd/requests.hpp"
#include "vrrpd/routers.hpp"
#include "vrrpd/scripts.hpp"
#include "vrrpd/sockets.hpp"
#include "vrrpd/strangers.hpp"
#include "vrrpd/tracked_values.hpp"

namespace holdfast::messages::v1 {
class ToSupervisor;
}

namespace holdfast::vrrp {

/// vrrpd: puts the parts together and lives as lib/daemon tells it. Has no right of its own: it
/// reads and writes sockets that the supervisor opened, and says who is Active.
class Daemon : public daemon::Role, private Reporter, private RequestHandler {
  public:
    explicit Daemon(const daemon::Surroundings& surroundings);
    ~Daemon() override;
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    core::Status prepare(std::uint64_t generation, const config::v1::Config& config) override;
    void abort(std::uint64_t generation) override;
    void commit(std::uint64_t generation, std::function<void()> committed) override;
    core::Status open(core::UniqueFd state_file) override;
    [[nodiscard]] const sandbox::Profile& profile() const override { return profile_; }
    void larger_state_file(core::UniqueFd file) override;
    void activate(std::uint64_t generation) override;
    void peer_connected(ipc::Peer peer, core::UniqueFd socket) override;
    core::Status message(ipc::Channel::Frame frame) override;
    core::Result<std::string> status(messages::v1::StatusTopic topic) override;
    void shut_down(const messages::v1::Shutdown& how, std::function<void()> done) override;
    void orphan_end(std::function<void()> done) override;

    [[nodiscard]] const Routers& routers() const { return routers_; }
    /// For tests, which have interfaces of their own.
    [[nodiscard]] Links& links() { return links_; }

  private:
    // Reporter
    void roles_changed(SyncGroup& group, std::span<const RoleChanged> changes,
                       const std::optional<GroupChanged>& group_changed) override;
    void announce(Instance& instance, AnnounceAgain::Why why) override;
    void happened(Instance& instance, Happening what) override;
    std::optional<std::uint64_t> late(core::Interval by) override;
    bool slept() override;
    void kernel_changed(Instance& instance) override;
    // RequestHandler
    core::Status socket_granted(const messages::v1::SocketGrant& grant,
                                core::UniqueFd socket) override;
    void track_result(const messages::v1::TrackResult& result) override;
    void instance_applied(const messages::v1::InstanceApplied& applied) override;
    void instance_contested(const messages::v1::InstanceContested& contested) override;
    core::Status tracked_value(const messages::v1::TrackedValue& value) override;
    core::Status service_quorum(const messages::v1::ServiceQuorum& quorum) override;
    core::Status interface_failures(const messages::v1::InterfaceFailures& failures) override;

    void packets_arrived(const WireKey& where, std::span<const Datagram> datagrams);
    /// A packet for a router that is not configured here.
    void note_unknown(const WireKey& where, const Datagram& datagram);
    void garbage_arrived(const WireKey& where, const core::Address& source);
    void interface_changed(const std::string& interface);
    void poll_script(core::ObjectId script);
    void ipvsd_lost();
    void ask_for_ipvsd();
    void say_everything();
    [[nodiscard]] RoleSaid role_of(Instance& instance);
    void told(Instance& instance, const RoleSaid& role);
    void log_change(const RoleChanged& change);
    void tell_instance(const RoleChanged& change);
    void tell_group(const SyncGroup& group, const GroupChanged& change);
    /// Asks for what these instances lack; what is still missing after a while is asked for again.
    void request_sockets(const std::vector<Instance*>& instances);
    void request_all_sockets();
    void say(const messages::v1::ToSupervisor& message);
    void give_everything_up();

    daemon::Surroundings with_;
    sandbox::Profile profile_;
    SavedState saved_;
    Links links_;
    Sockets sockets_;
    Scripts scripts_;
    TrackedValues values_;
    Tools tools_;
    Routers routers_;
    Requests requests_;
    IpvsdLink ipvsd_;
    loop::Timer ipvsd_retry_;  // asks for a new channel when none comes by itself
    Strangers strangers_;
    log::RateLimit unknown_limit_;
    bool log_unknown_vrids_ = false;
    loop::Timer socket_retry_;
    std::map<WireKey, core::Instant> sockets_asked_;
    daemon::StateLayout layout_;
    core::UniqueFd larger_state_file_;
    std::optional<Model> prepared_;
    std::uint64_t generation_ = 0;
    /// Of this incarnation, not of an instance: another one may come under the same id.
    std::uint64_t epoch_ = 0;
    bool active_ = false;  // activate() was called
    core::Interval slept_{0};
    log::RateLimit late_limit_;
    std::map<core::ObjectId, std::string> failing_;  // parts of a list of InterfaceFailures
};

}  // namespace holdfast::vrrp
