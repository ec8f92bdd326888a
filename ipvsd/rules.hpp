#pragma once

#include <string>

#include "lib/core/ids.hpp"
#include "lib/netlink/rule_codec.hpp"

namespace holdfast::ipvsd {

/// One policy rule of the configuration. Rules name their interfaces, which need not be there.
struct ConfiguredRule {
    core::ObjectId id;
    netlink::Rule value;
    bool restored = true;  // put back when somebody else removes it
    friend bool operator==(const ConfiguredRule&, const ConfiguredRule&) = default;
};

/// All that tells it apart, which is all of it; also the words for logs.
[[nodiscard]] inline std::string name_of(const netlink::Rule& rule) {
    return netlink::to_text(rule) + " protocol " + std::to_string(rule.protocol);
}

}  // namespace holdfast::ipvsd
