#pragma once

#include "lib/config/resolve.hpp"

namespace holdfast::config {

/// Two services that listen on the same address, port and protocol, or mark, also by way of
/// groups. The same service written twice is found where services are resolved.
void find_shared_listeners(const Resolution& all);

}  // namespace holdfast::config
