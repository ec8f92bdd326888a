#include "checkerd/http_response.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "lib/core/text.hpp"

namespace holdfast::checkerd {
namespace {

constexpr std::string_view kProtocol = "HTTP/";
/// A chunk's size with its extensions.
constexpr std::size_t kLongestChunkLine = 4096;

bool equal_ignoring_case(std::string_view left, std::string_view right) {
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    return std::ranges::equal(left, right, same);
}

/// The first octets for people; whatever a terminal could misunderstand becomes a dot.
std::string excerpt(std::string_view octets) {
    std::string shown(octets.substr(0, 24));
    std::ranges::replace_if(
        shown, [](char c) { return c < ' ' || c > '~'; }, '.');
    return shown;
}

core::Error not_http(std::string_view octets) {
    return core::Error("not an HTTP response, it begins with \"" + excerpt(octets) + "\"");
}

bool may_begin_a_response(std::string_view octets) {
    const std::size_t seen = std::min(octets.size(), kProtocol.size());
    return octets.substr(0, seen) == kProtocol.substr(0, seen);
}

bool is_interim(unsigned status) {
    return status == 100 || status == 102 || status == 103;
}

/// RFC 9110 6.4.1
bool has_no_body(unsigned status) {
    return status == 101 || status == 204 || status == 304;
}

}  // namespace

bool warm_up_md5() {
    Md5 sum{};
    unsigned size = 0;
    return EVP_Digest("", 0, reinterpret_cast<unsigned char*>(sum.data()), &size, EVP_md5(),
                      nullptr) == 1;
}

HttpResponse::HttpResponse(Digest digest, Limits limits) : limits_(limits) {
    if (digest == Digest::none) return;
    md5_.reset(EVP_MD_CTX_new());
    if (md5_ && EVP_DigestInit_ex(md5_.get(), EVP_md5(), nullptr) != 1) md5_.reset();
}

bool HttpResponse::in_body() const {
    return part_ == Part::body_of_known_length || part_ == Part::body_to_end_of_stream ||
           part_ == Part::chunk_data;
}

core::Status HttpResponse::feed(std::string_view octets) {
    began_ = began_ || !octets.empty();
    while (!octets.empty() && part_ != Part::finished) {
        if (in_body()) {
            take_body(octets);
            continue;
        }
        bool complete = false;
        if (core::Status taken = take_line(octets, complete); !taken) return taken;
        if (!complete) break;
        const std::string line = std::exchange(line_, {});
        if (core::Status understood = on_line(line); !understood) return understood;
    }
    return core::Done{};
}

/// Adds to line_ up to the end of the line; `complete` tells whether that came. Every line is
/// bounded before it is stored.
core::Status HttpResponse::take_line(std::string_view& octets, bool& complete) {
    const std::size_t end = octets.find('\n');
    complete = end != std::string_view::npos;
    const std::string_view piece = octets.substr(0, complete ? end + 1 : octets.size());
    const bool of_the_head = part_ <= Part::header_line || part_ == Part::trailer_line;
    if (of_the_head) head_octets_ += piece.size();
    if (head_octets_ > limits_.head_octets) {
        return core::Error(fmt::format("header larger than {} octets", limits_.head_octets));
    }
    if (!of_the_head && line_.size() + piece.size() > kLongestChunkLine) {
        return core::Error("broken chunk: line without end");
    }
    if (!of_the_head && !within_body_limit(piece.size())) {
        octets = {};
        complete = false;
        return core::Done{};
    }
    line_.append(piece);
    octets.remove_prefix(piece.size());
    if (part_ == Part::status_line && !may_begin_a_response(line_)) return not_http(line_);
    if (complete) {
        line_.pop_back();
        if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    }
    return core::Done{};
}

core::Status HttpResponse::on_line(std::string_view line) {
    switch (part_) {
        case Part::status_line:
            return on_status_line(line);
        case Part::header_line:
            if (line.empty()) return on_end_of_head();
            on_header(line);
            break;
        case Part::chunk_size:
            return on_chunk_size(line);
        case Part::chunk_end:
            if (!line.empty()) return core::Error("broken chunk: longer than its size");
            part_ = Part::chunk_size;
            break;
        case Part::trailer_line:
            if (line.empty()) part_ = Part::finished;
            break;
        default:
            break;
    }
    return core::Done{};
}

/// HTTP-version SP status-code [ SP reason-phrase ] (RFC 9112 4)
core::Status HttpResponse::on_status_line(std::string_view line) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return not_http(line);
    const std::string_view rest = core::trim(line.substr(space));
    const std::string_view digits = rest.substr(0, rest.find(' '));
    const auto status = core::parse_number<unsigned>(digits);
    if (digits.size() != 3 || !status || *status < 100) return not_http(line);
    status_ = *status;
    part_ = Part::header_line;
    return core::Done{};
}

