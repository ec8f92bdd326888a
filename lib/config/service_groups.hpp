#pragma once

#include <string>

#include "proto/config/services.pb.h"

namespace holdfast::config {

/// What is wrong with an entry or a whole group, in words; empty when nothing is.
[[nodiscard]] std::string problem_of(const v1::ServiceGroupEntry& entry);
[[nodiscard]] std::string problem_of(const v1::ServiceGroup& group);

/// What a service that listens on the group must know of it.
struct GroupFacts {
    bool ipv4 = false;
    bool ipv6 = false;
    bool marks = false;      // firewall marks, of whatever family
    bool addresses = false;  // addresses, ranges or networks
    bool all_ports = false;  // an address without port
};
[[nodiscard]] GroupFacts facts_of(const v1::ServiceGroup& group);

}  // namespace holdfast::config
