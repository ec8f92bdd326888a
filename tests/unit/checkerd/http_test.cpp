#include "checkerd/http.hpp"

#include <gtest/gtest.h>

#include <string>

#include "loopback_server.hpp"

namespace holdfast::checkerd {
namespace {

using std::chrono::seconds;

/// The network is real, the clock is not: time passes only where a test says so.
class Http : public testing::Test {
  protected:
    void start(const LoopbackServer& server) {
        request.target.to = server.endpoint();
        url = "http://" + server.endpoint().text() + "/: ";
        check = std::make_unique<HttpCheck>(loop, request, [this](const Answer& said) {
            ++answers;
            answer = said;
            check.reset();
        });
    }
    Answer run(const LoopbackServer& server) {
        start(server);
        loop.run_until([this] { return answers > 0; });
        loop.settle();
        EXPECT_EQ(answers, 1U);
        return answer;
    }
    void deliver(const LoopbackServer& server) {
        do loop.settle();
        while (!server.delivered());
        loop.settle();
    }
    void expect(const Answer& said, Outcome outcome, const std::string& text) const {
        EXPECT_EQ(said.outcome, outcome);
        EXPECT_EQ(said.text, url + text);
    }

    loop::Loop loop{loop::Loop::VirtualTime{}};
    HttpCheck::Request request;
    std::string url;
    std::unique_ptr<Check> check;
    unsigned answers = 0;
    Answer answer;
};

LoopbackServer::Behaviour answering(std::string octets) {
    return {.asked = [octets = std::move(octets)](LoopbackServer& server) {
        server.send(octets);
        server.close();
    }};
}

TEST_F(Http, SucceedsWithAnExpectedStatus) {
    LoopbackServer server(loop, answering("HTTP/1.0 200 OK\r\n\r\nhello"));
    expect(run(server), Outcome::success, "status 200");
    EXPECT_EQ(server.request(), request_for(request.url, request.version, server.endpoint()));
}

TEST_F(Http, FailsWithAnotherStatus) {
    LoopbackServer server(loop, answering("HTTP/1.0 503 Busy\r\n\r\n"));
    expect(run(server), Outcome::failure, "status 503, expected 200-299");
}

TEST_F(Http, DoesNotWaitForTheEndOfAStreamWhoseBodyIsComplete) {
    for (const char* const answer_without_end :
         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}) {
        answers = 0;
        LoopbackServer server(loop,
                              {.asked = [&](LoopbackServer& s) { s.send(answer_without_end); }});
        expect(run(server), Outcome::success, "status 200");
    }
}

TEST_F(Http, ComparesTheDigestOfChunkedBodies) {
    Md5 of_hello{};
    unsigned size = 0;
    EVP_Digest("hello", 5, reinterpret_cast<unsigned char*>(of_hello.data()), &size, EVP_md5(),
               nullptr);
    request.url.digest = of_hello;
    LoopbackServer server(loop, answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                          "4\r\nhell\r\n1\r\no\r\n0\r\n\r\n"));
    expect(run(server), Outcome::success, "digest 5d41402abc4b2a76b9719d911017c592");
}

TEST_F(Http, FailsWithAWrongDigest) {
    request.url.digest = Md5{};
    LoopbackServer server(loop, answering("HTTP/1.0 200 OK\r\n\r\nhello"));
    expect(run(server), Outcome::failure,
           "digest 5d41402abc4b2a76b9719d911017c592 of 5 octets, expected " + std::string(32, '0'));
}

TEST_F(Http, FailsWhenThePortRefuses) {
    const RefusingPort port;
    request.target.to = port.endpoint;
    check = std::make_unique<HttpCheck>(loop, request, [this](const Answer& said) {
        ++answers;
        answer = said;
        check.reset();
    });
    loop.run_until([this] { return answers > 0; });
    EXPECT_EQ(answer.outcome, Outcome::failure);
    EXPECT_EQ(answer.text, "connect to " + port.endpoint.text() + ": Connection refused");
}

TEST_F(Http, FailsWhenTheServerAcceptsAndSaysNothing) {
    LoopbackServer server(loop, {});
    start(server);
    loop.run_until([&] { return !server.request().empty(); });
    loop.advance(seconds(5) - core::Interval(1));
    EXPECT_EQ(answers, 0U);
    loop.advance(core::Interval(1));
    ASSERT_EQ(answers, 1U);
    expect(answer, Outcome::failure, "no answer within 5s");
    loop.run_until([&] { return server.client_left(); });
}

TEST_F(Http, FailsWhenTheServerStopsHalfway) {
    LoopbackServer server(loop,
                          {.asked = [](LoopbackServer& s) { s.send("HTTP/1.0 200 OK\r\n"); }});
    start(server);
    loop.run_until([&] { return !server.request().empty(); });
    deliver(server);
    loop.advance(seconds(5));
    ASSERT_EQ(answers, 1U);
    expect(answer, Outcome::failure, "no complete answer within 5s");
}

