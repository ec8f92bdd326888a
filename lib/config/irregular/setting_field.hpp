#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/options.pb.h"

namespace holdfast::config {

class LegacyText;

/// A field of a message, found by one of its keywords. The message must outlive it, and must have
/// such a field.
class SettingField {
  public:
    SettingField(google::protobuf::Message& message, std::string_view keyword);

    [[nodiscard]] const v1::Setting& setting() const { return setting_; }
    [[nodiscard]] bool is_set() const {
        return message_.GetReflection()->HasField(message_, field_);
    }
    void clear() { message_.GetReflection()->ClearField(&message_, field_); }

    [[nodiscard]] std::string text() const {
        return message_.GetReflection()->GetString(message_, field_);
    }
    void set_text(std::string_view text) {
        message_.GetReflection()->SetString(&message_, field_, std::string(text));
    }
    void set_flag() { message_.GetReflection()->SetBool(&message_, field_, true); }
    void set_number(std::int64_t value);
    void add_number(std::uint32_t value) {
        message_.GetReflection()->AddUInt32(&message_, field_, value);
    }
    google::protobuf::Message& part() {
        return *message_.GetReflection()->MutableMessage(&message_, field_);
    }

  private:
    google::protobuf::Message& message_;
    const google::protobuf::FieldDescriptor* field_;
    const v1::Setting& setting_;
};

/// Writes a field that one statement with plain words leads to: text (the keyword alone when it is
/// empty), numbers, addresses, flags, times that are written in seconds.
void write_plain(const google::protobuf::Message& block, std::string_view keyword, LegacyText& out);

/// A keyword as a template argument.
template <std::size_t Size>
struct FixedText {
    // NOLINTNEXTLINE(google-explicit-constructor): a literal becomes one where a keyword is asked
    constexpr FixedText(const char (&text)[Size]) { std::copy_n(text, Size, letters); }
    [[nodiscard]] constexpr std::string_view view() const { return {letters, Size - 1}; }
    char letters[Size]{};
};

/// write_plain as a table of keywords wants it.
template <FixedText Keyword>
void write_as(const google::protobuf::Message& block, LegacyText& out) {
    write_plain(block, Keyword.view(), out);
}

}  // namespace holdfast::config
