#pragma once

#include <google/protobuf/text_format.h>

#include <string>

#include "lib/core/result.hpp"
#include "proto/config.pb.h"

namespace holdfast::checkerd {

/// A Config from protobuf text. Addresses are octets there: "\300\000\002\001" is 192.0.2.1.
inline config::v1::Config config_from(const std::string& text) {
    config::v1::Config config;
    if (!google::protobuf::TextFormat::ParseFromString(text, &config)) {
        core::broken_invariant("test configuration: " + text);
    }
    return config;
}

}  // namespace holdfast::checkerd
