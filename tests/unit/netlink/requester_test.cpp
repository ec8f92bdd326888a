#include "lib/netlink/requester.hpp"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cerrno>

namespace holdfast::netlink {
namespace {

std::vector<Message> requests(std::size_t count) {
    std::vector<Message> list;
    for (std::size_t i = 0; i < count; ++i) {
        const InterfaceAddress address{
            .interface_index = 1,
            .address = core::Address::v4(0x0a000000U + static_cast<std::uint32_t>(i)),
            .prefix_length = 32};
        list.push_back(encode(AddressVerb::add, address));
    }
    return list;
}

TEST(Batching, NumbersEveryRequestAndAcknowledgesOnlyTheLastOfEachDatagram) {
    const auto list = requests(2000);
    const std::size_t largest = 16 * 1024;
    const auto batches = Batches::cut(list, 100, largest);
    ASSERT_GT(batches.size(), 3U);
    std::uint32_t sequence = 100;
    for (const auto& batch : batches) {
        EXPECT_LE(batch.datagram.size(), largest);
        EXPECT_EQ(batch.first_sequence, sequence);
        const auto messages = split(batch.datagram);
        ASSERT_EQ(messages.size(), batch.count);
        for (std::size_t i = 0; i < messages.size(); ++i) {
            EXPECT_EQ(messages[i].sequence, sequence++);
            EXPECT_EQ((messages[i].flags & NLM_F_ACK) != 0, i + 1 == messages.size());
        }
    }
    EXPECT_EQ(sequence, 2100U);
}

TEST(Batching, OfNothingIsNothing) {
    EXPECT_TRUE(Batches::cut({}, 1).empty());
}

TEST(AnswersToABatch, AreCompleteWithTheLastAcknowledgement) {
    const auto batches = Batches::cut(requests(3), 10);
    Outcome outcome;
    Answers answers(batches.at(0), outcome);
    answers.take({.sequence = 11, .code = EEXIST, .text = "there"});
    EXPECT_FALSE(answers.complete());
    answers.take({.sequence = 12, .code = 0, .text = {}});
    EXPECT_TRUE(answers.complete());
    ASSERT_EQ(outcome.refusals.size(), 1U);
    EXPECT_EQ(outcome.refusals[0].request, 1U);
    EXPECT_EQ(outcome.refusals[0].error.code(), EEXIST);
    EXPECT_NE(outcome.refusals[0].error.text().find("(there)"), std::string::npos);
}

TEST(AnswersToABatch, AreCompleteWhenTheLastRequestIsRefused) {
    const auto batches = Batches::cut(requests(2), 10);
    Outcome outcome;
    Answers answers(batches.at(0), outcome);
    answers.take({.sequence = 11, .code = ENODEV, .text = {}});
    EXPECT_TRUE(answers.complete());
    EXPECT_EQ(outcome.refusals.at(0).request, 1U);
}

TEST(AnswersToABatch, IgnoreSequenceNumbersOfOthers) {
    const auto batches = Batches::cut(requests(2), 10);
    Outcome outcome;
    Answers answers(batches.at(0), outcome);
    answers.take({.sequence = 9, .code = EEXIST, .text = {}});
    answers.take({.sequence = 12, .code = EEXIST, .text = {}});
    EXPECT_FALSE(answers.complete());
    EXPECT_TRUE(outcome.refusals.empty());
}

TEST(AnswersToABatch, SurviveTheSequenceNumberTurningOver) {
    const auto batches = Batches::cut(requests(3), 0xfffffffe);
    Outcome outcome;
    Answers answers(batches.at(0), outcome);
    answers.take({.sequence = 0, .code = EEXIST, .text = {}});
    EXPECT_TRUE(answers.complete());
    EXPECT_EQ(outcome.refusals.at(0).request, 2U);
}

// These ask the kernel of this machine; reading needs no right.
TEST(Requester, DumpsLinksAndAddresses) {
    auto requester = Requester::open(NETLINK_ROUTE);
    ASSERT_TRUE(requester);
    const auto links = requester->links();
    ASSERT_TRUE(links);
    ASSERT_FALSE(links->empty());
    EXPECT_EQ(links->front().name, "lo");
    EXPECT_TRUE(requester->addresses());
}

TEST(Requester, SaysThatAFamilyIsAbsentWithoutAnError) {
    auto requester = Requester::open(NETLINK_GENERIC);
    ASSERT_TRUE(requester);
    const auto absent = requester->family("no_such_family");
    ASSERT_TRUE(absent);
    EXPECT_FALSE(absent->has_value());
    const auto control = requester->family("nlctrl");
    ASSERT_TRUE(control);
    ASSERT_TRUE(control->has_value());
    EXPECT_EQ((*control)->id, 16);
}

}  // namespace
}  // namespace holdfast::netlink
