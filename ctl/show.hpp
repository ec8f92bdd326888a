#pragma once

#include <string>
#include <vector>

#include "ctl/answer.hpp"
#include "ctl/json.hpp"

namespace holdfast::ctl {

// One pair for each `show` verb: the items of the JSON envelope (a contract: fields are only ever
// added), and the table for people.

[[nodiscard]] Json::Array vrrp_items(const Answer& answer);
[[nodiscard]] std::string vrrp_table(const Answer& answer, bool legend);
/// Beside the table, for a few routers: what was sent, heard from whom, refused and why.
[[nodiscard]] std::string vrrp_details(const Answer& answer);
/// True for packets of another router that came on the instance's interface.
[[nodiscard]] bool is_beside(const messages::v1::UnknownPackets& packets,
                             const messages::v1::VrrpStatus::Instance& instance);

/// What is in the kernel of each router's addresses, routes and rules, and what is missing and why.
[[nodiscard]] Json::Array address_items(const Answer& answer);
[[nodiscard]] std::string address_table(const Answer& answer, bool legend);
[[nodiscard]] std::vector<std::string> missing_of(
    const messages::v1::AddressStatus::Instance& instance);

[[nodiscard]] Json::Array service_items(const Answer& answer);
[[nodiscard]] std::string service_table(const Answer& answer, bool legend);

[[nodiscard]] Json::Array process_items(const Answer& answer);
[[nodiscard]] std::string process_table(const Answer& answer, bool legend);

/// One item: version, configuration, last reload, then the counts that matter.
[[nodiscard]] Json::Array status_items(const Answer& answer);
[[nodiscard]] std::string status_screen(const Answer& answer, bool legend);

/// `init|backup|active|fault`
[[nodiscard]] std::string_view state_word(messages::v1::VrrpState state);

}  // namespace holdfast::ctl
