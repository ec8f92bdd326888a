#include "lib/config/irregular/irregular.hpp"

#include <array>
#include <map>
#include <utility>

namespace holdfast::config {

namespace {

using Table = std::map<std::pair<std::string_view, std::string_view>, const Irregular*>;

Table make_table() {
    Table table;
    const std::array parts = {global_irregulars(), instance_irregulars(), tracking_irregulars(),
                              script_irregulars(), service_irregulars(),  check_irregulars()};
    for (const auto& part : parts) {
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

}  // namespace holdfast::config
