#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/config/diagnostics.hpp"
#include "lib/config/outline.hpp"

namespace holdfast::config {

struct Written;

/// A setting that is not the same, as people write it; nothing where it is not set.
struct SettingChange {
    std::string setting;  // "priority", "authentication/auth_pass", "virtual_ipaddress"
    std::optional<std::string> before;
    std::optional<std::string> after;
    bool secret = false;  // before and after are not shown: they are empty
    Position before_at;   // line 0 when it is not known
    Position after_at;
};

/// An object that is there in one of two configurations only, or differs.
struct ObjectChange {
    enum class Kind : std::uint8_t { added, removed, changed };
    Kind kind = Kind::changed;
    std::string object;  // "virtual_server 192.0.2.1 80 real_server 10.0.0.2 80"
    std::vector<SettingChange> settings;
    Position before_at;
    Position after_at;
};

using Difference = std::vector<ObjectChange>;

/// What differs, by object and setting, whatever the order in the files. Objects are matched by
/// their names or keys, as a reload matches them. Works for written and for resolved
/// configurations. Linear in their size.
[[nodiscard]] Difference difference(const v1::Config& before, const v1::Config& after,
                                    Language words = Language::legacy);
/// With the places of both.
[[nodiscard]] Difference difference(const Written& before, const Written& after,
                                    Language words = Language::legacy);

/// One line for each object, one below it for each setting; empty when nothing differs.
[[nodiscard]] std::string render(const Difference& difference);

}  // namespace holdfast::config
