#include "supervisor/fifo_lines.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor {
namespace {

std::string one_line(std::string_view name) {
    constexpr char kFirstPrintable = ' ';
    constexpr char kDelete = 0x7f;
    std::string text(name);
    std::ranges::replace_if(
        text,
        [](char octet) { return (octet >= 0 && octet < kFirstPrintable) || octet == kDelete; },
        '?');
    return text;
}

std::string_view word(bool up) {
    return up ? "UP" : "DOWN";
}

}  // namespace

std::string instance_line(std::string_view name, NotifyState state, unsigned priority) {
    return fmt::format("INSTANCE \"{}\" {} {}\n", one_line(name), keepalived_word(state), priority);
}

std::string group_line(std::string_view name, NotifyState state) {
    return fmt::format("GROUP \"{}\" {} 0\n", one_line(name), keepalived_word(state));
}

std::string service_line(std::string_view service, bool up) {
    return fmt::format("VS {} {}\n", one_line(service), word(up));
}

std::string server_line(std::string_view server, std::string_view service, bool up) {
    return fmt::format("RS {} {} {}\n", one_line(server), one_line(service), word(up));
}

}  // namespace holdfast::supervisor
