#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "lib/core/ids.hpp"
#include "lib/core/result.hpp"
#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "vrrpd/model.hpp"
#include "vrrpd/tracking.hpp"

namespace holdfast::vrrp {

/// What others tell of the things that routers watch: the supervisor of files and processes, ipvsd
/// of quorums. Keeps the present values, and the delays of processes.
class TrackedValues {
  public:
    using Changed = std::function<void(core::ObjectId)>;
    TrackedValues(loop::Loop& loop, log::Logger& log, Changed changed);

    /// What a configuration watches; what stays keeps its value. On a `start` the first values are
    /// awaited.
    void adopt(const Model& model, bool start);
    void stop();

    /// The number in a file, or of processes. An id that neither this configuration nor the last
    /// one has is a violation; one of the last only is ignored.
    core::Status take_value(core::ObjectId id, std::int64_t value);
    [[nodiscard]] bool knows(core::ObjectId id) const { return watched_.contains(id); }
    core::Status take_quorum(core::ObjectId service, bool met);

    /// Of a process or a service; of a file `up` as soon as its number is known.
    [[nodiscard]] Condition condition(core::ObjectId id) const;
    [[nodiscard]] std::int64_t number(core::ObjectId file) const;
    [[nodiscard]] bool awaited(core::ObjectId id) const;

  private:
    struct Watched {
        Watched(loop::Loop& loop, std::function<void()> due) : delay(loop, std::move(due)) {}
        WatchedSetting setting;
        Condition condition = Condition::unknown;  // of a file or service
        std::int64_t number = 0;
        ProcessHealth process;
        bool awaited = false;
        loop::Timer delay;
    };

    void apply(const WatchedSetting& setting, bool start);
    /// nullptr for what is not watched any more; an error for what never was.
    core::Result<Watched*> find(core::ObjectId id);
    void take_file(Watched& file, std::int64_t number);
    void set_process(Watched& process, const ProcessHealth& health);
    void time_passed(core::ObjectId id);

    loop::Loop& loop_;
    log::Logger& log_;
    Changed changed_;
    std::map<core::ObjectId, std::unique_ptr<Watched>> watched_;
    std::set<core::ObjectId> before_;  // of the last configuration
};

}  // namespace holdfast::vrrp
