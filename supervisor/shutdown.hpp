#pragma once

#include <functional>
#include <set>

#include "lib/loop/loop.hpp"
#include "supervisor/fleet.hpp"
#include "supervisor/scripts.hpp"

namespace holdfast::supervisor {

/// The order of a stop: vrrpd sends priority 0 and says Initialize for all its instances, checkerd
/// ends; then ipvsd removes addresses and services; meanwhile the stop scripts run. Who takes
/// longer than its limit is killed; stop scripts are waited for as long as keepalived waits, and
/// somewhat longer while one after the other ends.
class Shutdown {
  public:
    struct Wishes {
        bool keep_addresses = false;  // -V
        bool keep_services = false;   // -I
    };
    Shutdown(loop::Loop& loop, Fleet& fleet, Scripts& scripts, Wishes wishes,
             std::function<void()> done);

    void begin();
    /// The fleet tells that a role ended.
    void stopped(ipc::Peer role);

  private:
    void stop(ipc::Peer role);
    void scripts_late();
    void check();

    loop::Loop& loop_;
    Fleet& fleet_;
    Scripts& scripts_;
    messages::v1::Shutdown how_;
    std::function<void()> done_;
    std::set<ipc::Peer> waited_for_;
    bool ipvsd_told_ = false;
    core::Instant scripts_since_{};
    std::uint64_t scripts_ended_ = 0;  // when somebody last looked
    bool given_up_ = false;
    bool scripts_over_ = false;
    loop::Timer scripts_limit_;
};

}  // namespace holdfast::supervisor
