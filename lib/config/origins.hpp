#pragma once

#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/config/diagnostics.hpp"

namespace google::protobuf {
class Message;
}

namespace holdfast::config {

/// Where the settings of one message were written. Keywords are keepalived's, whatever the
/// language and however they were spelt.
struct Origin {
    struct Setting {
        std::string_view keyword;
        Position at;
        std::vector<Position> entries;  // of a block of data: its lines
    };
    Position block;
    std::vector<Setting> settings;

    [[nodiscard]] const Setting* find(std::string_view keyword) const;
};

/// Where each object and each setting of a written configuration stands, by the message that holds
/// it. It belongs to one Config and does not outlive it.
class Origins {
  public:
    using Message = google::protobuf::Message;

    /// A new object begins; what was known about a message at this address is forgotten.
    void add_object(const Message* object, const Position& at);
    /// `keyword` lives as long as the program (a field's option or the table of keywords).
    void add_setting(const Message* object, std::string_view keyword, const Position& at,
                     std::vector<Position> entries = {});

    [[nodiscard]] const std::unordered_map<const Message*, Origin>& all() const { return objects_; }
    /// Nothing for a message that no front end noted.
    [[nodiscard]] const Origin* find(const Message* object) const;
    /// The place of a setting, or of the object when the setting was not noted; line 0 if neither.
    [[nodiscard]] Position of(const Message* object, std::string_view keyword) const;

  private:
    std::unordered_map<const Message*, Origin> objects_;
};

}  // namespace holdfast::config
