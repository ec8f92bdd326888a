#pragma once

#include <string>
#include <string_view>

namespace holdfast::core {

/// A text as JSON writes it, with its quotes (RFC 8259 7). Control characters are escaped, so that
/// a terminal obeys none; an octet that is no UTF-8 becomes U+FFFD, which JSON must be able to say.
[[nodiscard]] std::string json_text(std::string_view text);

}  // namespace holdfast::core
