#pragma once

#include <google/protobuf/message.h>

#include <string_view>

namespace holdfast::config {

namespace v1 {
class Check;
}

/// What a check does: the keyword of its block and the message with that block's settings. Empty
/// and null for a check of no kind.
struct CheckKind {
    std::string_view keyword;
    const google::protobuf::Message* settings = nullptr;
};
[[nodiscard]] CheckKind kind_of(const v1::Check& check);

}  // namespace holdfast::config
