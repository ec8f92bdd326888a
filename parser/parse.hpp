#pragma once

#include <functional>
#include <string>

#include "lib/config/load.hpp"
#include "parser/confined_files.hpp"
#include "proto/supervisor.pb.h"

namespace holdfast::parser {

/// What one load gives: messages for the supervisor in their order, and the roles' parts in that of
/// the memories (vrrpd, checkerd, ipvsd, supervisor); no part when the configuration cannot be used
/// or a folder is missing.
struct Answer {
    std::vector<messages::v1::ToSupervisor> messages;
    std::vector<std::string> parts;
};
[[nodiscard]] Answer parse(const messages::v1::ParseRequest& request, ConfinedFiles& files,
                           const config::HostFacts& host);

}  // namespace holdfast::parser
