#include "helpers/mailer/message.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace holdfast::mailer {
namespace {

TEST(MailMessage, HasTheHeaderAndTheEndThatKeepalivedWrites) {
    EXPECT_EQ(
        message_text({"DATE", "lb@z.test", {"a@x.test", "b@y.test"}, "[n1] hello"}, "=> x <="),
        "Date: DATE\r\nFrom: lb@z.test\r\nSubject: [n1] hello\r\nX-Mailer: Keepalived\r\n"
        "To: a@x.test, b@y.test\r\n\r\n=> x <=\r\n\r\n.\r\n");
}

TEST(MailMessage, DoublesDotsAndEndsEveryLineWithBoth) {
    const std::string text = message_text({}, ".\n..two\nthree.\r\nfour");
    EXPECT_NE(text.find("\r\n\r\n..\r\n...two\r\nthree.\r\nfour\r\n\r\n.\r\n"), std::string::npos)
        << text;
}

TEST(MailMessage, LetsNoNameAddLinesToTheHeader) {
    const std::string text =
        message_text({"D", "a\r\nBcc: evil@x", {"b\nRCPT"}, "one\r\n\r\n.\r\nQUIT"}, "");
    EXPECT_NE(text.find("From: a  Bcc: evil@x\r\n"), std::string::npos) << text;
    EXPECT_NE(text.find("Subject: one    .  QUIT\r\n"), std::string::npos) << text;
    EXPECT_NE(text.find("To: b RCPT\r\n"), std::string::npos) << text;
}

TEST(MailMessage, NamesTheAddressOfTheEnvelope) {
    EXPECT_EQ(envelope_address("a@x.test"), "a@x.test");
    EXPECT_EQ(envelope_address("Load Balancer <lb@z.test>"), "lb@z.test");
    EXPECT_EQ(envelope_address("a@x\r\nDATA\r\n"), "a@xDATA");
    EXPECT_EQ(envelope_address("><"), "");
}

TEST(MailMessage, HasADateOfRfc5322) {
    ::setenv("TZ", "UTC", 1);
    EXPECT_EQ(date_text(1795314296), "Sun, 22 Nov 2026 02:24:56 +0000");
    EXPECT_EQ(date_text(0), "Thu, 01 Jan 1970 00:00:00 +0000");
}

}  // namespace
}  // namespace holdfast::mailer
