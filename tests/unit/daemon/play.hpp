#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "lib/daemon/runtime.hpp"
#include "lib/ipc/sealed_memory.hpp"
#include "proto/checker.pb.h"
#include "proto/ipvs.pb.h"
#include "proto/supervisor.pb.h"

/// A role that notes what it is asked, and the supervisor's side of the channel.
namespace holdfast::daemon {

using messages::v1::ToSupervisor;

/// What happened to a role, in words; outlives it.
struct Notes {
    std::vector<std::string> calls;
    bool prepares = true;
    bool opens = true;
    bool finishes = true;  // calls done and committed at once
    std::string status = "status";
    core::UniqueFd state_file;
    core::UniqueFd larger_state_file;
    std::vector<core::UniqueFd> peers;
    std::vector<ipc::Channel::Frame> frames;
    std::function<void()> done;
    messages::v1::Welcome welcome;
};

class NotingRole final : public Role {
  public:
    NotingRole(Notes& notes, const Surroundings& surroundings) : notes_(notes) {
        notes_.welcome = surroundings.welcome;
    }

    core::Status prepare(std::uint64_t generation, const config::v1::Config& config) override {
        note("prepare " + std::to_string(generation) + " " + config.global().router_id());
        if (!notes_.prepares) return core::Error("no such interface");
        return core::Done{};
    }
    void abort(std::uint64_t generation) override { note("abort " + std::to_string(generation)); }
    void commit(std::uint64_t generation, std::function<void()> committed) override {
        note("commit " + std::to_string(generation));
        finish(std::move(committed));
    }
    core::Status open(core::UniqueFd state_file) override {
        note("open");
        notes_.state_file = std::move(state_file);
        if (!notes_.opens) return core::Error("no netlink");
        return core::Done{};
    }
    const sandbox::Profile& profile() const override { return profile_; }
    void larger_state_file(core::UniqueFd file) override {
        note("larger state file");
        notes_.larger_state_file = std::move(file);
    }
    void activate(std::uint64_t generation) override {
        note("activate " + std::to_string(generation));
    }
    void peer_connected(ipc::Peer peer, core::UniqueFd socket) override {
        note("peer " + std::string(ipc::to_text(peer)));
        notes_.peers.push_back(std::move(socket));
    }
    core::Status message(ipc::Channel::Frame frame) override {
        note("message");
        notes_.frames.push_back(std::move(frame));
        return core::Done{};
    }
    core::Result<std::string> status(messages::v1::StatusTopic) override {
        note("status");
        if (notes_.status.empty()) return core::Error("not here");
        return notes_.status;
    }
    void shut_down(const messages::v1::Shutdown& how, std::function<void()> done) override {
        note("shut_down " + std::to_string(how.mode()));
        finish(std::move(done));
    }
    void orphan_end(std::function<void()> done) override {
        note("orphan_end");
        finish(std::move(done));
    }

  private:
    void note(std::string what) { notes_.calls.push_back(std::move(what)); }
    void finish(std::function<void()> done) {
        if (notes_.finishes) {
            done();
        } else {
            notes_.done = std::move(done);
        }
    }

    Notes& notes_;
    sandbox::Profile profile_ = sandbox::ipvsd_profile();
};

/// The supervisor's end, for a role whose messages are of type `ToRole`.
template <class ToRole>
class Supervisor {
  public:
    Supervisor(loop::Loop& loop, core::UniqueFd socket)
        : channel_(std::make_unique<ipc::Channel>(
              loop, std::move(socket), ipc::Peer::ipvsd, ipc::Channel::Limits{},
              ipc::Channel::Handlers{[this](ipc::Channel::Frame frame) -> core::Status {
                                         ToSupervisor message;
                                         core::Status parsed = ipc::parse(frame.bytes, message);
                                         EXPECT_TRUE(parsed);
                                         heard.push_back(message);
                                         return parsed;
                                     },
                                     [this](const core::Error&) { lost = true; }})) {}

    void say(const ToRole& message, std::span<const int> descriptors = {}) {
        ASSERT_TRUE(channel_->send(message, descriptors));
    }
    void welcome(messages::v1::Role role, std::uint32_t grace_ms = 0) {
        ToRole message;
        auto& welcome = *message.mutable_welcome();
        welcome.set_protocol(kProtocol);
        welcome.set_role(role);
        welcome.set_start(messages::v1::START_COLD);
        welcome.set_boot_id(std::string(16, 'b'));
        welcome.set_restart_grace_ms(grace_ms);
        welcome.set_log_to_console(true);
        welcome.set_process_name("noting");
        say(message);
    }
    void offer(std::uint64_t generation, const std::string& router_id = "r",
               std::vector<int> more = {}) {
        config::v1::Config config;
        config.mutable_global()->set_router_id(router_id);
        offer_bytes(generation, config.SerializeAsString(), std::move(more));
    }
    void offer_bytes(std::uint64_t generation, const std::string& bytes, std::vector<int> more = {},
                     bool right_digest = true) {
        const core::UniqueFd memory = std::move(ipc::make_memory("config")).value();
        ASSERT_TRUE(ipc::write_all(memory.get(), bytes));
        ASSERT_TRUE(ipc::seal(memory.get()));
        ipc::Digest digest = *ipc::digest_of(memory.get());
        if (!right_digest) digest.sha256[0] = static_cast<char>(digest.sha256[0] + 1);
        ToRole message;
        message.mutable_config()->set_generation(generation);
        message.mutable_config()->set_size(digest.size);
        message.mutable_config()->set_sha256(digest.sha256);
        std::vector<int> descriptors{memory.get()};
        descriptors.insert(descriptors.end(), more.begin(), more.end());
        say(message, descriptors);
    }
    void hang_up() { channel_.reset(); }

    std::vector<ToSupervisor> heard;
    bool lost = false;

  private:
    std::unique_ptr<ipc::Channel> channel_;
};

}  // namespace holdfast::daemon
