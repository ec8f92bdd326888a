#include "checkerd/http_response.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace holdfast::checkerd {
namespace {

using Digest = HttpResponse::Digest;

std::string hex(const std::optional<Md5>& sum) {
    std::string text;
    if (!sum) return "none";
    for (const std::byte octet : *sum) text += fmt::format("{:02x}", std::to_integer<int>(octet));
    return text;
}

constexpr const char* kMd5OfHello = "5d41402abc4b2a76b9719d911017c592";
constexpr const char* kMd5OfNothing = "d41d8cd98f00b204e9800998ecf8427e";

struct Case {
    std::string name;
    std::string wire;
    unsigned status;
    std::string digest;
    bool finished_before_the_end;
    bool cut_short = false;
};

class WholeResponse : public testing::TestWithParam<Case> {};

TEST_P(WholeResponse, InOnePiece) {
    HttpResponse response(Digest::md5);
    ASSERT_TRUE(response.feed(GetParam().wire).ok());
    EXPECT_EQ(response.finished(), GetParam().finished_before_the_end);
    response.end_of_stream();
    EXPECT_TRUE(response.finished());
    EXPECT_EQ(response.status(), GetParam().status);
    EXPECT_EQ(response.cut_short(), GetParam().cut_short);
    EXPECT_EQ(hex(response.digest()), GetParam().digest);
}

TEST_P(WholeResponse, OctetByOctet) {
    HttpResponse response(Digest::md5);
    for (const char octet : GetParam().wire) {
        ASSERT_TRUE(response.feed(std::string_view(&octet, 1)).ok());
    }
    EXPECT_EQ(response.finished(), GetParam().finished_before_the_end);
    response.end_of_stream();
    EXPECT_EQ(response.status(), GetParam().status);
    EXPECT_EQ(hex(response.digest()), GetParam().digest);
}

INSTANTIATE_TEST_SUITE_P(
    Table, WholeResponse,
    testing::Values(
        Case{"BodyToTheEndOfTheStream", "HTTP/1.0 200 OK\r\nServer: x\r\n\r\nhello", 200,
             kMd5OfHello, false},
        Case{"ContentLength", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, kMd5OfHello,
             true},
        Case{"WhatFollowsTheBodyIsIgnored",
             "HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhelloHTTP/1.1 500 x\r\n\r\n", 200,
             kMd5OfHello, true},
        Case{"LinesMayEndInLfAlone", "HTTP/1.0 404 Not Found\nContent-Length: 5\n\nhello", 404,
             kMd5OfHello, true},
        Case{"NoReason", "HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n", 503, kMd5OfNothing, true},
        Case{"NoBodyAllowed", "HTTP/1.1 204 No Content\r\n\r\n", 204, kMd5OfNothing, true},
        Case{"Chunked",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
             "2\r\nhe\r\n3;note=x\r\nllo\r\n0\r\nTrailer: y\r\n\r\n",
             200, kMd5OfHello, true},
        Case{"ChunkedOverridesTheLength",
             "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"
             "5\r\nhello\r\n0\r\n\r\n",
             200, kMd5OfHello, true},
        Case{"InterimResponsesAreSkipped",
             "HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n"
             "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello",
             200, kMd5OfHello, false},
        Case{"ALengthThatIsNoNumberCountsAsNone",
             "HTTP/1.0 200 OK\r\nContent-Length: five\r\n\r\nhello", 200, kMd5OfHello, false},
        Case{"ALengthBeyondEveryNumberCountsAsNone",
             "HTTP/1.0 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello", 200,
             kMd5OfHello, false},
        Case{"BodyCutShort", "HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nhello", 200, kMd5OfHello,
             false, true},
        Case{"ChunkCutShort", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
             200, kMd5OfHello, false, true},
        Case{"LinesWithoutColonAreIgnored", "HTTP/1.0 200 OK\r\nnonsense\r\n\r\nhello", 200,
             kMd5OfHello, false}),
    [](const auto& given) { return given.param.name; });

class Refused : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(Refused, WithAReason) {
    HttpResponse response(Digest::none);
    const core::Status fed = response.feed(GetParam().first);
    ASSERT_FALSE(fed.ok());
    EXPECT_EQ(fed.error().text(), GetParam().second);
}

const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

INSTANTIATE_TEST_SUITE_P(
    Table, Refused,
    testing::Values(
        std::pair("SSH-2.0-OpenSSH_9.2\r\n",
                  "not an HTTP response, it begins with \"SSH-2.0-OpenSSH_9.2..\""),
        std::pair("\x16\x03\x01", "not an HTTP response, it begins with \"...\""),
        std::pair("HTTP/1.0\r\n", "not an HTTP response, it begins with \"HTTP/1.0\""),
        std::pair("HTTP/1.0 abc\r\n", "not an HTTP response, it begins with \"HTTP/1.0 abc\""),
        std::pair("HTTP/1.0 20\r\n", "not an HTTP response, it begins with \"HTTP/1.0 20\""),
        std::pair("HTTP/1.0 099 x\r\n", "not an HTTP response, it begins with \"HTTP/1.0 099 x\""),
        std::pair("HTTP/1.0 -20\r\n", "not an HTTP response, it begins with \"HTTP/1.0 -20\""),
        std::pair(kChunked + "xyz\r\n", "broken chunk: size \"xyz\""),
        std::pair(kChunked + "\r\n", "broken chunk: size \"\""),
        std::pair(kChunked + "-1\r\n", "broken chunk: size \"-1\""),
        std::pair(kChunked + "fffffffffffffffff\r\n", "broken chunk: size \"fffffffffffffffff\""),
        std::pair(kChunked + "1\r\nabc\r\n", "broken chunk: longer than its size"),
        std::pair(kChunked + std::string(5000, '0'), "broken chunk: line without end")));

TEST(HttpResponse, SeesGarbageWithoutWaitingForALine) {
    HttpResponse response(Digest::none);
    EXPECT_FALSE(response.feed("<").ok());
}

TEST(HttpResponse, BoundsTheHeaderBeforeAnyLineEnds) {
    HttpResponse response(Digest::none, {.head_octets = 100});
    EXPECT_TRUE(response.feed("HTTP/1.0 200 " + std::string(80, 'x')).ok());
    const core::Status fed = response.feed(std::string(80, 'x'));
    ASSERT_FALSE(fed.ok());
    EXPECT_EQ(fed.error().text(), "header larger than 100 octets");
}

TEST(HttpResponse, BoundsTrailersAndInterimResponsesAsPartOfTheHeader) {
    HttpResponse trailers(Digest::none, {.head_octets = 100});
    ASSERT_TRUE(trailers.feed(kChunked + "0\r\n").ok());
    EXPECT_FALSE(trailers.feed(std::string(100, 'x')).ok());

    HttpResponse interim(Digest::none, {.head_octets = 100});
    core::Status fed = core::Done{};
    for (int times = 0; times < 10 && fed; ++times) fed = interim.feed("HTTP/1.1 100 x\r\n\r\n");
    EXPECT_FALSE(fed.ok());
}

TEST(HttpResponse, StopsReadingABodyThatIsTooLarge) {
    for (const std::string& head :
         {std::string("HTTP/1.0 200 OK\r\n\r\n"),
          std::string("HTTP/1.0 200 OK\r\nContent-Length: 500\r\n\r\n"), kChunked + "500\r\n"}) {
        HttpResponse response(Digest::none, {.body_octets = 100});
        ASSERT_TRUE(response.feed(head + std::string(101, 'x')).ok());
        EXPECT_TRUE(response.finished());
        EXPECT_TRUE(response.body_too_large());
        EXPECT_EQ(response.status(), 200U);
    }
}

TEST(HttpResponse, CountsTheFramingOfChunksToo) {
    HttpResponse response(Digest::none, {.body_octets = 100});
    ASSERT_TRUE(response.feed(kChunked).ok());
    for (int chunk = 0; chunk < 50; ++chunk) ASSERT_TRUE(response.feed("1;padding\r\nx\r\n").ok());
    EXPECT_TRUE(response.body_too_large());
    EXPECT_LT(response.body_octets(), 10U);
}

TEST(HttpResponse, TellsWhatIsMissingAtTheEnd) {
    HttpResponse silent(Digest::none);
    silent.end_of_stream();
    EXPECT_FALSE(silent.began());
    EXPECT_FALSE(silent.has_head());

    HttpResponse early(Digest::none);
    ASSERT_TRUE(early.feed("HTTP/1.0 200 OK\r\nServer:").ok());
    early.end_of_stream();
    EXPECT_TRUE(early.began());
    EXPECT_FALSE(early.has_head());
    EXPECT_TRUE(early.cut_short());
}

}  // namespace
}  // namespace holdfast::checkerd
