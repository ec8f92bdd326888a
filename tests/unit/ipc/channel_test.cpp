#include "lib/ipc/channel.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "proto/checker.pb.h"
#include "proto/common.pb.h"

namespace holdfast::ipc {
namespace {

using messages::v1::Pong;
using messages::v1::StatusReply;

Pong pong(std::uint64_t nonce) {
    Pong message;
    message.set_nonce(nonce);
    return message;
}

StatusReply reply_of(std::size_t octets) {
    StatusReply message;
    message.set_payload(std::string(octets, 'x'));
    return message;
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    for (int fd = 0; fd < 1024; ++fd) count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return count;
}

/// Sends one datagram with `count` copies of `fd` past all checks of Channel.
void smuggle(int socket, std::string_view bytes, int fd, std::size_t count) {
    std::vector<int> copies(count, fd);
    std::vector<char> control(CMSG_SPACE(count * sizeof(int)));
    iovec part{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(count * sizeof(int));
    std::memcpy(CMSG_DATA(rights), copies.data(), count * sizeof(int));
    ASSERT_EQ(::sendmsg(socket, &header, 0), static_cast<ssize_t>(bytes.size()));
}

/// One side of a pair as a Channel that remembers what it saw; the other side as the test likes.
class ChannelTest : public ::testing::Test {
  protected:
    ChannelTest() {
        Pair pair = std::move(make_pair()).value();
        near_ = std::move(pair.first);
        far_ = std::move(pair.second);
    }

    std::unique_ptr<Channel> make(core::UniqueFd socket, Channel::Limits limits = {}) {
        return std::make_unique<Channel>(
            loop, std::move(socket), Peer::vrrpd, limits,
            Channel::Handlers{[this](Channel::Frame frame) -> core::Status {
                                  frames.push_back(std::move(frame));
                                  return verdict;
                              },
                              [this](const core::Error& why) { closed.push_back(why); }});
    }
    void open_near(Channel::Limits limits = {}) { channel = make(std::move(near_), limits); }

    loop::Loop loop{loop::Loop::VirtualTime{}};
    core::UniqueFd near_;
    core::UniqueFd far_;
    std::unique_ptr<Channel> channel;
    std::vector<Channel::Frame> frames;
    std::vector<core::Error> closed;
    core::Status verdict = core::Done{};
};

TEST_F(ChannelTest, OneMessageIsOneFrame) {
    open_near();
    const auto far = make(std::move(far_));
    ASSERT_TRUE(far->send(pong(1)));
    ASSERT_TRUE(far->send(pong(2)));
    loop.settle();
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(frames[0].bytes, pong(1).SerializeAsString());
    EXPECT_EQ(frames[1].bytes, pong(2).SerializeAsString());
}

TEST_F(ChannelTest, AFrameOfTheLargestSizePassesAndALargerOneIsRefusedWithoutHarm) {
    open_near();
    const std::size_t overhead = reply_of(kMaxFrame).ByteSizeLong() - kMaxFrame;
    const auto far = make(std::move(far_));
    const core::Status refused = far->send(reply_of(kMaxFrame));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), EMSGSIZE);
    ASSERT_TRUE(far->send(reply_of(kMaxFrame - overhead)));
    loop.settle();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].bytes.size(), kMaxFrame);
}

TEST_F(ChannelTest, AnEmptyMessageIsRefusedSinceItWouldLookLikeTheEnd) {
    open_near();
    const core::Status refused = channel->send(Pong{});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), EINVAL);
    EXPECT_TRUE(channel->open());
}

TEST_F(ChannelTest, AFrameAboveTheLimitEndsTheChannel) {
    for (const bool with_descriptors : {false, true}) {
        Pair pair = std::move(make_pair()).value();
        frames.clear();
        closed.clear();
        channel = make(std::move(pair.first), {.accept_descriptors = with_descriptors});
        const std::string huge(kMaxFrame + 1, 'x');
        ASSERT_EQ(::send(pair.second.get(), huge.data(), huge.size(), 0),
                  static_cast<ssize_t>(huge.size()));
        loop.settle();
        EXPECT_TRUE(frames.empty());
        ASSERT_EQ(closed.size(), 1U);
        EXPECT_EQ(closed[0].code(), EBADMSG);
        EXPECT_FALSE(channel->open());
    }
}

