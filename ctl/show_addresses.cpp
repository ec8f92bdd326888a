#include <fmt/format.h>

#include "ctl/show.hpp"
#include "ctl/table.hpp"
#include "lib/core/ids.hpp"

namespace holdfast::ctl {
namespace {

using messages::v1::AddressStatus;

Json::Object count_of(std::uint32_t wanted, std::uint32_t installed) {
    return {{"wanted", wanted}, {"installed", installed}};
}

}  // namespace

std::vector<std::string> missing_of(const AddressStatus::Instance& instance) {
    std::vector<std::string> all(instance.address_failures().begin(),
                                 instance.address_failures().end());
    all.insert(all.end(), instance.path_failures().begin(), instance.path_failures().end());
    const std::uint32_t wanted = instance.wanted() + instance.paths_wanted();
    const std::uint32_t there = instance.installed() + instance.paths_installed();
    if (wanted > there + all.size()) {
        all.push_back(fmt::format("and {} more", wanted - there - all.size()));
    }
    return all;
}

Json::Array address_items(const Answer& answer) {
    Json::Array items;
    for (const auto& each : answer.addresses.instances()) {
        const std::vector<std::string> missing = missing_of(each);
        items.emplace_back(Json::Object{
            {"id", core::to_text(core::ObjectId{each.id()})},
            {"name", each.name()},
            {"addresses", count_of(each.wanted(), each.installed())},
            {"routes_and_rules", count_of(each.paths_wanted(), each.paths_installed())},
            {"missing", Json::Array(missing.begin(), missing.end())}});
    }
    return items;
}

std::string address_table(const Answer& answer, bool legend) {
    Table table({"NAME", "ADDRESSES", "ROUTES AND RULES", "MISSING"});
    for (const auto& each : answer.addresses.instances()) {
        std::vector<std::string> missing = missing_of(each);
        const std::string first = missing.empty() ? "" : missing.front();
        table.add({each.name(), fmt::format("{}/{}", each.installed(), each.wanted()),
                   fmt::format("{}/{}", each.paths_installed(), each.paths_wanted()), first});
        for (std::size_t i = 1; i < missing.size(); ++i) table.add({"", "", "", missing[i]});
    }
    std::string text = table.text(legend);
    if (!legend) return text;
    for (const auto& each : answer.addresses.failed_interfaces()) {
        text += fmt::format("virtual interface {}: {}\n", each.interface(), each.why());
    }
    for (const auto& each : answer.addresses.changed_settings()) {
        text += fmt::format("{} is changed until we stop; it was {}\n", each.name(), each.was());
    }
    return text;
}

}  // namespace holdfast::ctl
