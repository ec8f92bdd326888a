#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lib/config/load.hpp"
#include "parser/confined_files.hpp"
#include "proto/supervisor.pb.h"

namespace holdfast::parser {

/// What one load gives: messages for the supervisor in their order, and what goes into the memories
/// in theirs (vrrpd, checkerd, ipvsd, supervisor, written); nothing for them in a test, when the
/// configuration cannot be used, or when a folder is missing. Of a test all findings are one text.
struct Answer {
    std::vector<messages::v1::ToSupervisor> messages;
    std::vector<std::string> parts;
    /// Of the configuration; it takes time to give back, and somebody waits for the messages.
    std::shared_ptr<const void> memory;
};
[[nodiscard]] Answer parse(const messages::v1::ParseRequest& request, ConfinedFiles& files,
                           const config::HostFacts& host);

}  // namespace holdfast::parser
