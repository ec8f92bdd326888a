// What is written is read back as it was: recorded configurations.
#include <gtest/gtest.h>

#include <map>

#include "lib/config/legacy_writer.hpp"
#include "lib/config/written.hpp"
#include "lib/config/yaml/writer.hpp"
#include "tests/unit/config/keyword_samples.hpp"
#include "tests/unit/config/model_comparison.hpp"
#include "tests/unit/config/recorded_files.hpp"

namespace holdfast::config {
namespace {

namespace fs = std::filesystem;
using testing::comparable;
using testing::comparable_in_yaml;
using testing::difference_of;

LoadResult load_again(const std::string& text) {
    const testing::FakeHost host;
    testing::MemoryFiles files(text);
    LoadRequest request = testing::request_for(host);
    request.keep_written = true;
    return load(request, files);
}

bool has_errors(const LoadResult& result) {
    return result.counts.errors + result.counts.fatal > 0;
}

/// Configurations with mistakes that leave a trace in the model.
const std::map<std::string, std::string> kExceptions = {};

std::vector<fs::path> recorded_configurations() {
    std::vector<fs::path> all;
    for (const char* folder : {"tutorials", "verdicts"}) {
        for (const auto& entry : fs::directory_iterator(testing::kRecordedFolder / folder)) {
            if (entry.path().extension() == ".conf") all.push_back(entry.path());
        }
    }
    return all;
}

TEST(LegacyRoundTrip, KeepsEveryRecordedConfiguration) {
    for (const fs::path& file : recorded_configurations()) {
        if (kExceptions.contains(file.filename())) continue;
        const LoadResult first = testing::load_recorded(file, true);
        const LegacyOutput output = write_legacy(first.written->config);
        EXPECT_TRUE(output.problems.empty()) << file << ": " << output.problems.front();
        const LoadResult second = load_again(output.text);
        EXPECT_EQ(
            difference_of(comparable(first.written->config), comparable(second.written->config)),
            "")
            << file << "\n"
            << output.text << testing::rendered(second);
        EXPECT_EQ(difference_of(comparable(first.config), comparable(second.config)), "")
            << file << "\n"
            << output.text;
    }
}

TEST(LegacyRoundTrip, KeepsTheSampleOfEveryKeyword) {
    for (const testing::Sample& sample : testing::all_samples()) {
        const LoadResult first = load_again(sample.text);
        if (has_errors(first)) continue;
        const LegacyOutput output = write_legacy(first.written->config);
        const LoadResult second = load_again(output.text);
        EXPECT_EQ(
            difference_of(comparable(first.written->config), comparable(second.written->config)),
            "")
            << sample.text << "---\n"
            << output.text << testing::rendered(second);
    }
}

/// Files whose model YAML says otherwise, and why.
const std::map<std::string, std::string> kExceptionsInYaml = {
    {"tool_processes_and_files.conf", "random_seed and include_check steer keepalived.conf only"},
    {"virtual_server_duplicate.conf", "one service is written twice; YAML has two names"},
};

TEST(YamlRoundTrip, KeepsEveryGoodRecordedConfiguration) {
    std::size_t good = 0;
    for (const fs::path& file : recorded_configurations()) {
        const LoadResult first = testing::load_recorded(file, true);
        if (has_errors(first) || kExceptionsInYaml.contains(file.filename())) continue;
        ++good;
        const YamlOutput yaml = write_yaml(first.written->config);
        EXPECT_TRUE(yaml.problems.empty()) << file << ": " << yaml.problems.front();
        const LoadResult second = load_again(yaml.text);
        EXPECT_EQ(difference_of(comparable_in_yaml(first.written->config),
                                comparable_in_yaml(second.written->config)),
                  "")
            << file << "\n"
            << yaml.text << testing::rendered(second);
        EXPECT_EQ(first.config.SerializeAsString(), second.config.SerializeAsString())
            << file << "\n"
            << yaml.text << difference_of(first.config, second.config);
        const LoadResult third = load_again(write_legacy(second.written->config).text);
        EXPECT_EQ(first.config.SerializeAsString(), third.config.SerializeAsString()) << file;
    }
    EXPECT_GT(good, 30U);
}

TEST(YamlRoundTrip, KeepsTheSampleOfEveryKeyword) {
    for (const testing::Sample& sample : testing::all_samples()) {
        const LoadResult first = load_again(sample.text);
        if (has_errors(first)) continue;
        const YamlOutput yaml = write_yaml(first.written->config);
        const LoadResult second = load_again(yaml.text);
        EXPECT_EQ(difference_of(comparable_in_yaml(first.written->config),
                                comparable_in_yaml(second.written->config)),
                  "")
            << sample.text << "---\n"
            << yaml.text << testing::rendered(second);
    }
}

}  // namespace
}  // namespace holdfast::config
