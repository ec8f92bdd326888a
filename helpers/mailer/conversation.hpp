#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "helpers/mailer/reply.hpp"
#include "proto/mail.pb.h"

namespace holdfast::mailer {

/// Pure: one conversation with a mail server about one batch. It is fed the server's replies and
/// says what to send next; each mail gets one outcome.
///
///   greeting -> HELO -> [ MAIL FROM -> RCPT TO each -> DATA -> message ] for each mail -> QUIT
///
/// A recipient that is refused is left out, the mail goes to the others. What the server refuses
/// for good (5yz) is not tried again; everything else is.
class Conversation {
  public:
    using Outcome = messages::v1::MailResult::Outcome;
    using Settled = std::function<void(std::size_t mail, Outcome outcome, const std::string& why)>;

    /// `date` is the header's.
    Conversation(const messages::v1::MailBatch& batch, std::string date, Settled settled);

    /// The octets to send next; empty once the conversation is over.
    [[nodiscard]] std::string answer(const Reply& reply);
    /// The connection is of no more use: what is not settled may be tried again.
    void break_off(const std::string& why);
    [[nodiscard]] bool over() const { return step_ == Step::over; }

  private:
    enum class Step { greeting, helo, sender, recipient, data, message, reset, quit, over };

    std::string after_recipient(const Reply& reply);
    std::string after_message(const Reply& reply);
    std::string begin_mail();
    std::string next_mail();
    std::string give_up_mail(const Reply& reply);
    std::string send(Step step, std::string command);
    void settle(Outcome outcome, const std::string& why);

    const messages::v1::MailBatch& batch_;
    std::string date_;
    Settled settled_;
    Step step_ = Step::greeting;
    int mail_ = 0;       // the present one
    int recipient_ = 0;  // the one that was named last
    std::vector<std::string> accepted_;
    Reply refusal_;  // of a recipient
};

}  // namespace holdfast::mailer
