// Every example configuration that we hand out is without fault.
#include <gtest/gtest.h>

#include <filesystem>

#include "lib/config/system_access.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config {
namespace {

/// The examples are real files; the programs they name need not be installed here.
class ExampleFiles : public SystemFiles {
  public:
    core::Result<FileKind> inspect(const std::string& path) override {
        if (path.starts_with(HOLDFAST_EXAMPLES)) return SystemFiles::inspect(path);
        FileKind program;
        program.regular = true;
        program.executable = true;
        return program;
    }
};

LoadResult load_example(const std::filesystem::path& file) {
    const testing::FakeHost host;
    ExampleFiles files;
    LoadRequest request = testing::request_for(host);
    request.file = file.string();
    return load(request, files);
}

TEST(Examples, SayTheSameInBothLanguages) {
    int pairs = 0;
    for (const auto& entry : std::filesystem::directory_iterator(HOLDFAST_EXAMPLES)) {
        std::filesystem::path yaml = entry.path();
        if (yaml.extension() != ".conf") continue;
        yaml.replace_extension(".yaml");
        ASSERT_TRUE(std::filesystem::exists(yaml)) << yaml;
        const LoadResult ours = load_example(yaml);
        const LoadResult theirs = load_example(entry.path());
        EXPECT_TRUE(ours.config.SerializeAsString() == theirs.config.SerializeAsString())
            << yaml << "\n"
            << ours.config.DebugString() << "\n--\n"
            << theirs.config.DebugString();
        ++pairs;
    }
    EXPECT_GE(pairs, 7);
}

TEST(Examples, HaveNeitherErrorsNorWarnings) {
    int seen = 0;
    for (const auto& entry : std::filesystem::directory_iterator(HOLDFAST_EXAMPLES)) {
        const LoadResult result = load_example(entry.path());
        EXPECT_TRUE(result.usable) << entry.path();
        EXPECT_EQ(result.test_status, 0) << entry.path();
        for (const Diagnostic& found : result.diagnostics) {
            EXPECT_EQ(found.class_name, "not_carried_out") << testing::rendered(result);
        }
        const int objects =
            result.config.vrrp_instances_size() + result.config.virtual_servers_size();
        EXPECT_GT(objects, 0) << entry.path();
        ++seen;
    }
    EXPECT_GE(seen, 7);
}

}  // namespace
}  // namespace holdfast::config
