#pragma once

namespace holdfast::config::v1 {
class Config;
}

namespace holdfast::config::yaml {

/// Says what a text in YAML left to defaults that differ from keepalived's: a service without
/// protocol is TCP, and a map `vmac` asks for the interface. So a written Config means the same in
/// either language.
void complete(v1::Config& config);

}  // namespace holdfast::config::yaml
