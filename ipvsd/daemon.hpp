#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "ipvsd/announcer.hpp"
#include "ipvsd/firewall.hpp"
#include "ipvsd/interfaces.hpp"
#include "ipvsd/kernel.hpp"
#include "ipvsd/ledger.hpp"
#include "ipvsd/model.hpp"
#include "ipvsd/network.hpp"
#include "ipvsd/requests.hpp"
#include "ipvsd/role_book.hpp"
#include "ipvsd/services.hpp"
#include "lib/daemon/role.hpp"
#include "lib/log/rate_limit.hpp"
#include "lib/state/state_file.hpp"

namespace holdfast::messages::v1 {
class ToSupervisor;
}

namespace holdfast::ipvsd {

/// A kernel, and what makes it read everything and follow events from then on.
struct OpenedKernel {
    std::unique_ptr<Kernel> kernel;
    std::function<core::Status()> start;
};
/// Called once, before the system call filter closes. The listener outlives the kernel.
using KernelMaker = std::function<core::Result<OpenedKernel>(KernelListener& listener,
                                                             core::UniqueFd frame_socket)>;

/// ipvsd: turns roles of instances and verdicts of checks into kernel state, by its own copy of the
/// configuration. Holds the parts together and decides nothing itself: what peers may ask is in
/// Requests, who is believed for how long in RoleBook, what servers and quorum are in
/// service_state, which changes follow in plan; Addresses, Services and Announcer act.
class Daemon final : public daemon::Role, private RequestHandler, private KernelListener {
  public:
    Daemon(daemon::Surroundings surroundings, KernelMaker make_kernel);
    ~Daemon() override;

    core::Status prepare(std::uint64_t generation, const config::v1::Config& config) override;
    void abort(std::uint64_t generation) override;
    void commit(std::uint64_t generation, std::function<void()> committed) override;
    core::Status open(core::UniqueFd state_file) override;
    [[nodiscard]] const sandbox::Profile& profile() const override { return profile_; }
    void larger_state_file(core::UniqueFd file) override { larger_file_ = std::move(file); }
    void activate(std::uint64_t generation) override;
    void peer_connected(ipc::Peer peer, core::UniqueFd socket) override;
    core::Status message(ipc::Channel::Frame frame) override;
    core::Result<std::string> status(messages::v1::StatusTopic topic) override;
    void shut_down(const messages::v1::Shutdown& how, std::function<void()> done) override;
    void orphan_end(std::function<void()> done) override;

  private:
    // RequestHandler
    void roles_begin() override;
    void roles_end(std::uint64_t generation) override;
    void roles_committed(std::uint64_t generation) override;
    void take_roles(const RoleBatch& batch) override;
    void announce(core::ObjectId instance, AnnouncementReason reason) override;
    void verdicts_begin() override;
    void verdicts_end(std::uint64_t generation) override;
    void verdicts_committed(std::uint64_t generation) override;
    void take_verdict(const VerdictSaid& verdict) override;
    void announce_source(core::ObjectId instance);
    void answer_gone(ipc::Peer peer, core::ObjectId id) override;

    // KernelListener
    void link_changed(const netlink::Link& now, const netlink::Link* before) override;
    void link_removed(const netlink::Link& last) override;
    void address_changed(const netlink::InterfaceAddress& now,
                         const netlink::InterfaceAddress* before) override;
    void address_removed(const netlink::InterfaceAddress& last) override;
    void synchronised() override;
    void ipvs_changed(bool present) override;
    void route_changed(const netlink::Route& route, bool gone) override;
    void rule_changed(const netlink::Rule& rule, bool gone) override;
    void routes_lost() override;
    void firewall_changed(const std::string& table) override;

    [[nodiscard]] bool is_cold() const;
    [[nodiscard]] Wish wish_of(core::ObjectId instance) const;
    void tell_contested(core::ObjectId instance, const std::string& what);
    [[nodiscard]] const std::string& name_of_instance(core::ObjectId id) const;
    void make_parts();
    void use_instances();
    bool use_interfaces();
    bool place_addresses();
    void interfaces_changed();
    void tell_interface_failures();
    void give_up_network();
    void drop_leaving();
    void open_channel(ipc::Peer peer, core::UniqueFd socket);
    void peer_lost(ipc::Peer peer, const core::Error& why);
    void accuse(ipc::Peer peer, const std::string& what);
    void schedule_withdrawal();
    void withdraw();
    void send_results(const RoleBatch& batch,
                      const std::map<core::ObjectId, InstanceOutcome>& outcomes);
    /// To vrrpd, as far as known: of one tracked service, of all.
    void tell_quorum(core::ObjectId service);
    void tell_quorums();
    void tell_supervisor(core::ObjectId service, std::optional<core::ObjectId> server, bool up);
    void tell_start_states();
    void say(const messages::v1::ToSupervisor& message);
    [[nodiscard]] std::string address_status() const;
    [[nodiscard]] std::string service_status() const;

    daemon::Surroundings around_;
    KernelMaker make_kernel_;
    core::UniqueFd frame_socket_;  // until open()
    sandbox::Profile profile_ = sandbox::ipvsd_profile();

    std::unique_ptr<Model> model_;
    std::unique_ptr<Model> prepared_;
    /// Instances that the running generation has removed, until vrrpd has committed it.
    std::map<core::ObjectId, Instance> leaving_;

    OpenedKernel opened_;
    std::optional<state::StateFile> state_file_;  // until activate makes the ledger of it
    core::UniqueFd larger_file_;
    std::unique_ptr<Ledger> ledger_;
    std::unique_ptr<Announcer> announcer_;
    std::unique_ptr<Interfaces> interfaces_;
    std::unique_ptr<Firewall> firewall_;
    std::unique_ptr<Network> network_;
    std::unique_ptr<Services> services_;
    RoleBook roles_;
    Requests requests_;

    std::map<ipc::Peer, core::UniqueFd> waiting_sockets_;  // come before activate
    std::map<ipc::Peer, std::unique_ptr<ipc::Channel>> peers_;
    std::unique_ptr<loop::Timer> withdrawal_;
    bool active_ = false;
    bool vrrpd_has_said_ = false;
    log::RateLimit contests_limit_{{.every = std::chrono::seconds{10}}};
    bool failures_told_ = false;  // of interfaces, to vrrpd
};

}  // namespace holdfast::ipvsd
