#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "checkerd/requests.hpp"
#include "checkerd/target_table.hpp"
#include "lib/ipc/channel.hpp"
#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"

namespace holdfast::checkerd {

/// The direct channel to ipvsd, which comes and goes with ipvsd's incarnations. What is told while
/// there is none is not lost: the next one hears the whole state first.
class IpvsdLink {
  public:
    /// `lost` is told when a channel ended.
    IpvsdLink(loop::Loop& loop, log::Logger& log, std::function<void()> lost)
        : loop_(loop), log_(log), lost_(std::move(lost)), requests_(log) {}
    [[nodiscard]] bool connected() const { return channel_ != nullptr; }

    /// Replaces the channel of an older incarnation.
    void connect(core::UniqueFd socket);

    /// Everything, framed by StateBegin and StateEnd; epochs begin anew.
    void tell_all(std::uint64_t generation, const TargetTable& table);
    /// One verdict.
    void tell(const Monitor& monitor);
    void forget(core::ObjectId check) { epochs_.erase(check); }
    void tell_committed(std::uint64_t generation);

  private:
    void send(const messages::v1::ToIpvsd& message);

    loop::Loop& loop_;
    log::Logger& log_;
    std::function<void()> lost_;
    Requests requests_;
    std::unique_ptr<ipc::Channel> channel_;
    /// How often each check was told since StateBegin.
    std::unordered_map<core::ObjectId, std::uint64_t> epochs_;
};

}  // namespace holdfast::checkerd
