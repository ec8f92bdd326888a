// Times that TCP keeps for a route. As keepalived does, any is taken and kept as it was written;
// what the routes are made of later lies between 0.2 s and 120 s.
#include <google/protobuf/descriptor.h>

#include <array>
#include <string>

#include "lib/config/yaml/forms/form.hpp"
#include "lib/config/yaml/forms/schema_parts.hpp"
#include "lib/config/yaml/reader.hpp"
#include "proto/config.pb.h"

namespace holdfast::config::yaml {

namespace {

using google::protobuf::Message;

template <void (v1::Route::*set)(std::uint64_t)>
void read_time(Reader& reader, const Node& value, Message& owner) {
    const std::string* text = reader.text_of(value, "a duration");
    if (text == nullptr) return;
    auto time = read_duration(*text, "s");
    if (!time.value) {
        reader.refuse(value, std::move(time.refusal));
        return;
    }
    (static_cast<v1::Route&>(owner).*set)(*time.value);
}

template <bool (v1::Route::*has)() const, std::uint64_t (v1::Route::*get)() const>
std::optional<Node> write_time(const Message& owner) {
    const auto& route = static_cast<const v1::Route&>(owner);
    if (!(route.*has)()) return std::nullopt;
    return Node::plain(duration_text((route.*get)()));
}

Node time_schema() {
    return text_with(std::string(duration_pattern()));
}

constexpr std::string_view kType = "duration; 200ms to 2m are used";

}  // namespace

std::span<const KeyForm> route_keys() {
    using v1::Route;
    static const std::array kKeys = {
        KeyForm{"Route",
                "round_trip_time",
                {"rtt_us"},
                read_time<&Route::set_rtt_us>,
                write_time<&Route::has_rtt_us, &Route::rtt_us>,
                time_schema,
                kType,
                "First estimate of the round-trip time."},
        KeyForm{"Route",
                "round_trip_time_variance",
                {"rtt_variance_us"},
                read_time<&Route::set_rtt_variance_us>,
                write_time<&Route::has_rtt_variance_us, &Route::rtt_variance_us>,
                time_schema,
                kType,
                "First estimate of its variance."},
        KeyForm{"Route",
                "minimum_retransmission_timeout",
                {"minimum_rto_us"},
                read_time<&Route::set_minimum_rto_us>,
                write_time<&Route::has_minimum_rto_us, &Route::minimum_rto_us>,
                time_schema,
                kType,
                "Lower bound of TCP's retransmission timeout."},
    };
    return kKeys;
}

}  // namespace holdfast::config::yaml
