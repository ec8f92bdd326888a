#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::mailer {

/// What the header of a message says.
struct Header {
    std::string date;  // as date_text() makes it
    std::string from;
    std::vector<std::string> to;
    std::string subject;
};

/// "Sun, 22 Nov 2026 02:24:56 +0000" (RFC 5322 3.3), of seconds since 1970.
[[nodiscard]] std::string date_text(long long seconds);

/// The octets after DATA, with the lonely dot: header and body as keepalived writes them, every
/// line ended by CRLF, dots doubled at the beginning of a line (RFC 5321 4.5.2). Control characters
/// in the header become spaces: a name must not add lines to it.
[[nodiscard]] std::string message_text(const Header& header, std::string_view body);

/// What stands in <> or the whole word: "Load Balancer <lb@example.net>" is lb@example.net in the
/// envelope. Nothing that could end the command early is left in it.
[[nodiscard]] std::string envelope_address(std::string_view written);

}  // namespace holdfast::mailer
