#pragma once

#include <string>
#include <vector>

#include "lib/config/yaml/emitter.hpp"

namespace holdfast::config {
namespace v1 {
class Config;
}

namespace yaml {

struct Written {
    std::vector<Line> lines;            // of the file; they point into the Config
    std::vector<std::string> problems;  // what YAML has no way to say
};

/// A written configuration as holdfast.yaml, `version: 1` first. Reading it gives the same written
/// configuration, apart from the problems. What all servers of a service say alike stands once, in
/// the service.
[[nodiscard]] Written write(const v1::Config& written);

}  // namespace yaml

struct YamlOutput {
    std::string text;
    std::vector<std::string> problems;
};
[[nodiscard]] YamlOutput write_yaml(const v1::Config& written);

}  // namespace holdfast::config