TEST_F(Http, FailsWhenTheServerDripsForEver) {
    LoopbackServer server(loop, {});
    request.time_limit = seconds(20);
    start(server);
    loop.run_until([&] { return !server.request().empty(); });
    server.send("HTTP/1.0 200 OK\r\n\r\n");
    for (int drops = 0; drops < 5; ++drops) {
        ASSERT_EQ(answers, 0U) << "after " << drops;
        server.send("x");
        deliver(server);
        loop.advance(seconds(4));
    }
    ASSERT_EQ(answers, 1U);
    expect(answer, Outcome::failure, "answer not complete within 20s");
}

TEST_F(Http, SucceedsWithASlowServerWhosePartsComeInTime) {
    LoopbackServer server(loop, {});
    start(server);
    loop.run_until([&] { return !server.request().empty(); });
    for (const char octet : std::string("HTTP/1.0 200")) {
        server.send(std::string(1, octet));
        deliver(server);
        loop.advance(seconds(4));
        ASSERT_EQ(answers, 0U);
    }
    server.send(" OK\r\n\r\n");
    server.close();
    loop.run_until([this] { return answers > 0; });
    expect(answer, Outcome::success, "status 200");
}

TEST_F(Http, FailsWhenTheServerClosesAtOnce) {
    LoopbackServer server(loop, {.accepted = [](LoopbackServer& s) { s.close(); }});
    EXPECT_EQ(run(server).outcome, Outcome::failure);
}

TEST_F(Http, FailsWhenTheServerClosesWithinTheHeader) {
    LoopbackServer server(loop, answering("HTTP/1.0 200 OK\r\nServer: x"));
    expect(run(server), Outcome::failure, "closed within the header");
}

TEST_F(Http, FailsWhenTheServerResets) {
    LoopbackServer server(loop, {.asked = [](LoopbackServer& s) { s.reset(); }});
    expect(run(server), Outcome::failure, "read the answer: Connection reset by peer");
}

TEST_F(Http, FailsWithGarbage) {
    LoopbackServer server(loop, answering("220 mail.example.net ESMTP\r\n"));
    expect(run(server), Outcome::failure,
           "not an HTTP response, it begins with \"220 mail.example.net ESM\"");
}

TEST_F(Http, FailsWithAHugeHeader) {
    LoopbackServer server(
        loop, answering("HTTP/1.0 200 OK\r\nX: " + std::string(1024UL * 1024, 'x') + "\r\n\r\n"));
    expect(run(server), Outcome::failure, "header larger than 65536 octets");
}

TEST_F(Http, ReadsALargeBodyToItsEnd) {
    LoopbackServer server(
        loop, answering("HTTP/1.0 200 OK\r\n\r\n" + std::string(10UL * 1024 * 1024, 'x')));
    expect(run(server), Outcome::success, "status 200");
}

TEST_F(Http, DoesNotReadAHugeBodyToItsEnd) {
    request.limits.body_octets = 1024UL * 1024;
    LoopbackServer server(
        loop, answering("HTTP/1.0 200 OK\r\n\r\n" + std::string(32UL * 1024 * 1024, 'x')));
    expect(run(server), Outcome::success, "status 200");
}

TEST_F(Http, FailsADigestOfAHugeBody) {
    request.limits.body_octets = 1024UL * 1024;
    request.url.digest = Md5{};
    LoopbackServer server(
        loop, answering("HTTP/1.0 200 OK\r\n\r\n" + std::string(2UL * 1024 * 1024, 'x')));
    EXPECT_EQ(run(server).outcome, Outcome::failure);
    EXPECT_NE(answer.text.find("body larger than"), std::string::npos) << answer.text;
}

TEST_F(Http, SendsARequestLargerThanTheSocketTakesAtOnce) {
    request.url.path = "/" + std::string(8UL * 1024 * 1024, 'p');
    LoopbackServer server(loop, {});
    start(server);
    const std::size_t whole = request_for(request.url, request.version, server.endpoint()).size();
    loop.run_until([&] { return server.request().size() == whole; });
    server.send("HTTP/1.0 200 OK\r\n\r\n");
    server.close();
    loop.run_until([this] { return answers > 0; });
    EXPECT_EQ(answer.outcome, Outcome::success);
}

TEST_F(Http, TakesAnAnswerGivenBeforeTheQuestion) {
    LoopbackServer server(loop, {.accepted = [](LoopbackServer& s) {
                              s.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                          }});
    expect(run(server), Outcome::success, "status 200");
}

TEST_F(Http, IsCancelledWhenDestroyed) {
    LoopbackServer server(loop, {});
    start(server);
    loop.run_until([&] { return !server.request().empty(); });
    check.reset();
    loop.run_until([&] { return server.client_left(); });
    loop.advance(seconds(100));
    EXPECT_EQ(answers, 0U);
}

}  // namespace
}  // namespace holdfast::checkerd
