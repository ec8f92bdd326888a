#pragma once

#include <google/protobuf/util/message_differencer.h>

#include <string>
#include <vector>

#include "lib/config/model_index.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::testing {

/// What differs, in protobuf's words; empty when nothing does.
inline std::string difference_of(const google::protobuf::Message& one,
                                 const google::protobuf::Message& other) {
    std::string text;
    google::protobuf::util::MessageDifferencer differencer;
    differencer.ReportDifferencesToString(&text);
    return differencer.Compare(one, other) ? std::string() : text;
}

/// A message counts only when something in it is set; of a kind of check it counts by itself.
inline void drop_empty_holders(google::protobuf::Message& message) {
    const auto* reflection = message.GetReflection();
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    reflection->ListFields(message, &fields);
    for (const auto* field : fields) {
        if (field->message_type() == nullptr) continue;
        if (field->is_repeated()) {
            for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
                drop_empty_holders(*reflection->MutableRepeatedMessage(&message, field, i));
            }
            continue;
        }
        auto& inner = *reflection->MutableMessage(&message, field);
        drop_empty_holders(inner);
        if (inner.ByteSizeLong() == 0 && field->real_containing_oneof() == nullptr) {
            reflection->ClearField(&message, field);
        }
    }
}

/// What only steers how keepalived.conf is read is not said in YAML.
inline v1::Config comparable_in_yaml(v1::Config config) {
    config.mutable_global()->clear_random_seed();
    config.mutable_global()->clear_include_check();
    drop_empty_holders(config);
    return config;
}

inline v1::Config comparable(v1::Config config) {
    drop_empty_holders(config);
    return config;
}

}  // namespace holdfast::config::testing
