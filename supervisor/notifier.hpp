#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "proto/supervisor.pb.h"
#include "supervisor/file_rights.hpp"
#include "supervisor/loaded_config.hpp"
#include "supervisor/mail_text.hpp"
#include "supervisor/notifications.hpp"
#include "supervisor/notify_fifos.hpp"
#include "supervisor/object_index.hpp"
#include "supervisor/script_book.hpp"
#include "supervisor/scripts.hpp"

namespace holdfast::supervisor {

/// Turns what daemons report by id into scripts, lines of pipes and mails of the configuration:
/// looks the object up in the supervisor's own copy (this generation's, then the last one's) and
/// does what stands there. An id that neither knew is a violation.
class Notifier {
  public:
    using PostMail = std::function<void(core::ObjectId, MailText)>;

    /// `post` is told of every mail that is due.
    Notifier(loop::Loop& loop, log::Logger& log, PostMail post)
        : log_(log), scripts_(loop, log), fifos_(loop, log), post_(std::move(post)) {}

    /// `config` holds from now on; the one before stays known until the next call.
    void use(const ConfigPtr& config, const FileRights& rights);
    /// A reload is complete: pipes may want to hear every state again.
    void reloaded();
    /// The whole supervisor stops: from now on INITIALIZE means STOP.
    void stopping() { stopping_ = true; }

    core::Status take(const messages::v1::InstanceEvent& event);
    core::Status take(const messages::v1::GroupEvent& event);
    core::Status take(const messages::v1::ServiceEvent& event);
    core::Status take(const messages::v1::ServerEvent& event);
    /// `answer` is called once, always.
    core::Status poll(const messages::v1::TrackPoll& poll,
                      std::function<void(const messages::v1::TrackResult&)> answer);

    /// Runs a command of the global block; `then` is called once it has ended, or its time is over,
    /// and at once where there is none.
    void run_hook(const std::string& keyword, const config::v1::Script* script,
                  core::Interval limit, std::function<void()> then);

    [[nodiscard]] Scripts& scripts() { return scripts_; }
    [[nodiscard]] NotifyFifos& fifos() { return fifos_; }

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
    /// What was last told of an instance or a group.
    struct Told {
        NotifyState state;
        unsigned priority;
    };
    void forget(std::uint64_t id);
    void remember(std::uint64_t id, NotifyState state, unsigned priority);
    /// keepalived's rules: not the same mail twice in a row, and with no_email_faults as if there
    /// had been no fault.
    void mail(std::uint64_t id, MailText text);
    [[nodiscard]] bool may_mail(NotifyState state) const;
    [[nodiscard]] const std::string& router_id() const;
    void run(std::uint64_t object, std::string subject, const Known& in,
             const std::vector<Notification>& notifications,
             Scripts::Kind kind = Scripts::Kind::state);

    log::Logger& log_;
    Scripts scripts_;
    NotifyFifos fifos_;
    PostMail post_;
    std::unordered_map<std::uint64_t, Told> told_;
    std::unordered_map<std::uint64_t, std::string> mailed_;  // the subject of the last mail
    Known current_;
    Known previous_;
    bool stopping_ = false;
};

}  // namespace holdfast::supervisor
