#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/ipc/channel.hpp"
#include "proto/checker.pb.h"
#include "proto/ipvs.pb.h"

namespace holdfast::checkerd {

/// The other end of the direct channel: keeps what it hears, in words.
class FakeIpvsd {
  public:
    explicit FakeIpvsd(loop::Loop& loop) : loop_(loop) {}

    /// A new incarnation; gives checkerd's end.
    core::UniqueFd connect() {
        ipc::Pair pair = ipc::make_pair().value();
        cut_off_ = false;
        ipc::Channel::Handlers handlers;
        handlers.received = [this](const ipc::Channel::Frame& frame) { return hear(frame.bytes); };
        handlers.closed = [this](const core::Error&) { cut_off_ = true; };
        channel_ = std::make_unique<ipc::Channel>(loop_, std::move(pair.first), ipc::Peer::checkerd,
                                                  ipc::Channel::Limits{}, std::move(handlers));
        return std::move(pair.second);
    }
    void die() { channel_.reset(); }
    void say(const messages::v1::ToCheckerd& message) {
        if (!channel_->send(message)) core::broken_invariant("fake ipvsd cannot send");
    }
    [[nodiscard]] bool cut_off() const { return cut_off_; }

    /// The next `count` messages; waits for them.
    std::vector<std::string> heard(std::size_t count) {
        loop_.run_until([&] { return said_.size() >= count; });
        return std::exchange(said_, {});
    }
    [[nodiscard]] bool heard_nothing() const { return said_.empty(); }

  private:
    core::Status hear(const std::string& frame) {
        messages::v1::ToIpvsd message;
        if (core::Status parsed = ipc::parse(frame, message); !parsed) return parsed;
        said_.push_back(in_words(message));
        return core::Done{};
    }
    static std::string in_words(const messages::v1::ToIpvsd& message) {
        if (message.has_state_begin()) {
            return "begin " + std::to_string(message.state_begin().generation());
        }
        if (message.has_state_end()) {
            return "end " + std::to_string(message.state_end().generation()) + " count " +
                   std::to_string(message.state_end().count());
        }
        if (message.has_committed()) {
            return "committed " + std::to_string(message.committed().generation());
        }
        const auto& health = message.server_health();
        std::string words = "check " + std::to_string(health.check_id()) + " server " +
                            std::to_string(health.server_id()) + (health.up() ? " up" : " down") +
                            " epoch " + std::to_string(health.epoch());
        if (!health.last_error().empty()) words += ": " + health.last_error();
        return words;
    }

    loop::Loop& loop_;
    std::unique_ptr<ipc::Channel> channel_;
    std::vector<std::string> said_;
    bool cut_off_ = false;
};

}  // namespace holdfast::checkerd
