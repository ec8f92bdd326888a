#pragma once

#include <functional>
#include <vector>

#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "proto/supervisor.pb.h"
#include "supervisor/loaded_config.hpp"
#include "supervisor/notifications.hpp"
#include "supervisor/object_index.hpp"
#include "supervisor/script_book.hpp"
#include "supervisor/scripts.hpp"

namespace holdfast::supervisor {

/// Turns what daemons report by id into scripts of the configuration: looks the object up in the
/// supervisor's own copy (this generation's, then the last one's) and runs what stands there. An id
/// that neither knew is a violation.
class Notifier {
  public:
    Notifier(loop::Loop& loop, log::Logger& log) : log_(log), scripts_(loop, log) {}

    /// `config` holds from now on; the one before stays known until the next call.
    void use(const ConfigPtr& config);
    /// The whole supervisor stops: from now on INITIALIZE means STOP.
    void stopping() { stopping_ = true; }

    core::Status take(const messages::v1::InstanceEvent& event);
    core::Status take(const messages::v1::GroupEvent& event);
    core::Status take(const messages::v1::ServiceEvent& event);
    core::Status take(const messages::v1::ServerEvent& event);
    /// `answer` is called once, always.
    core::Status poll(const messages::v1::TrackPoll& poll,
                      std::function<void(const messages::v1::TrackResult&)> answer);

    [[nodiscard]] Scripts& scripts() { return scripts_; }

  private:
    struct Known {
        ConfigPtr config;
        ObjectIndex objects;
        ScriptBook book;
    };
    /// The object with this id and the generation that has it.
    template <class Object>
    struct Found {
        const Object* object = nullptr;
        const Known* in = nullptr;
        bool current = false;
    };
    template <class Object>
    Found<Object> find(std::uint64_t id,
                       const Object* (ObjectIndex::*look_up)(std::uint64_t) const) const;
    template <class Object>
    [[nodiscard]] NotifyState told_state(messages::v1::VrrpState state,
                                         const Found<Object>& found) const;
    void run(std::uint64_t object, std::string subject, const Known& in,
             const std::vector<Notification>& notifications,
             Scripts::Kind kind = Scripts::Kind::state);

    log::Logger& log_;
    Scripts scripts_;
    Known current_;
    Known previous_;
    bool stopping_ = false;
};

}  // namespace holdfast::supervisor
