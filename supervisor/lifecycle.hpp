#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/core/interval.hpp"
#include "lib/ipc/channel.hpp"

namespace holdfast::supervisor {

/// Where one incarnation of a daemon stands on the one way that every start takes.
enum class Stage : std::uint8_t {
    starting,  // forked, no word yet
    greeted,   // said Hello; has Welcome, sockets, configuration
    prepared,  // accepted its first configuration
    ready,     // sandboxed, waits for Activate
    active,
    stopping,  // told to end
    ended,
};
[[nodiscard]] std::string_view to_text(Stage stage);

/// Pure: the stage after a message (ToSupervisor::BodyCase) that belongs to the lifecycle; nothing
/// when a daemon at this stage may not say it.
[[nodiscard]] std::optional<Stage> after_message(Stage stage, int body);

/// Pure: whether `role` may send this kind of message at all, and at this stage. Whoever sends
/// anything else loses its channel and is restarted.
[[nodiscard]] bool may_say(ipc::Peer role, Stage stage, int body);

/// Pure: how many messages a daemon may send: a bucket sized from the number of configured objects.
/// Far above what an honest one ever says, and low enough that a broken one cannot keep the
/// supervisor from its work.
class MessageBudget {
  public:
    explicit MessageBudget(std::size_t objects)
        : capacity_(kBurst + kPerObject * static_cast<double>(objects)), tokens_(capacity_) {}

    /// False when it is used up.
    [[nodiscard]] bool spend(core::Instant now);

  private:
    static constexpr double kBurst = 1000;
    static constexpr double kPerObject = 20;  // and refilled within 4 s
    double capacity_;
    double tokens_;
    core::Instant last_{};
};

/// Pure: decides whether a process still makes progress. It is asked once a second; the count that
/// it answers must grow, and 5 s without that mean that it hangs. A gap in our own calls (the
/// machine was suspended, the supervisor was stopped) proves nothing and begins the count anew.
class Heartbeat {
  public:
    static constexpr core::Interval kPeriod = std::chrono::seconds(1);
    static constexpr core::Interval kPatience = std::chrono::seconds(5);

    void begin(core::Instant now);
    void answered(std::uint64_t progress, core::Instant now);
    /// Called each period; true when the process hangs.
    [[nodiscard]] bool hangs(core::Instant now);

  private:
    std::uint64_t progress_ = 0;
    core::Instant progressed_{};
    core::Instant asked_{};
};

}  // namespace holdfast::supervisor
