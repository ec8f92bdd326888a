#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/result.hpp"

namespace holdfast::checkerd {

/// 16 octets.
using Md5 = std::array<std::byte, 16>;

/// Makes OpenSSL load what MD5 needs; once, before the sandbox closes. False where MD5 is switched
/// off on this host (FIPS mode).
bool warm_up_md5();

/// Takes one HTTP/1.x response (RFC 9112) in pieces of any size and keeps status, length and, if
/// asked, the MD5 of the body; never the body itself. Bounded in octets, so that no server can
/// make it grow. Lines may end in LF alone; interim responses (100, 102, 103) are skipped.
///
/// The body ends with its Content-Length, with its last chunk, or with the stream.
class HttpResponse {
  public:
    struct Limits {
        /// All header lines together.
        std::size_t head_octets = 64UL * 1024;
        /// Body as it comes over the wire, with the framing of chunks.
        std::uint64_t body_octets = 64ULL * 1024 * 1024;
    };
    enum class Digest : std::uint8_t { none, md5 };

    explicit HttpResponse(Digest digest) : HttpResponse(digest, Limits{}) {}
    HttpResponse(Digest digest, Limits limits);

    /// The next octets. An error means that this is no HTTP response, or too large a head; nothing
    /// may be fed after it. What comes after the end of the response is not looked at.
    core::Status feed(std::string_view octets);
    /// The peer closed its side.
    void end_of_stream();

    [[nodiscard]] bool has_head() const { return part_ > Part::header_line; }
    /// Nothing more is to be read.
    [[nodiscard]] bool finished() const { return part_ == Part::finished; }
    /// The body did not end within Limits::body_octets; the rest was not read.
    [[nodiscard]] bool body_too_large() const { return body_too_large_; }
    /// The stream ended before the body did.
    [[nodiscard]] bool cut_short() const { return cut_short_; }
    /// Something arrived.
    [[nodiscard]] bool began() const { return began_; }

    /// 0 before the status line is complete.
    [[nodiscard]] unsigned status() const { return status_; }
    /// Octets of the body, without the framing of chunks.
    [[nodiscard]] std::uint64_t body_octets() const { return body_octets_; }
    [[nodiscard]] std::optional<std::uint64_t> content_length() const { return content_length_; }
    /// Of the whole body; only with Digest::md5, once finished. Nothing where MD5 is switched off.
    [[nodiscard]] std::optional<Md5> digest();

  private:
    enum class Part : std::uint8_t {
        status_line,
        header_line,
        body_of_known_length,
        body_to_end_of_stream,
        chunk_size,
        chunk_data,
        chunk_end,
        trailer_line,
        finished
    };
    struct FreeContext {
        void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    };

    core::Status take_line(std::string_view& octets, bool& complete);
    core::Status on_line(std::string_view line);
    core::Status on_status_line(std::string_view line);
    core::Status on_chunk_size(std::string_view line);
    core::Status on_end_of_head();
    void on_header(std::string_view line);
    void take_body(std::string_view& octets);
    bool within_body_limit(std::uint64_t octets);
    [[nodiscard]] bool in_body() const;

    Limits limits_;
    Part part_ = Part::status_line;
    std::string line_;
    std::size_t head_octets_ = 0;
    std::uint64_t wire_octets_ = 0;  // of the body
    std::uint64_t body_octets_ = 0;
    std::uint64_t remaining_ = 0;  // of a body of known length or of this chunk
    unsigned status_ = 0;
    std::optional<std::uint64_t> content_length_;
    bool chunked_ = false;
    bool began_ = false;
    bool body_too_large_ = false;
    bool cut_short_ = false;
    std::unique_ptr<EVP_MD_CTX, FreeContext> md5_;
};

}  // namespace holdfast::checkerd
