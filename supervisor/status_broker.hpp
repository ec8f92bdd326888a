#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "lib/ipc/channel.hpp"
#include "lib/loop/loop.hpp"
#include "proto/common.pb.h"

namespace holdfast::supervisor {

/// Carries questions for their state to the daemons and their answers back. The bytes are not
/// looked at. A daemon that does not answer within 1 s is stale and is not waited for.
class StatusBroker {
  public:
    /// `part` is called for each part; then `end` once.
    struct Asker {
        std::function<void(const std::string& payload)> part;
        std::function<void(bool stale)> end;
    };

    /// The channel to the daemon that is at work, or nullptr.
    using FindChannel = std::function<ipc::Channel*(ipc::Peer)>;

    StatusBroker(loop::Loop& loop, FindChannel find) : loop_(loop), find_(std::move(find)) {}

    void ask(ipc::Peer role, messages::v1::StatusTopic topic, Asker asker);
    /// An answer that nobody waits for any more is passed over.
    core::Status take(ipc::Peer role, const messages::v1::StatusReply& reply);

  private:
    struct Question {
        ipc::Peer role;
        Asker asker;
        std::uint32_t next_part = 0;
        std::unique_ptr<loop::Timer> limit;
    };
    void end(std::uint64_t id, bool stale);

    loop::Loop& loop_;
    FindChannel find_;
    std::map<std::uint64_t, Question> questions_;
    std::uint64_t last_id_ = 0;
};

}  // namespace holdfast::supervisor
