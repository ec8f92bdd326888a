// What is written is read back as it was: recorded configurations.
#include <gtest/gtest.h>

#include <google/protobuf/util/message_differencer.h>

#include <map>

#include "lib/config/legacy_writer.hpp"
#include "lib/config/model_index.hpp"
#include "lib/config/written.hpp"
#include "tests/unit/config/recorded_files.hpp"

namespace holdfast::config {
namespace {

namespace fs = std::filesystem;
using google::protobuf::util::MessageDifferencer;

LoadResult load_again(const std::string& text) {
    const testing::FakeHost host;
    testing::MemoryFiles files(text);
    LoadRequest request = testing::request_for(host);
    request.keep_written = true;
    return load(request, files);
}

std::string difference_of(const google::protobuf::Message& one,
                          const google::protobuf::Message& other) {
    std::string text;
    MessageDifferencer differencer;
    differencer.ReportDifferencesToString(&text);
    return differencer.Compare(one, other) ? std::string() : text;
}

/// A message whose settings stand in the block around it counts only when one of them is set.
void drop_empty_holders(google::protobuf::Message& message) {
    const auto* reflection = message.GetReflection();
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    reflection->ListFields(message, &fields);
    for (const auto* field : fields) {
        if (field->message_type() == nullptr) continue;
        if (field->is_repeated()) {
            for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
                drop_empty_holders(*reflection->MutableRepeatedMessage(&message, field, i));
            }
            continue;
        }
        auto& inner = *reflection->MutableMessage(&message, field);
        drop_empty_holders(inner);
        if (inner.ByteSizeLong() == 0 && !setting_of(field).has_keyword()) {
            reflection->ClearField(&message, field);
        }
    }
}

v1::Config comparable(v1::Config config) {
    drop_empty_holders(config);
    return config;
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

}  // namespace
}  // namespace holdfast::config
