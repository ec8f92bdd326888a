#include "lib/config/yaml/front_end.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "lib/config/yaml/defaults.hpp"
#include "lib/config/yaml/expand.hpp"
#include "lib/config/yaml/reader.hpp"

namespace holdfast::config::yaml {

namespace {

/// Complaints about defaults that keepalived's -t has and YAML's documentation gives.
constexpr std::array<std::string_view, 3> kNoMistakes = {"no_scheduler", "no_forwarding",
                                                         "script_security"};

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
        note_services(config, places);
    }
    own_findings_ = report_.counts().total();
    failed_ = report_.counts().errors + report_.counts().fatal > 0;
    return root.has_value();
}

/// The later stages name a service by its address, not by its key.
void FrontEnd::note_services(const v1::Config& config, const Places& places) {
    for (int i = 0; i < config.virtual_servers_size(); ++i) {
        services_.emplace("virtual_server " + config.virtual_servers(i).label(),
                          places.services[static_cast<std::size_t>(i)].block.at);
    }
}

void FrontEnd::drop_consequences(std::vector<Diagnostic>& findings, Counts& counts) const {
    const std::size_t own = std::min(own_findings_, findings.size());
    std::set<std::string> in_doubt;
    for (std::size_t i = 0; i < own; ++i) {
        if (findings[i].severity <= Severity::error) in_doubt.insert(findings[i].object);
    }
    in_doubt.erase("");
    std::set<std::tuple<const FileTrail*, std::uint32_t, std::uint32_t>> blocks;
    for (const std::string& object : in_doubt) {
        const auto service = services_.find(object);
        if (service == services_.end()) continue;
        const Position& at = service->second;
        blocks.emplace(at.file, at.line, at.column);
    }
    const auto behind = findings.begin() + static_cast<std::ptrdiff_t>(own);
    const auto drop = std::stable_partition(behind, findings.end(), [&](const Diagnostic& found) {
        const Position& at = found.position;
        return !in_doubt.contains(found.object) &&
               !blocks.contains({at.file, at.line, at.column}) &&
               std::ranges::find(kNoMistakes, found.class_name) == kNoMistakes.end();
    });
    for (auto gone = drop; gone != findings.end(); ++gone) counts.take_away(gone->severity);
    findings.erase(drop, findings.end());
}

}  // namespace holdfast::config::yaml
