#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config::testing {

/// The files of a configuration in YAML; `*` at the end of a folder's pattern and before .yaml are
/// understood.
class YamlFiles : public MemoryFiles {
  public:
    explicit YamlFiles(std::string main) { files[kMain] = std::move(main); }
    std::vector<std::string> glob(const std::string& pattern) override {
        const std::size_t star = pattern.find('*');
        if (star == std::string::npos) return MemoryFiles::glob(pattern);
        std::vector<std::string> found;
        for (const auto& [path, text] : files) {
            const bool in_folder = path.find('/', star) == std::string::npos;
            const bool fits = path.size() >= pattern.size() &&
                              path.starts_with(pattern.substr(0, star)) &&
                              path.ends_with(pattern.substr(star + 1));
            if (fits && in_folder) found.push_back(path);
        }
        return found;
    }

    static constexpr const char* kMain = "/etc/holdfast/holdfast.yaml";
};

inline LoadResult load_yaml(YamlFiles& files, const std::string& node = "node1") {
    const FakeHost host;
    LoadRequest request = request_for(host);
    request.file = YamlFiles::kMain;
    request.config_id = node;
    request.credentials_folder = "/run/credentials/holdfast.service";
    return load(request, files);
}

inline LoadResult load_yaml(std::string text) {
    YamlFiles files("version: 1\n" + std::move(text));
    return load_yaml(files);
}

/// Each finding as "line:column text [hint]", in order.
inline std::vector<std::string> findings(const LoadResult& result) {
    std::vector<std::string> all;
    for (const Diagnostic& found : result.diagnostics) {
        std::string text = std::to_string(found.position.line) + ":" +
                           std::to_string(found.position.column) + " " + found.text;
        if (!found.hint.empty()) text += " [" + found.hint + "]";
        all.push_back(std::move(text));
    }
    return all;
}

}  // namespace holdfast::config::testing
