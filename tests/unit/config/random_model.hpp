#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "lib/config/outline.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::testing {

/// Numbers that are the same for a seed wherever they are drawn.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}

    std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
    std::uint64_t between(std::uint64_t low, std::uint64_t high) {
        return high - low == UINT64_MAX ? engine_() : low + below(high - low + 1);
    }
    /// True once in `times`.
    bool once_in(std::uint64_t times) { return below(times) == 0; }
    std::string one_of(std::span<const std::string_view> words) {
        return std::string(words[below(words.size())]);
    }

  private:
    std::mt19937_64 engine_;
};

/// Draws written configurations by walking the descriptors of the model: numbers from the ranges of
/// the settings, words from the enumerations, texts as random_texts.cpp has them. What fields of a
/// message demand of each other is put right by make_sayable() (random_fixes.hpp).
class RandomModel {
  public:
    /// `language` has to be able to say the model; YAML says more than keepalived.conf.
    RandomModel(std::uint64_t seed, Language language);

    v1::Config config();

  private:
    void fill(google::protobuf::Message& message);
    void fill_kind(google::protobuf::Message& message,
                   const google::protobuf::OneofDescriptor* kinds);
    void fill_field(google::protobuf::Message& message,
                    const google::protobuf::FieldDescriptor* field);
    void fill_number(google::protobuf::Message& message,
                     const google::protobuf::FieldDescriptor* field);
    void fill_text(google::protobuf::Message& message,
                   const google::protobuf::FieldDescriptor* field);
    void fill_word(google::protobuf::Message& message,
                   const google::protobuf::FieldDescriptor* field);
    bool truth(const google::protobuf::FieldDescriptor* field);
    std::uint64_t time(const google::protobuf::FieldDescriptor* field);
    std::int64_t number(const google::protobuf::FieldDescriptor* field);

    Dice dice_;
    Language language_;
    std::uint64_t sparseness_;  // one field in so many is set
};

/// A text, address or other octets for a field (random_texts.cpp).
[[nodiscard]] std::string random_text(Dice& dice, const google::protobuf::FieldDescriptor* field,
                                      Language language);

/// A field that people set in this language, or the name of an object.
[[nodiscard]] bool is_written(const google::protobuf::FieldDescriptor* field, Language language);

/// The full names of fields and of values of enumerations.
using Names = std::set<std::string>;
/// Of all that can be written in a language.
[[nodiscard]] Names written_names(Language language);
/// Adds those of what is set in a message.
void add_names(const google::protobuf::Message& message, Names& names);

}  // namespace holdfast::config::testing
