#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/config/binder.hpp"
#include "lib/core/address.hpp"

namespace holdfast::config {

/// The hand-written parser of a keyword in its block, if it has one.
[[nodiscard]] const Irregular* find_irregular(std::string_view block, std::string_view keyword);

/// All hand-written keywords of a block, in the order of their tables.
[[nodiscard]] std::vector<const Irregular*> irregulars_of(std::string_view block);

// The tables of the files beside this one.
[[nodiscard]] std::span<const Irregular> global_irregulars();
[[nodiscard]] std::span<const Irregular> word_irregulars();
[[nodiscard]] std::span<const Irregular> process_irregulars();
[[nodiscard]] std::span<const Irregular> ipvs_global_irregulars();
[[nodiscard]] std::span<const Irregular> bfd_irregulars();
[[nodiscard]] std::span<const Irregular> instance_irregulars();
[[nodiscard]] std::span<const Irregular> destination_irregulars();
[[nodiscard]] std::span<const Irregular> instance_option_irregulars();
[[nodiscard]] std::span<const Irregular> authentication_irregulars();
[[nodiscard]] std::span<const Irregular> virtual_interface_irregulars();
[[nodiscard]] std::span<const Irregular> tracking_irregulars();
[[nodiscard]] std::span<const Irregular> tracker_irregulars();
[[nodiscard]] std::span<const Irregular> service_irregulars();
[[nodiscard]] std::span<const Irregular> scheduler_irregulars();
[[nodiscard]] std::span<const Irregular> server_irregulars();
[[nodiscard]] std::span<const Irregular> service_group_irregulars();
[[nodiscard]] std::span<const Irregular> check_irregulars();
[[nodiscard]] std::span<const Irregular> expectation_irregulars();
[[nodiscard]] std::span<const Irregular> network_irregulars();
[[nodiscard]] std::span<const Irregular> address_irregulars();
[[nodiscard]] std::span<const Irregular> route_irregulars();
[[nodiscard]] std::span<const Irregular> rule_irregulars();

/// One quoted command, then user and group. A second one is refused and the first stays.
void bind_script(Binder& binder, v1::Script& script, const Node& node);

/// The whole rest of the line is the command, with or without quotes around it.
void bind_command_line(Binder& binder, v1::Script& script, const Node& node);

/// Decides or checks the family of an instance; false when it is of the other one.
bool fits_family(v1::VrrpInstance& instance, core::Family family);

/// The port in the given word; 0 when there is none. Nothing (and no complaint) when it is no port.
[[nodiscard]] std::optional<std::uint32_t> read_port(const Node& node, std::size_t word);

template <class Message>
Message& target_as(Targets targets) {
    return static_cast<Message&>(*targets.front());
}
template <class Message>
const Message& block_as(const google::protobuf::Message& block) {
    return static_cast<const Message&>(block);
}

}  // namespace holdfast::config