void HttpResponse::on_header(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = core::trim(line.substr(colon + 1));
    if (equal_ignoring_case(name, "Content-Length")) {
        // A length that is no number counts as none, as in keepalived.
        content_length_ = core::parse_number<std::uint64_t>(value);
    } else if (equal_ignoring_case(name, "Transfer-Encoding")) {
        chunked_ = equal_ignoring_case(core::trim(core::split(value, ',').back()), "chunked");
    }
}

core::Status HttpResponse::on_end_of_head() {
    if (is_interim(status_)) {
        part_ = Part::status_line;
        status_ = 0;
        content_length_.reset();
        chunked_ = false;
        return core::Done{};
    }
    if (has_no_body(status_)) {
        part_ = Part::finished;
    } else if (chunked_) {
        // RFC 9112 6.3: it overrides Content-Length.
        content_length_.reset();
        part_ = Part::chunk_size;
    } else if (content_length_) {
        remaining_ = *content_length_;
        part_ = remaining_ == 0 ? Part::finished : Part::body_of_known_length;
    } else {
        part_ = Part::body_to_end_of_stream;
    }
    return core::Done{};
}

core::Status HttpResponse::on_chunk_size(std::string_view line) {
    const std::string_view digits = core::trim(line.substr(0, line.find(';')));
    const char* const end = digits.data() + digits.size();
    const auto [stop, failure] = std::from_chars(digits.data(), end, remaining_, 16);
    if (digits.empty() || failure != std::errc{} || stop != end) {
        return core::Error("broken chunk: size \"" + excerpt(line) + "\"");
    }
    part_ = remaining_ == 0 ? Part::trailer_line : Part::chunk_data;
    return core::Done{};
}

/// Counts what the body takes on the wire; false (and the end of the response) beyond the limit.
bool HttpResponse::within_body_limit(std::uint64_t octets) {
    wire_octets_ += octets;
    if (wire_octets_ <= limits_.body_octets) return true;
    body_too_large_ = true;
    part_ = Part::finished;
    return false;
}

void HttpResponse::take_body(std::string_view& octets) {
    std::string_view piece = octets;
    if (part_ != Part::body_to_end_of_stream && piece.size() > remaining_) {
        piece = piece.substr(0, static_cast<std::size_t>(remaining_));
    }
    octets.remove_prefix(piece.size());
    body_octets_ += piece.size();
    if (!within_body_limit(piece.size())) return;
    if (md5_) EVP_DigestUpdate(md5_.get(), piece.data(), piece.size());
    if (part_ == Part::body_to_end_of_stream) return;
    remaining_ -= piece.size();
    if (remaining_ > 0) return;
    part_ = part_ == Part::chunk_data ? Part::chunk_end : Part::finished;
}

void HttpResponse::end_of_stream() {
    if (part_ == Part::finished) return;
    cut_short_ = part_ != Part::body_to_end_of_stream;
    if (has_head()) part_ = Part::finished;
}

std::optional<Md5> HttpResponse::digest() {
    Md5 sum{};
    unsigned size = 0;
    auto* const octets = reinterpret_cast<unsigned char*>(sum.data());
    if (!md5_ || EVP_DigestFinal_ex(md5_.get(), octets, &size) != 1) return std::nullopt;
    md5_.reset();
    return sum;
}

}  // namespace holdfast::checkerd
