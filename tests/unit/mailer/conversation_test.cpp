#include "helpers/mailer/conversation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace holdfast::mailer {
namespace {

using messages::v1::MailBatch;
using messages::v1::MailResult;

MailBatch batch_of(int mails) {
    MailBatch batch;
    batch.set_helo_name("me.test");
    batch.set_from("LB <lb@z.test>");
    batch.add_to("a@x.test");
    batch.add_to("b@y.test");
    for (int i = 0; i < mails; ++i) {
        batch.add_mails()->set_subject("mail " + std::to_string(i));
    }
    return batch;
}

/// A conversation with a server that answers from a table.
class MailConversation : public testing::Test {
  protected:
    /// What is said to a server that greets; messages are shown as "message".
    std::vector<std::string> hold(const MailBatch& batch, unsigned greeting = 220) {
        Conversation conversation(batch, "DATE",
                                  [this](std::size_t mail, auto outcome, const std::string& why) {
                                      EXPECT_FALSE(outcomes_.contains(mail)) << "settled twice";
                                      outcomes_[mail] = outcome;
                                      reasons_[mail] = why;
                                  });
        std::vector<std::string> said;
        Reply reply{greeting, "words"};
        while (!conversation.over() && said.size() < 100) {
            std::string next = conversation.answer(reply);
            if (next.empty()) break;
            const bool message = next.starts_with("Date: ");
            next = message ? "message" : next.substr(0, next.find("\r\n"));
            said.push_back(next);
            reply = {message ? answer("message") : answer(next), "words"};
        }
        EXPECT_TRUE(conversation.over());
        return said;
    }
    unsigned answer(const std::string& said) {
        for (const auto& [start, code] : answers_) {
            if (said.starts_with(start)) return code;
        }
        return said == "DATA" ? 354 : 250;
    }

    std::map<std::string, unsigned> answers_;
    std::map<std::size_t, MailResult::Outcome> outcomes_;
    std::map<std::size_t, std::string> reasons_;
};

using Said = std::vector<std::string>;
using Outcomes = std::map<std::size_t, MailResult::Outcome>;

TEST_F(MailConversation, SaysWhatKeepalivedSays) {
    EXPECT_EQ(hold(batch_of(1)),
              (Said{"HELO me.test", "MAIL FROM:<lb@z.test>", "RCPT TO:<a@x.test>",
                    "RCPT TO:<b@y.test>", "DATA", "message", "QUIT"}));
    EXPECT_EQ(outcomes_, (Outcomes{{0, MailResult::DELIVERED}}));
    EXPECT_EQ(reasons_[0], "");
}

TEST_F(MailConversation, SendsTheBatchOneAfterTheOther) {
    const Said said = hold(batch_of(3));
    EXPECT_EQ(std::ranges::count(said, "message"), 3);
    EXPECT_EQ(std::ranges::count(said, "HELO me.test"), 1);
    EXPECT_EQ(outcomes_.size(), 3U);
}

TEST_F(MailConversation, LeavesOutARecipientThatIsRefused) {
    answers_["RCPT TO:<a"] = 550;
    const Said said = hold(batch_of(1));
    EXPECT_EQ(std::ranges::count(said, "message"), 1);
    EXPECT_EQ(outcomes_, (Outcomes{{0, MailResult::DELIVERED}}));
    EXPECT_EQ(reasons_[0], "not to everybody: 550 words");
}

TEST_F(MailConversation, GivesAMailUpThatNobodyMayHave) {
    answers_["RCPT TO"] = 550;
    EXPECT_EQ(hold(batch_of(2)),
              (Said{"HELO me.test", "MAIL FROM:<lb@z.test>", "RCPT TO:<a@x.test>",
                    "RCPT TO:<b@y.test>", "RSET", "MAIL FROM:<lb@z.test>", "RCPT TO:<a@x.test>",
                    "RCPT TO:<b@y.test>", "RSET", "QUIT"}));
    EXPECT_EQ(outcomes_, (Outcomes{{0, MailResult::REFUSED}, {1, MailResult::REFUSED}}));
}

TEST_F(MailConversation, TriesAgainWhatMayPass) {
    answers_["RCPT TO:<a"] = 450;
    answers_["RCPT TO:<b"] = 550;
    hold(batch_of(1));
    EXPECT_EQ(outcomes_, (Outcomes{{0, MailResult::TRY_AGAIN}})) << "a may take it later";
}

TEST_F(MailConversation, HeedsWhatIsSaidOfTheMessageItself) {
    answers_["message"] = 552;
    hold(batch_of(1));
    EXPECT_EQ(outcomes_, (Outcomes{{0, MailResult::REFUSED}}));
    outcomes_.clear();
    answers_["message"] = 452;
    hold(batch_of(1));
    EXPECT_EQ(outcomes_, (Outcomes{{0, MailResult::TRY_AGAIN}}));
    outcomes_.clear();
    answers_ = {{"DATA", 250}};
    hold(batch_of(1));
    EXPECT_EQ(outcomes_, (Outcomes{{0, MailResult::TRY_AGAIN}})) << "250 to DATA is no 354";
}

TEST_F(MailConversation, EndsWithAServerThatDoesNotWantToTalk) {
    EXPECT_EQ(hold(batch_of(2), 554), Said());
    EXPECT_EQ(outcomes_, (Outcomes{{0, MailResult::TRY_AGAIN}, {1, MailResult::TRY_AGAIN}}));
    outcomes_.clear();
    answers_["HELO"] = 502;
    EXPECT_EQ(hold(batch_of(1)).size(), 1U);
    EXPECT_EQ(outcomes_, (Outcomes{{0, MailResult::TRY_AGAIN}}));
}

TEST_F(MailConversation, TriesTheRestAgainWhenTheServerCloses) {
    answers_["RSET"] = 421;
    answers_["RCPT TO"] = 550;
    hold(batch_of(3));
    EXPECT_EQ(outcomes_, (Outcomes{{0, MailResult::REFUSED},
                                   {1, MailResult::TRY_AGAIN},
                                   {2, MailResult::TRY_AGAIN}}));
}

TEST_F(MailConversation, WithAnAnswerLeftOverIsOver) {
    const MailBatch batch = batch_of(1);
    int settled = 0;
    Conversation conversation(batch, "DATE",
                              [&](std::size_t, auto, const std::string&) { ++settled; });
    for (const unsigned code : {220U, 250U, 250U, 250U, 250U, 354U, 250U}) {
        EXPECT_FALSE(conversation.answer({code, ""}).empty());
    }
    EXPECT_TRUE(conversation.answer({221, ""}).empty());
    EXPECT_TRUE(conversation.over());
    conversation.break_off("closed");
    EXPECT_EQ(settled, 1);
}

}  // namespace
}  // namespace holdfast::mailer
