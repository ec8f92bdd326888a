#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "lib/ipc/channel.hpp"
#include "supervisor/vrrp_sockets.hpp"

namespace holdfast::config::v1 {
class Config;
class VrrpInstance;
}  // namespace holdfast::config::v1

namespace holdfast::supervisor {

[[nodiscard]] std::string to_text(const WireKey& key);
[[nodiscard]] WireKey key_of(const config::v1::VrrpInstance& instance);
[[nodiscard]] Sender sender_of(const config::v1::VrrpInstance& instance);

/// What the routers behind one key need together.
struct SetWish {
    SocketPlan plan;
    friend bool operator==(const SetWish&, const SetWish&) = default;
};
using SetWishes = std::map<WireKey, SetWish>;

/// Pure: the sets that a configuration needs.
[[nodiscard]] SetWishes wishes_of(const config::v1::Config& config);

struct SendSocket {
    Sender sender;
    core::UniqueFd socket;
    int error = 0;         // errno when it could not be opened
    unsigned ifindex = 0;  // of its device, when that is not the set's
};

/// One set as it stands. With `error` it has no socket.
struct SocketSet {
    SetWish wish;
    unsigned ifindex = 0;
    int error = 0;
    std::string error_text;
    double opened_at = 0;  // wall clock, seconds
    std::vector<SendSocket> send;
    ReceivePair receive;
};

/// The duplicates that the supervisor keeps of every raw socket of vrrpd, so that a successor gets
/// the same sockets with the same queues.
class SocketSets {
  public:
    /// Opens the sets that are wished and not there, or there otherwise (another set of VRIDs means
    /// a new pair), or could not be opened before. Returns their keys. Sets that are no longer
    /// wished stay until `forget_unwished`.
    std::vector<WireKey> adapt(const SetWishes& wishes, double wall_clock);
    void forget_unwished(const SetWishes& wishes);
    /// Something came back: opens these sets anew. Those among them that fail in another way than
    /// before.
    std::vector<WireKey> reopen(const std::set<WireKey>& keys, double wall_clock);
    /// Opens sets again whose interface vanished or was made anew; before a new incarnation gets
    /// them.
    void refresh(double wall_clock);
    void close_all() { sets_.clear(); }

    [[nodiscard]] const std::map<WireKey, SocketSet>& sets() const { return sets_; }

  private:
    std::map<WireKey, SocketSet> sets_;
};

/// Hands one set to vrrpd: its send sockets, then hot, then cold; or, where the set could not be
/// opened, the same kinds with the errno and no descriptor.
[[nodiscard]] core::Status grant(ipc::Channel& vrrpd, const WireKey& key, const SocketSet& set);
/// A netlink socket of its own for each incarnation.
[[nodiscard]] core::Status grant_netlink_monitor(ipc::Channel& vrrpd);
/// The packet socket that ipvsd announces addresses with; anew for each incarnation.
[[nodiscard]] core::Status grant_frame_socket(ipc::Channel& ipvsd);

}  // namespace holdfast::supervisor
