// Every recorded configuration: the status of -t, as keepalived 2.2.7 gave it (verdicts.tsv), and
// for those with an expected text that text. HOLDFAST_REWRITE=1 writes the texts anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "lib/config/system_access.hpp"
#include "lib/core/text.hpp"
#include "tests/unit/config/recorded_files.hpp"

namespace holdfast::config {
namespace {

namespace fs = std::filesystem;
using testing::content;
using testing::kRecordedFolder;

LoadResult load_file(const fs::path& file) {
    return testing::load_recorded(file);
}

/// Paths as they are seen from the folder, whatever it is called here.
std::string without_folder(std::string text) {
    const std::string folder = kRecordedFolder.string() + "/";
    for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder, at)) {
        text.erase(at, folder.size());
    }
    return text;
}

struct Row {
    std::string file;
    int keepalived = 0;
    int ours = 0;
};
std::vector<Row> rows() {
    std::vector<Row> all;
    std::istringstream table(content(kRecordedFolder / "verdicts.tsv"));
    for (std::string line; std::getline(table, line);) {
        if (line.empty() || line.front() == '#') continue;
        const auto columns = core::split(line, '\t');
        Row row{std::string(columns[0]), *core::parse_number<int>(columns[1]), 0};
        row.ours = *core::parse_number<int>(columns[2]);
        all.push_back(row);
    }
    return all;
}

TEST(RecordedConfigurations, GetTheRecordedVerdict) {
    for (const Row& row : rows()) {
        const LoadResult result = load_file(kRecordedFolder / row.file);
        EXPECT_EQ(result.test_status, row.ours) << row.file << "\n" << testing::rendered(result);
    }
}

TEST(RecordedConfigurations, AreAllInTheTable) {
    std::vector<std::string> listed;
    for (const Row& row : rows()) listed.push_back(row.file);
    for (const char* folder : {"tutorials", "verdicts"}) {
        for (const auto& entry : fs::directory_iterator(kRecordedFolder / folder)) {
            if (entry.path().extension() != ".conf") continue;
            const std::string name = fs::relative(entry.path(), kRecordedFolder).string();
            EXPECT_NE(std::ranges::find(listed, name), listed.end()) << name;
        }
    }
}

TEST(RecordedConfigurations, GiveTheRecordedTexts) {
    const bool rewrite = std::getenv("HOLDFAST_REWRITE") != nullptr;
    for (const auto& entry : fs::directory_iterator(kRecordedFolder / "expected")) {
        const std::string name = entry.path().stem().string();
        fs::path file = kRecordedFolder / "tutorials" / (name + ".conf");
        if (!fs::exists(file)) file = kRecordedFolder / "verdicts" / (name + ".conf");
        const std::string text = without_folder(testing::rendered(load_file(file)));
        if (rewrite) std::ofstream(entry.path()) << text;
        EXPECT_EQ(text, content(entry.path())) << name;
    }
}

}  // namespace
}  // namespace holdfast::config
