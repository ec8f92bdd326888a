#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/binder.hpp"

namespace holdfast::config {

/// Reads a line of `keyword value keyword value` into a message, by the keywords of the message's
/// fields. It stands on one word at a time; the first word of the line counts as well.
class LineReader {
  public:
    struct Manner {
        std::string_view what;         // "the route", for complaints
        std::string_view consequence;  // of a value that cannot be used: "the route is dropped"
        bool missing_ends = false;     // a missing value ends keepalived at once
    };
    /// missing: there was no value; refused: it could not be used. Both have been complained about.
    enum class Taken : std::uint8_t { yes, refused, missing };

    /// All of them must outlive the reader.
    LineReader(Binder& binder, const Node& line, const Manner& manner)
        : binder_(binder), line_(line), manner_(manner) {}

    [[nodiscard]] bool done() const { return at_ > line_.words.size(); }
    /// The word it stands on; empty at the end.
    [[nodiscard]] std::string_view word() const;
    [[nodiscard]] bool has_value() const { return at_ < line_.words.size(); }
    [[nodiscard]] Place place() const;
    void skip() { ++at_; }

    /// The field whose keyword this word is.
    [[nodiscard]] const Route* find(const google::protobuf::Message& message) const;
    /// Reads the keyword it stands on and its value, of a field that is not IRREGULAR.
    Taken take(google::protobuf::Message& message, const Route& route);
    /// The same for a value of several parts: goes to the value and leaves it to the caller, who
    /// skips it. False when there is none.
    [[nodiscard]] bool go_to_value();
    /// Puts the word it stands on into a field that is found by its name.
    Taken take_word(google::protobuf::Message& message,
                    const google::protobuf::FieldDescriptor* field, std::string_view word);
    /// `R` or `R/R`, the word it stands on, into source_realm and realm.
    Taken take_realms(google::protobuf::Message& message);

    /// About the word it stands on; the consequence is added.
    void complain(const std::string& text, std::string hint = {});
    void warn(std::string_view class_name, std::string text, std::string hint = {});

    [[nodiscard]] Binder& binder() { return binder_; }

  private:
    void mention(const Route& route);

    Binder& binder_;
    const Node& line_;
    const Manner& manner_;
    std::size_t at_ = 0;
};

/// The words that LineReader::take() reads back, in the order of the fields; IRREGULAR ones are
/// left to the caller.
void append_words(const google::protobuf::Message& message, std::vector<std::string>& words);
/// The same for one field that has a keyword.
void append_field(const google::protobuf::Message& message,
                  const google::protobuf::FieldDescriptor* field, std::vector<std::string>& words);

/// The field of this name, which must exist.
[[nodiscard]] const google::protobuf::FieldDescriptor* field_named(
    const google::protobuf::Message& message, const char* name);

}  // namespace holdfast::config