TEST_F(ChannelTest, AnEmptyFrameEndsTheChannel) {
    open_near();
    ASSERT_EQ(::send(far_.get(), "", 0, 0), 0);
    loop.settle();
    EXPECT_EQ(closed.size(), 1U);
}

TEST_F(ChannelTest, LastWordsAreReadBeforeTheEndIsTold) {
    open_near();
    {
        const auto far = make(std::move(far_));
        ASSERT_TRUE(far->send(pong(1)));
    }
    loop.settle();
    EXPECT_EQ(frames.size(), 1U);
    ASSERT_EQ(closed.size(), 1U);
    EXPECT_EQ(closed[0].code(), 0);
    EXPECT_EQ(closed[0].text(), "vrrpd closed its channel");
}

TEST_F(ChannelTest, LastWordsAreReadAlsoWhenThePeerDidNotReadOursAndWeSendOnceMore) {
    open_near();
    {
        const auto far = make(std::move(far_));
        ASSERT_TRUE(channel->send(pong(7)));
        ASSERT_TRUE(far->send(pong(1)));
    }
    const core::Status sent = channel->send(pong(8));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code(), EPIPE);
    EXPECT_TRUE(closed.empty());
    loop.settle();
    EXPECT_EQ(frames.size(), 1U);
    EXPECT_EQ(closed.size(), 1U);
}

TEST_F(ChannelTest, AHandlersErrorIsAViolationAndEndsTheChannel) {
    open_near();
    verdict = core::Error("not asked for");
    const auto far = make(std::move(far_));
    ASSERT_TRUE(far->send(pong(1)));
    ASSERT_TRUE(far->send(pong(2)));
    loop.settle();
    EXPECT_EQ(frames.size(), 1U);
    ASSERT_EQ(closed.size(), 2U);  // near with the violation, far with the end of file
    EXPECT_EQ(closed[0].text(), "not asked for");
}

TEST_F(ChannelTest, TheEndIsToldInATurnOfItsOwn) {
    open_near();
    far_.reset();
    channel->drain();
    EXPECT_FALSE(channel->open());
    EXPECT_TRUE(closed.empty());
    loop.settle();
    EXPECT_EQ(closed.size(), 1U);
}

TEST_F(ChannelTest, MayBeDestroyedByItsHandlers) {
    channel =
        std::make_unique<Channel>(loop, std::move(near_), Peer::vrrpd, Channel::Limits{},
                                  Channel::Handlers{[&](Channel::Frame frame) -> core::Status {
                                                        channel.reset();
                                                        frames.push_back(std::move(frame));
                                                        return core::Done{};
                                                    },
                                                    nullptr});
    ASSERT_EQ(::send(far_.get(), "ab", 2, 0), 2);
    ASSERT_EQ(::send(far_.get(), "cd", 2, 0), 2);
    loop.settle();
    EXPECT_EQ(frames.size(), 1U);

    Pair pair = std::move(make_pair()).value();
    channel = std::make_unique<Channel>(loop, std::move(pair.first), Peer::vrrpd, Channel::Limits{},
                                        Channel::Handlers{nullptr, [&](const core::Error& why) {
                                                              channel.reset();
                                                              closed.push_back(why);
                                                          }});
    pair.second.reset();
    loop.settle();
    EXPECT_EQ(closed.size(), 1U);
}

TEST_F(ChannelTest, WhatTheSocketDoesNotTakeIsQueuedAndArrivesInOrder) {
    open_near();
    const auto far = make(std::move(far_));
    constexpr std::uint64_t kMany = 5000;
    for (std::uint64_t i = 1; i <= kMany; ++i) ASSERT_TRUE(far->send(pong(i)));
    EXPECT_FALSE(far->flush());
    loop.settle();
    EXPECT_TRUE(far->flush());
    ASSERT_EQ(frames.size(), kMany);
    for (std::uint64_t i = 1; i <= kMany; ++i) {
        ASSERT_EQ(frames[i - 1].bytes, pong(i).SerializeAsString());
    }
}

