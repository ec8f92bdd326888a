#include "helpers/mailer/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace holdfast::mailer {
namespace {

bool is_control(char letter) {
    constexpr char kDelete = 0x7f;
    return (letter >= 0 && letter < ' ') || letter == kDelete;
}

std::string one_line(std::string_view text) {
    std::string line(text);
    std::ranges::replace_if(line, is_control, ' ');
    return line;
}

/// Lines ended by CRLF, dots doubled.
std::string stuffed(std::string_view text) {
    std::string out;
    bool at_start = true;
    for (const char letter : text) {
        if (letter == '\r') continue;
        if (at_start && letter == '.') out += '.';
        if (letter == '\n') out += '\r';
        out += letter;
        at_start = letter == '\n';
    }
    return out;
}

}  // namespace

std::string date_text(long long seconds) {
    // strftime's names would follow the locale.
    constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    if (::localtime_r(&time, &parts) == nullptr) return {};
    const long minutes = parts.tm_gmtoff / 60;
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} {}{:02}{:02}",
                       kDays.at(static_cast<std::size_t>(parts.tm_wday)), parts.tm_mday,
                       kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                       parts.tm_hour, parts.tm_min, parts.tm_sec, minutes < 0 ? '-' : '+',
                       std::abs(minutes) / 60, std::abs(minutes) % 60);
}

std::string message_text(const Header& header, std::string_view body) {
    std::string to;
    for (const std::string& one : header.to) to += (to.empty() ? "" : ", ") + one_line(one);
    std::string text = fmt::format("Date: {}\r\nFrom: {}\r\nSubject: {}\r\n", header.date,
                                   one_line(header.from), one_line(header.subject));
    text += fmt::format("X-Mailer: Keepalived\r\nTo: {}\r\n\r\n", to);
    return text + stuffed(body) + "\r\n\r\n.\r\n";
}

std::string envelope_address(std::string_view written) {
    const std::size_t open = written.rfind('<');
    const std::size_t close = written.rfind('>');
    const bool bracketed = open != std::string_view::npos && close != std::string_view::npos;
    if (bracketed && open < close) written = written.substr(open + 1, close - open - 1);
    std::string address(written);
    std::erase_if(address, [](char letter) {
        return is_control(letter) || letter == '<' || letter == '>' || letter == ' ';
    });
    return address;
}

}  // namespace holdfast::mailer
