// Configurations in YAML: the good ones have no findings, of each broken one the exact text stands
// beside it. HOLDFAST_REWRITE=1 writes the texts anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "lib/config/rendering.hpp"
#include "lib/config/system_access.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config {
namespace {

namespace fs = std::filesystem;
const fs::path kFolder = HOLDFAST_RECORDED_YAML;

/// The recorded files are real, the programs they name are not.
class RecordedFiles : public SystemFiles {
  public:
    core::Result<FileKind> inspect(const std::string& path) override {
        if (path.starts_with(kFolder.string())) return SystemFiles::inspect(path);
        FileKind program;
        program.regular = true;
        program.executable = true;
        return program;
    }
};

LoadResult load_file(const fs::path& file) {
    const testing::FakeHost host;
    RecordedFiles files;
    LoadRequest request = testing::request_for(host);
    request.file = file.string();
    return load(request, files);
}

std::string content(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

std::string shown(const LoadResult& result) {
    std::string text = testing::rendered(result);
    const std::string folder = kFolder.string() + "/";
    for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder, at)) {
        text.erase(at, folder.size());
    }
    return text;
}

std::vector<fs::path> files_in(const char* folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(kFolder / folder)) {
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

TEST(RecordedYaml, GoodOnesHaveNoErrors) {
    for (const fs::path& file : files_in("good")) {
        const LoadResult result = load_file(file);
        EXPECT_TRUE(result.usable) << file;
        for (const Diagnostic& found : result.diagnostics) {
            EXPECT_GT(found.severity, Severity::error) << file << "\n" << shown(result);
        }
    }
}

TEST(RecordedYaml, BrokenOnesGetTheRecordedText) {
    for (const fs::path& file : files_in("broken")) {
        const LoadResult result = load_file(file);
        EXPECT_FALSE(result.usable) << file;
        fs::path expected = file;
        expected.replace_extension(".txt");
        if (std::getenv("HOLDFAST_REWRITE") != nullptr) std::ofstream(expected) << shown(result);
        EXPECT_EQ(shown(result), content(expected)) << file;
    }
}

}  // namespace
}  // namespace holdfast::config
