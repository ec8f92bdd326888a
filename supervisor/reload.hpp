#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "supervisor/fleet.hpp"
#include "supervisor/parsing.hpp"
#include "supervisor/socket_sets.hpp"

namespace holdfast::supervisor {

/// How a reload ended.
struct ReloadReport {
    bool accepted = false;
    double when = 0;  // wall clock, seconds
    /// Why it was refused, or what is to be known of an accepted one.
    std::vector<std::string> messages;
    /// Of a refused one: where and what, in one line.
    std::string line;
};

/// A new configuration as one transaction over all daemons (docs/architecture.md):
///
///   parse -> no role is being started, replaced or ended? -> ConfigOffer to each, start new roles
///   -> every ConfigAck -> new sockets -> Commit to ipvsd -> its Committed -> Commit to the others
///   -> every Committed -> roles that are needed no longer end
///
/// Whatever is refused before the first Commit changes nothing. One at a time; a request that comes
/// meanwhile is done once afterwards.
class Reload {
  public:
    using Finished = std::function<void(const ReloadReport&)>;
    struct Surroundings {
        loop::Loop& loop;
        log::Logger& log;
        const LogSinks& sinks;
        Fleet& fleet;
        SocketSets& sockets;
        /// The next configuration holds from now on, the running one is still known.
        std::function<void(const ConfigPtr& next)> committing;
        /// After each transaction.
        Finished finished;
    };

    Reload(Surroundings surroundings, ParseTask task, std::uint64_t running_generation);

    /// `finished` may be empty.
    void request(Finished finished);
    [[nodiscard]] bool busy() const { return phase_ != Phase::idle; }

    // What the fleet tells.
    void acknowledged(ipc::Peer role, const messages::v1::ConfigAck& ack);
    void committed(ipc::Peer role, std::uint64_t generation);
    void activated(ipc::Peer role);
    void lost(ipc::Peer role);
    /// A daemon that was no longer wanted has ended, or a planned restart is over.
    void settled();

    /// The supervisor stops: what is not committed is given up, and nothing begins any more.
    void stop();
    /// A configuration is being handed to the daemons: none may be replaced now.
    [[nodiscard]] bool in_transaction() const { return phase_ > Phase::waiting; }

  private:
    enum class Phase { idle, parsing, waiting, preparing, committing_ipvsd, committing_others };

    void begin();
    void parsed(ParseOutcome outcome);
    void prepare_when_complete();
    void prepare();
    bool prepare_at(ipc::Peer role, Incarnation& running);
    void commit();
    void commit_to(ipc::Peer role);
    void commit_others();
    void step_done(ipc::Peer role);
    void too_late();
    void abort(const std::string& reason);
    void complete();
    void refuse(const std::string& reason);
    void refuse(const Findings& reasons);
    void refuse(std::string line, std::vector<std::string> messages);
    void finish(ReloadReport report);

    Surroundings with_;
    ParseTask task_;
    std::uint64_t generation_;
    Phase phase_ = Phase::idle;
    std::unique_ptr<Parsing> parsing_;
    std::shared_ptr<const LoadedConfig> next_;
    std::set<ipc::Peer> participants_;
    std::set<ipc::Peer> started_;  // new roles, started by this transaction
    std::set<ipc::Peer> waited_for_;
    std::vector<std::string> messages_;
    std::vector<Finished> callers_;
    std::vector<Finished> queued_callers_;
    bool queued_ = false;
    bool stopping_ = false;
    loop::Timer limit_;
};

}  // namespace holdfast::supervisor
