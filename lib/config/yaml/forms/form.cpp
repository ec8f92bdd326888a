#include "lib/config/yaml/forms/form.hpp"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include <fmt/format.h>

#include "proto/config.pb.h"

namespace holdfast::config::yaml {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

namespace {

constexpr std::array kShort = {
    ShortForm{"Script", "command"},
    ShortForm{"VirtualAddress", "address"},
    ShortForm{"TrackedInterface", "name"},
    ShortForm{"TrackedScript", "name"},
    ShortForm{"TrackedObject", "name"},
    ShortForm{"UnicastPeer", "address"},
    ShortForm{"ServiceGroupEntry", "address"},
    ShortForm{"HttpUrl", "path"},
    ShortForm{"MiscCheck", "command"},
    ShortForm{"FileCheck", "track_file"},
    ShortForm{"BfdCheck", "name"},
    ShortForm{"RealServer", "address"},
    ShortForm{"SorryServer", "address"},
};

constexpr std::array kMain = {MainKey{"VirtualAddress", "peer", "address"},
                              MainKey{"VirtualAddress", "broadcast", "address"},
                              MainKey{"VrrpInstance", "preempt", "enabled"},
                              MainKey{"VrrpInstance", "vmac", "enabled"},
                              MainKey{"VrrpInstance", "ipvlan", "enabled"},
                              MainKey{"VirtualServer", "scheduler", "name"},
                              MainKey{"VirtualServer", "quorum", "minimum"},
                              MainKey{"VirtualServer", "persistence", "timeout"}};

template <class Form>
std::vector<Form> gathered(std::initializer_list<std::span<const Form>> parts) {
    std::vector<Form> all;
    for (const auto part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

template <class Range>
auto* find_message(Range& forms, const Descriptor* message) {
    const auto found = std::ranges::find_if(
        forms, [&](const auto& form) { return form.message == message->name(); });
    return found != forms.end() ? &*found : nullptr;
}

}  // namespace

std::span<const MainKey> main_keys() {
    return kMain;
}

std::span<const KeyForm> key_forms() {
    static const std::vector<KeyForm> kAll =
        gathered<KeyForm>({address_keys(), check_keys(), global_keys(), instance_keys(),
                           route_keys(), script_keys(), service_keys()});
    return kAll;
}

std::vector<const FieldDescriptor*> fields_of(const KeyForm& form) {
    std::vector<const FieldDescriptor*> fields;
    const auto* file = v1::Config::descriptor()->file();
    for (const std::string_view name : form.fields) {
        const std::size_t dot = name.find('.');
        const bool other = dot != std::string_view::npos;
        const Descriptor* message = file->pool()->FindMessageTypeByName(
            fmt::format("{}.{}", file->package(), other ? name.substr(0, dot) : form.message));
        const FieldDescriptor* field =
            message != nullptr
                ? message->FindFieldByName(std::string(other ? name.substr(dot + 1) : name))
                : nullptr;
        if (field != nullptr) fields.push_back(field);
    }
    return fields;
}

const ValueForm* find_value_form(const Descriptor* message) {
    static const std::vector<ValueForm> kAll = gathered<ValueForm>({check_values()});
    return find_message(kAll, message);
}

const ShortForm* find_short_form(const Descriptor* message) {
    return find_message(kShort, message);
}

}  // namespace holdfast::config::yaml
