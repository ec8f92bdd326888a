#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/ipc/channel.hpp"
#include "proto/checker.pb.h"
#include "proto/config.pb.h"
#include "proto/supervisor.pb.h"

namespace holdfast::checkerd {

/// The real checkerd as a process of its own, every system call outside its filter deadly, with
/// this test as its supervisor. Killed when the object goes.
class RunningProgram {
  public:
    /// `state_file` is inherited; the caller keeps its own.
    RunningProgram(loop::Loop& loop, int state_file);
    ~RunningProgram();
    RunningProgram(const RunningProgram&) = delete;
    RunningProgram& operator=(const RunningProgram&) = delete;

    /// Welcome and a first configuration, until Ready.
    void bring_up(messages::v1::StartKind start, const config::v1::Config& config);
    void connect_ipvsd(core::UniqueFd socket);
    void activate();
    /// Offers a configuration; true when it was accepted.
    bool offer(std::uint64_t generation, const config::v1::Config& config);
    void commit(std::uint64_t generation);
    [[nodiscard]] messages::v1::StatusReply status(messages::v1::StatusTopic topic);
    /// Ends it in order; its exit status as waitpid gives it.
    int shut_down();
    void kill();

    /// A line of /proc/PID/status, without its name.
    [[nodiscard]] std::string proc_status(const std::string& name) const;
    /// What it logged so far.
    [[nodiscard]] std::string log() const;

  private:
    void say(const messages::v1::ToCheckerd& message, std::span<const int> descriptors = {});
    /// Waits for a message of this kind.
    messages::v1::ToSupervisor hear(messages::v1::ToSupervisor::BodyCase kind);
    void offer_config(std::uint64_t generation, const config::v1::Config& config);

    loop::Loop& loop_;
    core::UniqueFd log_;
    pid_t pid_ = -1;
    bool lost_ = false;
    std::unique_ptr<ipc::Channel> channel_;
    std::vector<messages::v1::ToSupervisor> heard_;
};

}  // namespace holdfast::checkerd