TEST_F(ChannelTest, AFullQueueEndsTheChannel) {
    open_near({.queued_bytes = 100 * 1024});
    core::Status sent = core::Done{};
    for (int i = 0; i < 1000 && sent; ++i) sent = channel->send(reply_of(10 * 1024));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code(), ENOBUFS);
    EXPECT_FALSE(channel->open());
    loop.settle();
    ASSERT_EQ(closed.size(), 1U);
    EXPECT_EQ(closed[0].code(), ENOBUFS);
}

TEST_F(ChannelTest, DescriptorsArriveInOrderAlsoFromTheQueueAndTheSenderKeepsItsOwn) {
    open_near({.accept_descriptors = true});
    const auto far = make(std::move(far_));
    const core::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const core::UniqueFd zero(::open("/dev/zero", O_RDWR | O_CLOEXEC));
    const std::array<int, 2> both{zero.get(), null.get()};
    while (far->flush()) ASSERT_TRUE(far->send(reply_of(10 * 1024)));
    ASSERT_TRUE(far->send(pong(1), both));
    loop.settle();
    ASSERT_FALSE(frames.empty());
    const Channel::Frame& last = frames.back();
    ASSERT_EQ(last.descriptors.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        struct stat sent {};
        struct stat received {};
        ASSERT_EQ(::fstat(both[i], &sent), 0);
        ASSERT_EQ(::fstat(last.descriptors[i].get(), &received), 0);
        EXPECT_EQ(sent.st_rdev, received.st_rdev);
        EXPECT_NE(::fcntl(last.descriptors[i].get(), F_GETFD) & FD_CLOEXEC, 0);
    }
}

TEST_F(ChannelTest, MoreDescriptorsThanAllowedAreRefusedBySender) {
    open_near();
    const std::vector<int> many(kMaxDescriptors + 1, 0);
    const core::Status refused = channel->send(pong(1), many);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), EMSGSIZE);
}

TEST_F(ChannelTest, AsManyDescriptorsAsAllowedPass) {
    open_near({.accept_descriptors = true});
    const auto far = make(std::move(far_));
    const std::vector<int> many(kMaxDescriptors, 0);
    ASSERT_TRUE(far->send(pong(1), many));
    loop.settle();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].descriptors.size(), kMaxDescriptors);
}

TEST_F(ChannelTest, MoreDescriptorsThanAllowedEndTheChannelAndNoneStaysOpen) {
    open_near({.accept_descriptors = true});
    const std::size_t before = open_descriptors();
    smuggle(far_.get(), "x", far_.get(), kMaxDescriptors + 1);
    loop.settle();
    EXPECT_TRUE(frames.empty());
    EXPECT_EQ(closed.size(), 1U);
    EXPECT_EQ(open_descriptors(), before - 1);  // the channel's own
}

TEST_F(ChannelTest, SmuggledDescriptorsVanishWhereNoneAreAccepted) {
    open_near();
    const std::size_t before = open_descriptors();
    smuggle(far_.get(), "x", far_.get(), 20);
    loop.settle();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_TRUE(frames[0].descriptors.empty());
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ChannelTest, OneBusyPeerLeavesTheOthersTheirTurn) {
    open_near({.frames_per_turn = 3});
    const auto far = make(std::move(far_));
    for (std::uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(far->send(pong(i)));
    std::optional<std::size_t> seen;
    loop::Timer timer(loop, [&] { seen = frames.size(); });
    timer.after({});
    loop.settle();
    EXPECT_EQ(seen, 3U);
    EXPECT_EQ(frames.size(), 10U);
}

TEST_F(ChannelTest, DrainHandlesAllThatHasArrivedAtOnce) {
    open_near({.frames_per_turn = 3});
    const auto far = make(std::move(far_));
    for (std::uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(far->send(pong(i)));
    channel->drain();
    EXPECT_EQ(frames.size(), 10U);
}

}  // namespace
}  // namespace holdfast::ipc
