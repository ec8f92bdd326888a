#include "helpers/mailer/conversation.hpp"

#include <fmt/format.h>

#include <utility>

#include "helpers/mailer/message.hpp"

namespace holdfast::mailer {
namespace {

using messages::v1::MailResult;

constexpr unsigned kStartInput = 354;
constexpr unsigned kClosing = 421;
constexpr std::size_t kLongestReason = 200;

std::string words(const Reply& reply) {
    return fmt::format("{} {}", reply.code, reply.text).substr(0, kLongestReason);
}

MailResult::Outcome outcome_of(const Reply& reply) {
    return reply.is_final_refusal() ? MailResult::REFUSED : MailResult::TRY_AGAIN;
}

}  // namespace

Conversation::Conversation(const messages::v1::MailBatch& batch, std::string date, Settled settled)
    : batch_(batch), date_(std::move(date)), settled_(std::move(settled)) {}

std::string Conversation::send(Step step, std::string command) {
    step_ = step;
    return std::move(command) + "\r\n";
}

std::string Conversation::answer(const Reply& reply) {
    if (reply.code == kClosing && step_ != Step::quit) {
        break_off(words(reply));
        return {};
    }
    switch (step_) {
        case Step::greeting:
        case Step::helo:
            if (!reply.is_positive()) {
                break_off(words(reply));
                return {};
            }
            if (step_ == Step::helo) return begin_mail();
            return send(Step::helo, "HELO " + envelope_address(batch_.helo_name()));
        case Step::sender:
        case Step::recipient:
            return after_recipient(reply);
        case Step::data:
            if (reply.code != kStartInput) return give_up_mail(reply);
            step_ = Step::message;
            return message_text({date_,
                                 batch_.from(),
                                 {batch_.to().begin(), batch_.to().end()},
                                 batch_.mails(mail_).subject()},
                                batch_.mails(mail_).body());
        case Step::message:
            return after_message(reply);
        case Step::reset:
            return next_mail();
        case Step::quit:
        case Step::over:
            break;
    }
    step_ = Step::over;
    return {};
}

std::string Conversation::begin_mail() {
    if (mail_ == batch_.mails_size()) return send(Step::quit, "QUIT");
    recipient_ = -1;
    accepted_.clear();
    return send(Step::sender, fmt::format("MAIL FROM:<{}>", envelope_address(batch_.from())));
}

std::string Conversation::next_mail() {
    ++mail_;
    return begin_mail();
}

/// The reply is to MAIL FROM or to one RCPT TO.
std::string Conversation::after_recipient(const Reply& reply) {
    if (step_ == Step::sender && !reply.is_positive()) return give_up_mail(reply);
    if (step_ == Step::recipient) {
        if (reply.is_positive()) {
            accepted_.push_back(batch_.to(recipient_));
        } else if (refusal_.code == 0 || refusal_.is_final_refusal()) {
            refusal_ = reply;  // one that may pass is the reason to try again
        }
    }
    if (++recipient_ < batch_.to_size()) {
        return send(Step::recipient,
                    fmt::format("RCPT TO:<{}>", envelope_address(batch_.to(recipient_))));
    }
    if (accepted_.empty()) return give_up_mail(std::exchange(refusal_, {}));
    return send(Step::data, "DATA");
}

std::string Conversation::after_message(const Reply& reply) {
    if (!reply.is_positive()) {
        settle(outcome_of(reply), words(reply));
    } else if (refusal_.code != 0) {
        settle(MailResult::DELIVERED, "not to everybody: " + words(refusal_));
    } else {
        settle(MailResult::DELIVERED, "");
    }
    refusal_ = {};
    return next_mail();
}

std::string Conversation::give_up_mail(const Reply& reply) {
    settle(outcome_of(reply), words(reply));
    refusal_ = {};
    return send(Step::reset, "RSET");
}

void Conversation::settle(Outcome outcome, const std::string& why) {
    settled_(static_cast<std::size_t>(mail_), outcome, why);
}

void Conversation::break_off(const std::string& why) {
    const bool settled = step_ == Step::reset || step_ == Step::quit || step_ == Step::over;
    if (settled) ++mail_;
    for (; mail_ < batch_.mails_size(); ++mail_) settle(MailResult::TRY_AGAIN, why);
    step_ = Step::over;
}

}  // namespace holdfast::mailer
