#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace holdfast::config::yaml {

struct Key;
struct Map;

/// What may have been meant by a key that a map does not have: a near one, the key for a keyword of
/// keepalived, or the map that it belongs in. Empty when nothing comes near.
[[nodiscard]] std::string hint_for_unknown(const Map& map, std::string_view word);

/// Every key below a map, also in the entries of its lists and maps by name, with its path:
/// "vrrp.instances.NAME.priority". A message that holds itself is entered once.
void for_each_key(const Map& map, const std::string& path,
                  const std::function<void(const std::string& path, const Key& key)>& visit);

}  // namespace holdfast::config::yaml
