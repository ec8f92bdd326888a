#pragma once

namespace holdfast::config::v1 {
class Config;
}

namespace holdfast::config::yaml {

// Some defaults differ from keepalived's: a service without protocol is TCP, script security is on,
// and a map `vmac` asks for the interface. In a written Config they are said, so that it means the
// same in either language.

/// Says what a text in YAML left to its defaults.
void complete(v1::Config& config);
/// Says what keepalived's language leaves to its defaults, before such a Config is written in YAML.
void spell_out(v1::Config& config);

}  // namespace holdfast::config::yaml
