#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <string_view>

#include "lib/config/names.hpp"

namespace holdfast::config {

/// What came of a word: it may be used although something is wrong with it.
struct WordResult {
    bool used = false;
    std::string problem;
};

/// Puts one word into a field, as the field's `setting` says: numbers with their range, base and
/// names, addresses, prefixes, times, enum words, text.
[[nodiscard]] WordResult set_from_word(google::protobuf::Message& message,
                                       const google::protobuf::FieldDescriptor* field,
                                       std::string_view word, NameTables& names);

/// The word that set_from_word() reads back; nothing for a message or a list.
[[nodiscard]] std::optional<std::string> word_of_field(
    const google::protobuf::Message& message, const google::protobuf::FieldDescriptor* field);

}  // namespace holdfast::config
