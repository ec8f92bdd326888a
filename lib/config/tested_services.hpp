#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

#include "lib/config/diagnostics.hpp"
#include "proto/config.pb.h"

namespace holdfast::config {

/// What is left of services that a test has looked at: what others are compared with.
struct TestedServices {
    struct Listener {
        v1::ServiceKey key;  // resolved
        std::string name;
        Place place;
    };
    std::deque<Listener> listeners;
    std::unordered_set<std::string_view> names;  // of the listeners
    bool any = false;                            // some may have been dropped
};

}  // namespace holdfast::config
