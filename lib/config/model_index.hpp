#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string_view>
#include <unordered_map>
#include <vector>

#include "proto/options.pb.h"

namespace holdfast::config {

/// The `setting` option of a field; the default instance when it has none.
[[nodiscard]] const v1::Setting& setting_of(const google::protobuf::FieldDescriptor* field);

/// How a keyword leads to a field of a message, perhaps through a message inside whose keywords
/// stand in the same block (notify scripts, a check's target).
struct Route {
    std::vector<const google::protobuf::FieldDescriptor*> path;
    const v1::Setting* setting = nullptr;
    bool deprecated = false;  // written with a deprecated spelling
};

/// Keywords to fields, read once from the descriptors.
class ModelIndex {
  public:
    /// Nothing when no field of this message has the keyword.
    [[nodiscard]] const Route* find(const google::protobuf::Descriptor* message,
                                    std::string_view keyword);

    /// The message that holds the route's last field, made where missing.
    static google::protobuf::Message& holder(google::protobuf::Message& message,
                                             const Route& route);

  private:
    using Routes = std::unordered_map<std::string_view, Route>;
    static void collect(const google::protobuf::Descriptor* message,
                        std::vector<const google::protobuf::FieldDescriptor*>& path,
                        Routes& routes);
    std::unordered_map<const google::protobuf::Descriptor*, Routes> routes_;
};

}  // namespace holdfast::config
