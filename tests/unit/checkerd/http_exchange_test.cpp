#include "checkerd/http_exchange.hpp"

#include <gtest/gtest.h>

namespace holdfast::checkerd {
namespace {

const core::Endpoint kV4{*core::Address::from_text("192.0.2.1"), 80};
const core::Endpoint kV6{*core::Address::from_text("2001:db8::1"), 8080};

TEST(HttpRequest, IsWhatKeepalivedSends) {
    EXPECT_EQ(request_for({.path = "/health"}, HttpVersion::http_1_0, kV4),
              "GET /health HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 192.0.2.1:80\r\n\r\n");
}

TEST(HttpRequest, NamesTheVirtualHostWithoutAPort) {
    const HttpUrl url{.path = "/", .virtual_host = "www.example.net"};
    EXPECT_NE(request_for(url, HttpVersion::http_1_0, kV4).find("\r\nHost: www.example.net\r\n"),
              std::string::npos);
}

TEST(HttpRequest, PutsAnIpv6HostIntoBrackets) {
    EXPECT_NE(request_for({}, HttpVersion::http_1_0, kV6).find("\r\nHost: [2001:db8::1]:8080\r\n"),
              std::string::npos);
}

TEST(HttpRequest, AsksToCloseInTheOtherVersions) {
    const std::string closing = request_for({}, HttpVersion::http_1_0_close, kV4);
    EXPECT_NE(closing.find(" HTTP/1.0\r\n"), std::string::npos);
    EXPECT_NE(closing.find("\r\nConnection: close\r\n"), std::string::npos);
    const std::string newer = request_for({}, HttpVersion::http_1_1, kV4);
    EXPECT_NE(newer.find(" HTTP/1.1\r\n"), std::string::npos);
    EXPECT_NE(newer.find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST(HttpRequest, HasAnUrlForPeople) {
    EXPECT_EQ(url_text({.path = "/x"}, kV6), "http://[2001:db8::1]:8080/x");
}

Answer judged(const HttpUrl& url, std::string_view wire) {
    HttpResponse response(url.digest ? HttpResponse::Digest::md5 : HttpResponse::Digest::none);
    EXPECT_TRUE(response.feed(wire).ok());
    response.end_of_stream();
    return judge_response(url, response);
}

/// MD5 of "hello".
const Md5 kMd5OfHello = [] {
    Md5 sum{};
    unsigned size = 0;
    EVP_Digest("hello", 5, reinterpret_cast<unsigned char*>(sum.data()), &size, EVP_md5(), nullptr);
    return sum;
}();

struct Case {
    std::string name;
    HttpUrl url;
    std::string wire;
    Outcome outcome;
    std::string text;
};

class JudgeResponse : public testing::TestWithParam<Case> {};

TEST_P(JudgeResponse, SaysWhatWasExpected) {
    const Answer answer = judged(GetParam().url, GetParam().wire);
    EXPECT_EQ(answer.outcome, GetParam().outcome);
    EXPECT_EQ(answer.text, GetParam().text);
}

using enum Outcome;
INSTANTIATE_TEST_SUITE_P(
    Table, JudgeResponse,
    testing::Values(
        Case{"Ok", {}, "HTTP/1.0 200 OK\r\n\r\nx", success, "status 200"},
        Case{"EveryStatusOfTheSecondHundredIsFine",
             {},
             "HTTP/1.0 299 x\r\n\r\n",
             success,
             "status 299"},
        Case{"WrongStatus", {}, "HTTP/1.0 503 x\r\n\r\n", failure, "status 503, expected 200-299"},
        Case{"RedirectionIsNoSuccess",
             {},
             "HTTP/1.0 301 x\r\n\r\n",
             failure,
             "status 301, expected 200-299"},
        Case{"ListedStatus",
             {.status_codes = {{301, 302}, {404, 404}}},
             "HTTP/1.0 404 x\r\n\r\n",
             success,
             "status 404"},
        Case{"StatusNotListed",
             {.status_codes = {{301, 302}, {404, 404}}},
             "HTTP/1.0 200 OK\r\n\r\n",
             failure,
             "status 200, expected 301-302,404"},
        Case{"Digest",
             {.digest = kMd5OfHello},
             "HTTP/1.0 200 OK\r\n\r\nhello",
             success,
             "digest 5d41402abc4b2a76b9719d911017c592"},
        Case{"WrongDigest",
             {.digest = kMd5OfHello},
             "HTTP/1.0 200 OK\r\n\r\nHello",
             failure,
             "digest 8b1a9953c4611296a827abf8c47804d7 of 5 octets, expected "
             "5d41402abc4b2a76b9719d911017c592"},
        Case{"DigestOfAShortBody",
             {.digest = kMd5OfHello},
             "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhel",
             failure,
             "digest 46356afe55fa3cea9cbe73ad442cad47 of 3 octets (cut short), expected "
             "5d41402abc4b2a76b9719d911017c592"},
        Case{"StatusComesBeforeTheDigest",
             {.digest = kMd5OfHello},
             "HTTP/1.0 500 x\r\n\r\nhello",
             failure,
             "status 500, expected 200-299"},
        Case{"ShortBodyWithoutDigestIsFine",
             {},
             "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhel",
             success,
             "status 200"},
        Case{"NoAnswer", {}, "", failure, "closed without an answer"},
        Case{"HalfAHeader", {}, "HTTP/1.0 200 OK\r\n", failure, "closed within the header"}),
    [](const auto& given) { return given.param.name; });

TEST(JudgeResponse, FailsADigestOfABodyTooLargeToRead) {
    HttpResponse response(HttpResponse::Digest::md5, {.body_octets = 4});
    ASSERT_TRUE(response.feed("HTTP/1.0 200 OK\r\n\r\nhello").ok());
    EXPECT_EQ(judge_response({.digest = kMd5OfHello}, response).outcome, failure);
    EXPECT_EQ(judge_response({}, response).outcome, success);
}

}  // namespace
}  // namespace holdfast::checkerd
