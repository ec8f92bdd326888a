#include "checkerd/http.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace holdfast::checkerd {
namespace {

/// Read in one turn at most, so that one fast server does not starve the other checks.
constexpr std::size_t kReadOctets = 32UL * 1024;

bool would_wait(int code) {
    return code == EAGAIN || code == EWOULDBLOCK || code == EINTR;
}

}  // namespace

HttpCheck::HttpCheck(loop::Loop& loop, Request request, Answered answered)
    : loop_(loop),
      request_(std::move(request)),
      answered_(std::move(answered)),
      response_(request_.url.digest ? HttpResponse::Digest::md5 : HttpResponse::Digest::none,
                request_.limits),
      unsent_(request_for(request_.url, request_.version, request_.target.to)),
      silence_(loop, [this] { on_silence(); }),
      time_limit_(loop, [this] { on_time_limit(); }),
      connector_(std::make_unique<Connector>(
          loop, request_.target, [this](core::UniqueFd socket) { on_connected(std::move(socket)); },
          [this](const Answer& failure) { answer(failure); })) {
    time_limit_.after(request_.time_limit);
}

void HttpCheck::on_connected(core::UniqueFd socket) {
    socket_ = std::move(socket);
    connector_.reset();
    watch_ = std::make_unique<loop::FdWatch>(
        loop_, socket_.get(), [this] { on_readable(); }, [this] { on_writable(); });
    watch_->want_write(true);
    silence_.after(request_.target.connect_timeout);
}

void HttpCheck::on_writable() {
    const ssize_t sent = send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0 && would_wait(errno)) return;
    // A server that answers and closes without reading is judged by its answer, or by its reset.
    if (sent < 0) {
        unsent_.clear();
    } else {
        unsent_.erase(0, static_cast<std::size_t>(sent));
    }
    watch_->want_write(!unsent_.empty());
}

void HttpCheck::on_readable() {
    std::array<char, kReadOctets> buffer;
    const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) {
        if (!would_wait(errno)) fail(core::Error::last("read the answer").text());
        return;
    }
    if (got == 0) {
        response_.end_of_stream();
        answer(judge_response(request_.url, response_));
        return;
    }
    const core::Status fed = response_.feed({buffer.data(), static_cast<std::size_t>(got)});
    if (!fed) {
        fail(fed.error().text());
    } else if (response_.finished()) {
        answer(judge_response(request_.url, response_));
    } else {
        silence_.after(request_.target.connect_timeout);
    }
}

void HttpCheck::on_silence() {
    fail(fmt::format("no {}answer within {}", response_.began() ? "complete " : "",
                     core::to_text(request_.target.connect_timeout)));
}

void HttpCheck::on_time_limit() {
    fail("answer not complete within " + core::to_text(request_.time_limit));
}

void HttpCheck::fail(std::string_view why) {
    answer({Outcome::failure, std::string(why)});
}

/// The last thing that happens here: what is called may destroy this check.
void HttpCheck::answer(Answer what) {
    silence_.cancel();
    time_limit_.cancel();
    watch_.reset();
    if (socket_) what.text = url_text(request_.url, request_.target.to) + ": " + what.text;
    socket_.reset();
    connector_.reset();
    const Answered answered = std::move(answered_);
    answered(what);
}

}  // namespace holdfast::checkerd
