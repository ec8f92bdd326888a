#pragma once

#include <sys/types.h>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "lib/core/result.hpp"
#include "lib/ipc/channel.hpp"
#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "proto/control.pb.h"
#include "supervisor/lifecycle.hpp"

namespace holdfast::supervisor {

/// Who asks, as the kernel told it when the client connected.
struct Caller {
    pid_t pid = 0;
    uid_t uid = 0;
};

/// What the supervisor can be asked. `reply` may be called at once or later, any number of times;
/// the last reply has `last`.
class ControlBackend {
  public:
    using Reply = std::function<void(const messages::v1::CtlReply&)>;
    virtual ~ControlBackend() = default;
    virtual void answer(const messages::v1::CtlRequest& request, const Caller& caller,
                        Reply reply) = 0;
};

/// RUN_DIR/status.sock (0660, group holdfast-view) answers questions, RUN_DIR/control.sock (0660,
/// group holdfast-admin) does everything. Where a group is missing the socket is root's alone. Each
/// serves so many clients and requests, so that who may only look keeps nobody from acting.
class Control {
  public:
    Control(loop::Loop& loop, log::Logger& log, ControlBackend& backend);
    ~Control();
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    core::Status listen(const std::string& run_dir);
    /// No new clients and no new requests; answers under way are still sent.
    void close();

  private:
    struct Listener {
        ipc::Peer peer = ipc::Peer::status_client;
        core::UniqueFd socket;
        std::unique_ptr<loop::FdWatch> watch;
    };
    struct Client;

    core::Status open(const std::string& path, const char* group, ipc::Peer peer);
    void accept(const Listener& listener);
    core::Status received(Client& client, const std::string& frame);
    void drop(const Client& client);

    loop::Loop& loop_;
    log::Logger& log_;
    ControlBackend& backend_;
    std::list<Listener> listeners_;
    std::map<ipc::Peer, MessageBudget> budgets_;  // of each socket
    std::list<std::shared_ptr<Client>> clients_;
};

/// Pure: whether a client of this socket may ask this.
[[nodiscard]] bool may_ask(ipc::Peer peer, messages::v1::Verb verb);

}  // namespace holdfast::supervisor
