#pragma once

#include <google/protobuf/message.h>

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/outline.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::testing {

/// Takes away or changes what a language cannot say or does not keep: a group without its user, two
/// settings of which one may be given, names of what is not there. A model that the language can
/// say stays as it is, so that one that has lost some of its fields can be put right again.
void make_sayable(v1::Config& config, Language language);

/// Puts one kind of message right, whose fields are right already.
struct Fix {
    std::string_view message;
    void (*apply)(google::protobuf::Message& message, Language language);
};
[[nodiscard]] std::span<const Fix> global_fixes();
[[nodiscard]] std::span<const Fix> network_fixes();
[[nodiscard]] std::span<const Fix> router_fixes();
[[nodiscard]] std::span<const Fix> service_fixes();

/// What needs more than one message: names and families.
void link_routers(v1::Config& config, Language language);
void link_services(v1::Config& config, Language language);

template <class Value>
Value& as(google::protobuf::Message& message) {
    return static_cast<Value&>(message);
}

/// Of these fields only the first that is set stays.
void keep_one_of(google::protobuf::Message& message, std::initializer_list<const char*> fields);

/// `field` goes unless `needed` is set.
void needs(google::protobuf::Message& message, const char* field, const char* needed);

/// An address as one of this family.
[[nodiscard]] std::string of_family(const std::string& octets, bool ipv6);
[[nodiscard]] inline bool is_ipv6(const std::string& octets) {
    return octets.size() == 16;
}
/// A multicast group of the link.
[[nodiscard]] std::string multicast_of(const std::string& octets, bool ipv6);

/// Takes entries away for which `goes(entry)` is true.
template <class Entries, class Goes>
void erase_if(Entries& entries, Goes goes) {
    int kept = 0;
    for (int i = 0; i < entries.size(); ++i) {
        if (goes(entries.Get(i))) continue;
        if (kept != i) entries.SwapElements(kept, i);
        ++kept;
    }
    entries.DeleteSubrange(kept, entries.size() - kept);
}

/// Of entries with the same key the first stays.
template <class Entries, class KeyOf>
void keep_distinct(Entries& entries, KeyOf key_of) {
    std::vector<std::string> seen;
    erase_if(entries, [&](const auto& entry) {
        const std::string key = key_of(entry);
        const bool known = std::ranges::find(seen, key) != seen.end();
        if (!known) seen.push_back(key);
        return known;
    });
}

/// The names of objects.
template <class Objects>
std::vector<std::string> names_of(const Objects& objects) {
    std::vector<std::string> names;
    for (const auto& object : objects) names.push_back(object.name());
    return names;
}

/// The name itself when it is among these, else one of them; empty when there is none.
[[nodiscard]] std::string existing(const std::string& name, const std::vector<std::string>& names);

}  // namespace holdfast::config::testing
