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

TEST(Examples, HaveNeitherErrorsNorWarnings) {
    int seen = 0;
    for (const auto& entry : std::filesystem::directory_iterator(HOLDFAST_EXAMPLES)) {
        const testing::FakeHost host;
        ExampleFiles files;
        LoadRequest request = testing::request_for(host);
        request.file = entry.path().string();
        const LoadResult result = load(request, files);
        EXPECT_TRUE(result.usable) << entry.path();
        EXPECT_EQ(result.test_status, 0) << entry.path();
        EXPECT_TRUE(result.diagnostics.empty()) << testing::rendered(result);
        const int objects =
            result.config.vrrp_instances_size() + result.config.virtual_servers_size();
        EXPECT_GT(objects, 0) << entry.path();
        ++seen;
    }
    EXPECT_GE(seen, 7);
}

}  // namespace
}  // namespace holdfast::config
