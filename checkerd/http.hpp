#pragma once

#include <memory>
#include <string>

#include "checkerd/check.hpp"
#include "checkerd/http_exchange.hpp"
#include "checkerd/http_response.hpp"
#include "checkerd/tcp.hpp"

namespace holdfast::checkerd {

/// HTTP_GET: one request for one URL. Every part of the answer must come within the connect
/// timeout, as in keepalived; beyond keepalived, the whole run must end within `time_limit`, so
/// that a server that drips octets cannot hold a check for ever.
class HttpCheck : public Check {
  public:
    struct Request {
        Target target;
        HttpUrl url;
        HttpVersion version = HttpVersion::http_1_0;
        core::Interval time_limit = std::chrono::seconds(60);
        HttpResponse::Limits limits;
    };

    HttpCheck(loop::Loop& loop, Request request, Answered answered);

  private:
    void on_connected(core::UniqueFd socket);
    void on_writable();
    void on_readable();
    void on_silence();
    void on_time_limit();
    void fail(std::string_view why);
    void answer(Answer what);

    loop::Loop& loop_;
    const Request request_;
    Answered answered_;
    HttpResponse response_;
    std::string unsent_;
    core::UniqueFd socket_;
    std::unique_ptr<loop::FdWatch> watch_;
    loop::Timer silence_;
    loop::Timer time_limit_;
    std::unique_ptr<Connector> connector_;
};

}  // namespace holdfast::checkerd
