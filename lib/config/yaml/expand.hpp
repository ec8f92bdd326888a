#pragma once

#include <string>
#include <vector>

#include "lib/config/load.hpp"
#include "lib/config/yaml/tree.hpp"

namespace holdfast::config::yaml {

/// A map that is merged below others and should be looked at by itself too, so that its mistakes
/// are found once and even when nothing uses it.
struct Template {
    Node map;
    std::string path;
    bool of_service = false;  // else of an instance
};

/// Replaces overrides, vrrp.defaults and server_pools by what they stand for; see
/// docs/config-model.md.
[[nodiscard]] std::vector<Template> expand(Node& root, const LoadRequest& request,
                                           Reporter& report);

}  // namespace holdfast::config::yaml
