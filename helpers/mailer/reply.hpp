#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/result.hpp"

namespace holdfast::mailer {

/// What a mail server answers: a code of three digits and, of the last line, the words.
struct Reply {
    unsigned code = 0;
    std::string text;
    [[nodiscard]] bool is_positive() const { return code / 100 == 2; }
    [[nodiscard]] bool is_final_refusal() const { return code / 100 == 5; }
};

/// Takes the octets of a mail server apart into replies (RFC 5321 4.2). What it keeps is bounded,
/// whatever comes: a line that is longer than kLongestLine or a reply of more than kMostLines is an
/// error, and nothing is read after an error.
class ReplyReader {
  public:
    static constexpr std::size_t kLongestLine = 2048;  // four times what RFC 5321 4.5.3.1.5 allows
    static constexpr std::size_t kMostLines = 100;

    /// Takes octets from the front of `octets`, up to the end of one reply: that reply, nothing
    /// while it is incomplete, or what is wrong with it.
    [[nodiscard]] core::Result<std::optional<Reply>> take(std::string_view& octets);

  private:
    core::Result<std::optional<Reply>> end_of_line();

    std::string line_;
    std::size_t lines_ = 0;
    unsigned code_ = 0;
};

}  // namespace holdfast::mailer
