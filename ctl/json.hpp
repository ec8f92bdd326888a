#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace holdfast::ctl {

/// A JSON value that is only ever written. Objects keep the order in which members were added;
/// numbers keep all 64 bits (protobuf's own JSON printer makes strings of them).
class Json {
  public:
    using Array = std::vector<Json>;
    using Object = std::vector<std::pair<std::string, Json>>;

    Json() = default;                             // null
    Json(bool value) : value_(value) {}           // NOLINT(google-explicit-constructor)
    Json(double value) : value_(value) {}         // NOLINT(google-explicit-constructor)
    Json(std::int64_t value) : value_(value) {}   // NOLINT(google-explicit-constructor)
    Json(std::uint64_t value) : value_(value) {}  // NOLINT(google-explicit-constructor)
    Json(std::int32_t value)
        : value_(std::int64_t{value}) {}  // NOLINT(google-explicit-constructor)
    Json(std::uint32_t value)
        : value_(std::uint64_t{value}) {}                  // NOLINT(google-explicit-constructor)
    Json(std::string value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
    Json(std::string_view value)
        : value_(std::string(value)) {}                      // NOLINT(google-explicit-constructor)
    Json(const char* value) : value_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
    Json(Array value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
    Json(Object value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor)

    /// On one line, or indented by two blanks a level.
    [[nodiscard]] std::string text(bool pretty = false) const;

  private:
    void write(std::string& out, bool pretty, int depth) const;
    std::variant<std::monostate, bool, double, std::int64_t, std::uint64_t, std::string, Array,
                 Object>
        value_;
};

/// {"api":"holdfast/1","kind":KIND,"items":[...]}: the envelope of everything holdfastctl prints
/// for machines. Fields are only ever added.
[[nodiscard]] Json envelope(std::string_view kind, Json::Array items);

}  // namespace holdfast::ctl
