#pragma once

#include <functional>
#include <memory>
#include <string>

#include "helpers/mailer/conversation.hpp"
#include "lib/core/interval.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/loop/loop.hpp"

namespace holdfast::mailer {

/// The socket of one conversation. Bounded in time by the batch's limits, whatever the server does:
/// each step (the connection, a complete answer) and the whole.
class Delivery {
  public:
    /// `done` is called once, in a later turn, when every mail is settled and the connection
    /// closed.
    Delivery(loop::Loop& loop, const messages::v1::MailBatch& batch, Conversation& conversation,
             std::function<void()> done);

  private:
    core::Status open();
    void writable();
    void readable();
    void send_rest();
    void fail(const std::string& why);
    void finish();

    loop::Loop& loop_;
    const messages::v1::MailBatch& batch_;
    Conversation& conversation_;
    std::function<void()> done_;
    core::Interval step_limit_;
    core::UniqueFd socket_;
    std::unique_ptr<loop::FdWatch> watch_;
    loop::Timer step_;
    loop::Timer total_;
    ReplyReader replies_;
    std::string unsent_;
    bool connected_ = false;
};

}  // namespace holdfast::mailer
