#include "helpers/mailer/reply.hpp"

#include <gtest/gtest.h>

namespace holdfast::mailer {
namespace {

/// The first reply in `octets`; what is wrong with it as the text of code 0.
Reply read(std::string_view octets) {
    ReplyReader reader;
    const auto reply = reader.take(octets);
    if (!reply) return {0, reply.error().text()};
    return reply->value_or(Reply{0, "incomplete"});
}

TEST(MailReply, IsACodeAndWords) {
    const Reply reply = read("250 OK then\r\n");
    EXPECT_EQ(reply.code, 250U);
    EXPECT_EQ(reply.text, "OK then");
    EXPECT_TRUE(reply.is_positive());
    EXPECT_EQ(read("250\r\n").code, 250U);
    EXPECT_EQ(read("554 no\n").code, 554U) << "a line feed alone will do";
}

TEST(MailReply, OfManyLinesEndsWithTheLast) {
    const Reply reply = read("220-mail.test\r\n220-please wait\r\n220 ready\r\n");
    EXPECT_EQ(reply.code, 220U);
    EXPECT_EQ(reply.text, "ready");
}

TEST(MailReply, MayComeInPiecesAndSeveralAtOnce) {
    ReplyReader reader;
    std::string_view first = "25";
    EXPECT_FALSE(reader.take(first)->has_value());
    std::string_view rest = "0 one\r\n251 two\r\n";
    EXPECT_EQ((*reader.take(rest))->code, 250U);
    EXPECT_EQ((*reader.take(rest))->code, 251U);
    EXPECT_TRUE(rest.empty());
}

TEST(MailReply, ThatIsNoneIsNamed) {
    EXPECT_EQ(read("hello\r\n").text, "the mail server's answer begins with no code");
    EXPECT_EQ(read("25\r\n").text, "the mail server's answer begins with no code");
    EXPECT_EQ(read("250_no\r\n").text, "the mail server's answer begins with no code");
    EXPECT_EQ(read("999 no\r\n").text, "the mail server's answer has a code that means nothing");
    EXPECT_EQ(read("250-a\r\n251 b\r\n").text, "the mail server's answer has two codes");
}

TEST(MailReply, IsBounded) {
    EXPECT_EQ(read(std::string(1024UL * 1024, 'x')).text,
              "the mail server's answer has too long a line");
    std::string many;
    for (std::size_t i = 0; i <= ReplyReader::kMostLines; ++i) many += "250-again\r\n";
    EXPECT_EQ(read(many).text, "the mail server's answer has too many lines");
}

TEST(MailReply, HasOnlyPrintableWords) {
    EXPECT_EQ(read("550 a\x1b[31mb\xff\r\n").text, "a?[31mb?");
}

}  // namespace
}  // namespace holdfast::mailer
