#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ipvsd/model.hpp"
#include "ipvsd/role_book.hpp"
#include "lib/core/result.hpp"
#include "lib/ipc/channel.hpp"

namespace holdfast::messages::v1 {
class ToIpvsd;
}

namespace holdfast::ipvsd {

/// A checked verdict of checkerd.
struct VerdictSaid {
    core::ObjectId check;
    CheckPlace place;
    bool up = false;
    std::uint64_t epoch = 0;
    std::string last_error;
};

/// All parts of one RoleChange.
struct RoleBatch {
    std::uint64_t number = 0;
    std::vector<RoleSaid> roles;
};

/// Why vrrpd wants addresses to be announced.
enum class AnnouncementReason : std::uint8_t {
    lower_priority,  // somebody of lower priority has advertised
    again,           // all of an Active router once more
    own_source,      // not Active, back from Fault: the source of its unicast advertisements
};

/// What happens when a peer asked for something that it may ask for.
class RequestHandler {
  public:
    virtual ~RequestHandler() = default;
    virtual void roles_begin() = 0;
    virtual void roles_end(std::uint64_t generation) = 0;
    virtual void roles_committed(std::uint64_t generation) = 0;
    virtual void take_roles(const RoleBatch& batch) = 0;
    virtual void announce(core::ObjectId instance, AnnouncementReason reason) = 0;
    virtual void verdicts_begin() = 0;
    virtual void verdicts_end(std::uint64_t generation) = 0;
    virtual void verdicts_committed(std::uint64_t generation) = 0;
    virtual void take_verdict(const VerdictSaid& verdict) = 0;
    /// `id` was of the last generation: tell the peer.
    virtual void answer_gone(ipc::Peer peer, core::ObjectId id) = 0;
};

/// What may be asked of ipvsd, and by whom: the table in requests.cpp. Everything is checked here
/// against our own configuration: the peer, the message's shape, ids, owners, legal edges of states
/// and growing epochs. An error is a violation: the channel it came from ends, and its sender is
/// started anew. Decides about requests only; what they mean is the handler's.
class Requests {
  public:
    explicit Requests(RequestHandler& handler) : handler_(handler) {}

    /// The objects that may be named. `model` must live until the next call. What the running
    /// generation had before and this one has not is answered `gone`; `leaving` (of the last
    /// generation, still with us until vrrpd has committed) may be named too.
    void set_model(const Model& model, const std::map<core::ObjectId, Instance>& leaving);
    void leaving_gone();

    /// A new incarnation of `peer`: nothing it said counts any more.
    void forget(ipc::Peer peer);

    /// One frame from `peer`.
    [[nodiscard]] core::Status handle(ipc::Peer peer, std::string_view frame);

  private:
    friend struct RequestTable;
    using Message = messages::v1::ToIpvsd;
    core::Status state_begin_from_vrrpd(const Message& message);
    core::Status state_begin_from_checkerd(const Message& message);
    core::Status state_end_from_vrrpd(const Message& message);
    core::Status state_end_from_checkerd(const Message& message);
    core::Status committed_by_vrrpd(const Message& message);
    core::Status committed_by_checkerd(const Message& message);
    core::Status role_change(const Message& message);
    core::Status announce(const Message& message);
    core::Status server_health(const Message& message);
    core::Status restart_notice(const Message& message);
    core::Status frame_socket(const Message& message);

    enum class Known : std::uint8_t { yes, gone, no };
    [[nodiscard]] Known known_instance(core::ObjectId id) const;
    [[nodiscard]] bool is_owner(core::ObjectId id) const;
    core::Status check_role(const RoleSaid& role);
    void forget_gone();

    struct OpenBatch {
        std::uint32_t next_part = 0;
        std::vector<RoleSaid> roles;
    };
    struct LastRole {
        RouterState state = RouterState::initialize;
        std::uint64_t epoch = 0;
    };

    RequestHandler& handler_;
    const Model* model_ = nullptr;
    std::map<core::ObjectId, bool> leaving_;  // whether it owns its addresses
    std::set<core::ObjectId> last_instances_;
    std::set<core::ObjectId> last_checks_;

    // What the present incarnations have said.
    bool vrrpd_began_ = false;
    bool checkerd_began_ = false;
    bool checkerd_ended_ = false;
    std::map<core::ObjectId, LastRole> roles_;
    std::map<core::ObjectId, std::uint64_t> verdict_epochs_;
    std::map<std::uint64_t, OpenBatch> batches_;
};

}  // namespace holdfast::ipvsd
