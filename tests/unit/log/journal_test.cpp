#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "lib/log/logger.hpp"
#include "lib/log/sinks.hpp"

namespace holdfast::log {
namespace {

using namespace std::string_literals;

struct Journal {
    core::UniqueFd reader;
    core::UniqueFd writer;
};

Journal make_journal() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    return {core::UniqueFd(ends[0]), core::UniqueFd(ends[1])};
}

/// One datagram, or "" when none waits.
std::string receive(int fd) {
    std::string buffer(1U << 20U, '\0');
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    buffer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return buffer;
}

TEST(JournalDatagram, CarriesMessagePriorityIdentifierEventAndFields) {
    const std::array fields{Field{"VRRP_INSTANCE", "VI_1"}};
    EXPECT_EQ(journal_datagram("holdfast-vrrpd", Level::notice, "VRRP_STATE", "VI_1 up", fields),
              "MESSAGE=VRRP_STATE VI_1 up\nPRIORITY=5\nSYSLOG_IDENTIFIER=holdfast-vrrpd\n"
              "MESSAGE_ID=" +
                  message_id("VRRP_STATE") + "\nEVENT=VRRP_STATE\nVRRP_INSTANCE=VI_1\n");
}

TEST(JournalDatagram, AValueWithALineFeedGoesWithItsLengthAndForgesNoField) {
    const std::string datagram = journal_datagram("i", Level::info, "E", "a\nPRIORITY=0", {});
    EXPECT_EQ(datagram.substr(0, datagram.find("PRIORITY=6")),
              "MESSAGE\n\x0e\0\0\0\0\0\0\0E a\nPRIORITY=0\n"s);
}

TEST(JournalDatagram, ALongValueIsCut) {
    EXPECT_LT(journal_datagram("i", Level::info, "E", std::string(1 << 20, 'x'), {}).size(),
              kMaxText + 500);
}

TEST(MessageId, IsThirtyTwoHexadecimalDigitsAndTheSameInEveryProcess) {
    EXPECT_EQ(message_id("VRRP_STATE").size(), 32U);
    EXPECT_EQ(message_id("VRRP_STATE").find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(message_id("VRRP_STATE"), message_id("VRRP_STATE"));
    EXPECT_NE(message_id("VRRP_STATE"), message_id("VRRP_FAULT"));
}

TEST(JournalLogger, AFullQueueIsNotWaitedForAndTheLossIsTold) {
    Journal journal = make_journal();
    const auto log = make_logger(
        {.descriptor = std::move(journal.writer), .journal = true, .identifier = "holdfast"});
    for (int i = 0; i < 10000; ++i) log->notice("A", std::string(1000, 'x'));
    while (!receive(journal.reader.get()).empty()) {
    }
    log->notice("B", "arrives");
    EXPECT_NE(receive(journal.reader.get()).find("EVENT=LOG_DROPPED"), std::string::npos);
    EXPECT_NE(receive(journal.reader.get()).find("MESSAGE=B arrives"), std::string::npos);
    log->notice("C", "next");
    EXPECT_NE(receive(journal.reader.get()).find("MESSAGE=C next"), std::string::npos);
}

TEST(JournalLogger, OutlivesAJournalThatWentAway) {
    Journal journal = make_journal();
    journal.reader.reset();
    const auto log = make_logger({.descriptor = std::move(journal.writer), .journal = true});
    log->notice("A", "nobody hears it");
    log->notice("B", "nor this");
}

}  // namespace
}  // namespace holdfast::log
