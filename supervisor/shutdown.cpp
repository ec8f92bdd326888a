#include "supervisor/shutdown.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;
using ipc::Peer;

// keepalived's child_wait_time.
constexpr core::Interval kRoleLimit = 5s;
/// Scripts of the stop have this long, and as long again while one after the other ends.
constexpr core::Interval kScriptsLimit = 5s;
constexpr core::Interval kScriptsMost = 10s;
/// From giving up to the end: KILL comes after 2 s.
constexpr core::Interval kScriptsEnd = 3s;

}  // namespace

Shutdown::Shutdown(loop::Loop& loop, Fleet& fleet, Scripts& scripts, Wishes wishes,
                   std::function<void()> done)
    : loop_(loop),
      fleet_(fleet),
      scripts_(scripts),
      done_(std::move(done)),
      scripts_limit_(loop, [this] { scripts_late(); }) {
    how_.set_mode(messages::v1::Shutdown::RELEASE);
    how_.set_keep_addresses(wishes.keep_addresses);
    how_.set_keep_services(wishes.keep_services);
}

void Shutdown::begin() {
    scripts_.stop_polls();
    waited_for_ = {Peer::vrrpd, Peer::checkerd};
    stop(Peer::vrrpd);
    stop(Peer::checkerd);
}

void Shutdown::stop(Peer role) {
    fleet_.stop(role, how_, kRoleLimit);
}

void Shutdown::stopped(Peer role) {
    if (waited_for_.erase(role) == 0 || !waited_for_.empty()) return;
    if (!ipvsd_told_) {
        ipvsd_told_ = true;
        waited_for_ = {Peer::ipvsd};
        return stop(Peer::ipvsd);
    }
    scripts_since_ = loop_.now();
    scripts_ended_ = scripts_.ended();
    scripts_limit_.after(kScriptsLimit);
    scripts_.when_idle([this] {
        scripts_over_ = true;
        check();
    });
}

void Shutdown::scripts_late() {
    const std::uint64_t ended = scripts_.ended();
    const core::Instant last = scripts_since_ + kScriptsMost;
    if (loop_.now() < last && std::exchange(scripts_ended_, ended) != ended) {
        return scripts_limit_.at(std::min(last, loop_.now() + kScriptsLimit));
    }
    if (!std::exchange(given_up_, true)) {
        scripts_limit_.after(kScriptsEnd);
        return scripts_.give_up();
    }
    scripts_over_ = true;
    check();
}

void Shutdown::check() {
    if (!scripts_over_ || !waited_for_.empty() || !done_) return;
    scripts_limit_.cancel();
    std::exchange(done_, nullptr)();
}

}  // namespace holdfast::supervisor
