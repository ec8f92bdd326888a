#include "helpers/mailer/reply.hpp"

#include <algorithm>

#include "lib/core/text.hpp"

namespace holdfast::mailer {
namespace {

using Taken = core::Result<std::optional<Reply>>;

constexpr std::size_t kCodeLength = 3;

core::Error malformed(const char* what) {
    return core::Error(std::string("the mail server's answer ") + what, EPROTO);
}

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

/// For a log: what is printable of it.
std::string words_of(std::string_view line) {
    std::string words(line.substr(std::min(line.size(), kCodeLength + 1)));
    std::ranges::replace_if(
        words, [](char letter) { return letter < ' ' || letter > '~'; }, '?');
    return words;
}

}  // namespace

Taken ReplyReader::take(std::string_view& octets) {
    while (!octets.empty()) {
        const std::size_t end = octets.find('\n');
        const std::string_view part = octets.substr(0, end);
        if (line_.size() + part.size() > kLongestLine) return malformed("has too long a line");
        line_ += part;
        if (end == std::string_view::npos) {
            octets = {};
            break;
        }
        octets.remove_prefix(end + 1);
        Taken complete = end_of_line();
        if (!complete || *complete) return complete;
    }
    return std::optional<Reply>();
}

Taken ReplyReader::end_of_line() {
    if (line_.ends_with('\r')) line_.pop_back();
    if (++lines_ > kMostLines) return malformed("has too many lines");
    const bool has_code = line_.size() >= kCodeLength &&
                          std::all_of(line_.begin(), line_.begin() + kCodeLength, is_digit);
    if (!has_code) return malformed("begins with no code");
    const char separator = line_.size() > kCodeLength ? line_[kCodeLength] : ' ';
    if (separator != ' ' && separator != '-') return malformed("begins with no code");
    const auto code = core::parse_number<unsigned>(std::string_view(line_).substr(0, kCodeLength));
    if (!code || *code < 200 || *code > 599) return malformed("has a code that means nothing");
    if (lines_ > 1 && *code != code_) return malformed("has two codes");
    code_ = *code;
    if (separator == '-') {
        line_.clear();
        return std::optional<Reply>();
    }
    Reply reply{code_, words_of(line_)};
    line_.clear();
    lines_ = 0;
    return std::optional<Reply>(std::move(reply));
}

}  // namespace holdfast::mailer
