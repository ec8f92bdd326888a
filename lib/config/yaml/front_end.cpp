#include "lib/config/yaml/front_end.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "lib/config/yaml/defaults.hpp"
#include "lib/config/yaml/expand.hpp"
#include "lib/config/yaml/reader.hpp"

namespace holdfast::config::yaml {

namespace {

/// Complaints about defaults that keepalived's -t has and YAML's documentation gives.
constexpr std::array<std::string_view, 3> kNoMistakes = {"no_scheduler", "no_forwarding",
                                                         "script_security"};

using Where = std::tuple<const FileTrail*, std::uint32_t, std::uint32_t>;
Where where(const Position& at) {
    return {at.file, at.line, at.column};
}

}  // namespace

bool FrontEnd::read(v1::Config& config, Places& places, Origins* origins) {
    auto root = documents_.read();
    if (root) {
        const std::vector<Template> templates = expand(*root, request_, report_);
        Reading all{request_, files_, config, places, report_, origins};
        Reader reader(all);
        for (const Template& one : templates) {
            reader.try_out(
                one.map,
                one.of_service ? v1::VirtualServer::descriptor() : v1::VrrpInstance::descriptor(),
                one.path);
        }
        reader.read(*root);
        complete(config);
        leave_out_consequences(config, places);
    }
    failed_ = report_.counts().errors + report_.counts().fatal > 0;
    return root.has_value();
}

void FrontEnd::leave_out_consequences(const v1::Config& config, const Places& places) {
    std::set<std::string> in_doubt;
    for (const Diagnostic& found : report_.kept()) {
        if (found.severity <= Severity::error) in_doubt.insert(found.object);
    }
    in_doubt.erase("");
    // The later stages name a service by its address, not by its key.
    std::set<Where> blocks;
    for (int i = 0; i < config.virtual_servers_size() && !in_doubt.empty(); ++i) {
        if (!in_doubt.contains("virtual_server " + config.virtual_servers(i).label())) continue;
        blocks.insert(where(places.services[static_cast<std::size_t>(i)].block.at));
    }
    report_.leave_out(
        [in_doubt = std::move(in_doubt), blocks = std::move(blocks)](
            std::string_view class_name, const std::string& object, const Position& at) {
            return std::ranges::find(kNoMistakes, class_name) != kNoMistakes.end() ||
                   in_doubt.contains(object) || blocks.contains(where(at));
        });
}

}  // namespace holdfast::config::yaml
