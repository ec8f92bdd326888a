#include "lib/config/irregular/irregular.hpp"

#include <array>
#include <map>
#include <utility>
#include <vector>

namespace holdfast::config {

namespace {

std::vector<std::span<const Irregular>> all_tables() {
    return {
        global_irregulars(),
        word_irregulars(),
        process_irregulars(),
        ipvs_global_irregulars(),
        bfd_irregulars(),
        instance_irregulars(),
        destination_irregulars(),
        instance_option_irregulars(),
        authentication_irregulars(),
        virtual_interface_irregulars(),
        tracking_irregulars(),
        tracker_irregulars(),
        service_irregulars(),
        scheduler_irregulars(),
        server_irregulars(),
        service_group_irregulars(),
        check_irregulars(),
        expectation_irregulars(),
        network_irregulars(),
        address_irregulars(),
        route_irregulars(),
        rule_irregulars(),
    };
}

using Table = std::map<std::pair<std::string_view, std::string_view>, const Irregular*>;

Table make_table() {
    Table table;
    for (const auto& part : all_tables()) {
        for (const Irregular& entry : part)
            table.emplace(std::pair(entry.block, entry.keyword), &entry);
    }
    return table;
}

}  // namespace

const Irregular* find_irregular(std::string_view block, std::string_view keyword) {
    static const Table kTable = make_table();
    const auto found = kTable.find(std::pair(block, keyword));
    return found != kTable.end() ? found->second : nullptr;
}

std::vector<const Irregular*> irregulars_of(std::string_view block) {
    std::vector<const Irregular*> found;
    for (const auto& part : all_tables()) {
        for (const Irregular& entry : part) {
            if (entry.block == block) found.push_back(&entry);
        }
    }
    return found;
}

}  // namespace holdfast::config
