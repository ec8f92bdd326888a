#pragma once

#include <string>
#include <vector>

#include "lib/config/line_binder.hpp"

namespace holdfast::config {

namespace v1 {
class Encapsulation;
}
class LegacyText;

/// The words of an entry as a line of a block of data.
void write_line(std::vector<std::string> words, LegacyText& out);

/// `encap TYPE ...`, the reader standing on `encap`. False when something was complained about.
[[nodiscard]] bool read_encapsulation(LineReader& words, v1::Encapsulation& encapsulation);
void append_encapsulation(const v1::Encapsulation& encapsulation, std::vector<std::string>& words);

/// `N` or `N/M` behind `realms`, when one is set.
void append_realms(const google::protobuf::Message& message, std::vector<std::string>& words);

}  // namespace holdfast::config
