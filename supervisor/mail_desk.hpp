#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "lib/ipc/channel.hpp"
#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "proto/config.pb.h"
#include "supervisor/child.hpp"
#include "supervisor/mail_queue.hpp"

namespace holdfast::messages::v1 {
class MailBatch;
class MailResult;
}  // namespace holdfast::messages::v1

namespace holdfast::supervisor {

/// Gives mails to the mailer, a process that lives for one batch and only while there is something
/// to mail. What could not be delivered is tried again, 1 s later, then 2, 4 ... up to 60 s, with
/// the next address of the server; after 15 minutes it is lost, with one line in the log. Nothing
/// here ever waits for the mail server.
class MailDesk {
  public:
    /// `empty_folder` is an O_PATH descriptor that outlives the desk, or -1.
    MailDesk(loop::Loop& loop, log::Logger& log, int empty_folder);
    ~MailDesk();
    MailDesk(const MailDesk&) = delete;
    MailDesk& operator=(const MailDesk&) = delete;

    void use(const config::v1::GlobalDefs& global);
    /// `object` is what the mail is about: a newer mail of it replaces one that waits.
    void post(core::ObjectId object, MailText text);
    /// What waits gets one more try, for a few seconds. `done` is called once.
    void close(std::function<void()> done);

  private:
    void start_batch();
    core::Status launch_mailer(const messages::v1::MailBatch& batch);
    [[nodiscard]] messages::v1::MailBatch next_batch();
    core::Status received(const std::string& frame);
    void take(const messages::v1::MailResult& result);
    void ended(ExitStatus how);
    void try_again(const std::string& why);
    void lost(const MailQueue::Item& item, const std::string& why);
    void finish();

    loop::Loop& loop_;
    log::Logger& log_;
    int empty_folder_;
    config::v1::GlobalDefs global_;
    MailQueue queue_;
    std::vector<std::optional<MailQueue::Item>> under_way_;  // empty: settled
    std::string trouble_;                                    // of the batch under way
    std::unique_ptr<Child> mailer_;
    std::unique_ptr<ipc::Channel> channel_;
    loop::Timer again_;
    loop::Timer limit_;
    loop::Timer closing_;
    core::Interval pause_{};
    int address_ = 0;  // index of the one in use
    std::function<void()> closed_;
};

}  // namespace holdfast::supervisor
