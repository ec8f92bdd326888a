#include "lib/config/yaml/front_end.hpp"

#include <algorithm>
#include <array>

#include "lib/config/yaml/defaults.hpp"
#include "lib/config/yaml/expand.hpp"
#include "lib/config/yaml/reader.hpp"

namespace holdfast::config::yaml {

namespace {

/// Complaints about defaults that keepalived's -t has and YAML's documentation gives.
constexpr std::array<std::string_view, 2> kNoMistakes = {"no_scheduler", "no_forwarding"};

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
    }
    own_findings_ = report_.counts().total();
    failed_ = report_.counts().errors + report_.counts().fatal > 0;
    return root.has_value();
}

void FrontEnd::drop_consequences(std::vector<Diagnostic>& findings, Counts& counts) const {
    const std::size_t own = std::min(own_findings_, findings.size());
    std::set<std::string> in_doubt;
    for (std::size_t i = 0; i < own; ++i) {
        if (findings[i].severity <= Severity::error) in_doubt.insert(findings[i].object);
    }
    in_doubt.erase("");
    const auto behind = findings.begin() + static_cast<std::ptrdiff_t>(own);
    const auto drop = std::stable_partition(behind, findings.end(), [&](const Diagnostic& found) {
        return !in_doubt.contains(found.object) &&
               std::ranges::find(kNoMistakes, found.class_name) == kNoMistakes.end();
    });
    for (auto gone = drop; gone != findings.end(); ++gone) counts.take_away(gone->severity);
    findings.erase(drop, findings.end());
}

}  // namespace holdfast::config::yaml
