// Every keyword of keywords.tsv leads to a field, and takes and refuses what keepalived does.
// keyword_samples.hpp explains the files.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "lib/config/model_index.hpp"
#include "lib/core/text.hpp"
#include "proto/config.pb.h"
#include "tests/unit/config/keyword_samples.hpp"
#include "tests/unit/config/memory_access.hpp"
#include "tests/unit/config/written_config.hpp"

namespace holdfast::config {
namespace {

namespace fs = std::filesystem;
using testing::KeywordRow;
using testing::kKeywordFolder;
using testing::Sample;

std::string content(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

void compare_with_file(const std::string& text, const fs::path& file) {
    if (std::getenv("HOLDFAST_REWRITE") != nullptr) std::ofstream(file) << text;
    EXPECT_EQ(text, content(file)) << file;
}

std::set<std::string> keywords_without_field() {
    std::set<std::string> missing;
    for (const auto& columns : testing::table(kKeywordFolder / "missing.txt")) {
        missing.insert(columns.at(0) + "\t" + columns.at(1));
    }
    return missing;
}

/// Samples of keywords that have a field; the verdict on others says nothing.
const std::vector<Sample>& samples() {
    static const auto kSamples = [] {
        const auto missing = keywords_without_field();
        std::vector<Sample> all = testing::all_samples();
        std::erase_if(all, [&](const Sample& sample) {
            return missing.contains(sample.block + "\t" + sample.keyword);
        });
        return all;
    }();
    return kSamples;
}

std::set<std::string> classes_of(const LoadResult& result, Severity at_least) {
    std::set<std::string> classes;
    for (const Diagnostic& found : result.diagnostics) {
        if (found.severity <= at_least) classes.insert(found.class_name);
    }
    return classes;
}

bool is_old_name(const Sample& sample) {
    const auto field = testing::field_of(sample.block, sample.keyword);
    return field && field->deprecated;
}

/// An old name that its -t does not let pass.
bool keepalived_complains(const Sample& sample) {
    const auto field = testing::field_of(sample.block, sample.keyword);
    if (!field || !field->deprecated) return false;
    const auto& silent = field->setting->renamed();
    return std::ranges::find(silent, sample.keyword) == silent.end();
}

int expected_status(const Sample& sample) {
    if (sample.missing_word_ends) return 2;
    return sample.accepted && !keepalived_complains(sample) ? 0 : 5;
}

TEST(Keywords, AllLeadToAField) {
    std::string missing;
    for (const KeywordRow& row : testing::keyword_rows()) {
        if (testing::field_of(row)) continue;
        missing += row.name() + "\n";
    }
    compare_with_file(missing, kKeywordFolder / "missing.txt");
}

TEST(Keywords, AllHaveASampleThatIsAccepted) {
    std::set<std::string> accepted = keywords_without_field();
    for (const Sample& sample : samples()) {
        if (sample.accepted || is_old_name(sample))
            accepted.insert(sample.block + "\t" + sample.keyword);
    }
    for (const KeywordRow& row : testing::keyword_rows()) {
        EXPECT_TRUE(accepted.contains(row.name())) << row.name();
    }
}

TEST(Keywords, BareBlocksAreWithoutErrors) {
    for (const auto& columns : testing::table(kKeywordFolder / "blocks.tsv")) {
        const std::string text = testing::bare_block(columns.at(0));
        const LoadResult result = testing::load_text(text);
        EXPECT_TRUE(classes_of(result, Severity::error).empty())
            << text << testing::rendered(result);
    }
}

TEST(Keywords, DerivedSamplesGetTheVerdictOfTheTable) {
    for (const Sample& sample : samples()) {
        if (!sample.derived) continue;
        const LoadResult result = testing::load_text(sample.text);
        auto errors = classes_of(result, Severity::error);
        const std::string shown = sample.title() + "\n" + sample.text + testing::rendered(result);
        if (is_old_name(sample) && (sample.words != "-" || sample.accepted)) {
            EXPECT_TRUE(classes_of(result, Severity::warning).contains("deprecated")) << shown;
            if (keepalived_complains(sample)) errors.erase("deprecated");
        }
        EXPECT_EQ(errors.empty(), sample.accepted) << shown;
        EXPECT_EQ(result.test_status, expected_status(sample)) << shown;
    }
}

TEST(Keywords, WrittenSamplesGetTheirFindings) {
    for (const Sample& sample : samples()) {
        if (sample.derived) continue;
        const LoadResult result = testing::load_text(sample.text);
        const std::set<std::string> wanted(sample.classes.begin(), sample.classes.end());
        const std::string shown = sample.title() + "\n" + sample.text + testing::rendered(result);
        for (const std::string& found : classes_of(result, Severity::error)) {
            EXPECT_TRUE(wanted.contains(found)) << found << " in " << shown;
        }
        const auto all = classes_of(result, Severity::note);
        for (const std::string& found : wanted) {
            EXPECT_TRUE(all.contains(found)) << "no " << found << " in " << shown;
        }
    }
}

TEST(Keywords, ValuesArriveInTheirFields) {
    for (const Sample& sample : samples()) {
        if (sample.fields.empty()) continue;
        const v1::Config config = testing::written_config(sample.text);
        for (const auto& [path, value] : sample.fields) {
            const std::string found =
                path.empty()
                    ? testing::value_at(config, *testing::field_of(sample.block, sample.keyword))
                    : testing::value_at(config, sample.block, path);
            EXPECT_EQ(found, value) << sample.title() << " " << path << "\n" << sample.text;
        }
    }
}

/// Fields that are kept and not carried out, by the file they are declared in.
void collect_accepted_only(const google::protobuf::Descriptor* message,
                           std::map<std::string, std::set<std::string>>& found,
                           std::set<const google::protobuf::Descriptor*>& seen) {
    if (!seen.insert(message).second) return;
    std::string file = message->file()->name();
    file = file.substr(file.rfind('/') + 1);
    auto& names = found[file.substr(0, file.find('.'))];
    for (int i = 0; i < message->field_count(); ++i) {
        const auto* field = message->field(i);
        if (setting_of(field).accepted_only()) names.insert(message->name() + "." + field->name());
        if (field->message_type() != nullptr) {
            collect_accepted_only(field->message_type(), found, seen);
        }
    }
}

TEST(Keywords, WhatIsNotCarriedOutIsCounted) {
    std::map<std::string, std::set<std::string>> found;
    std::set<const google::protobuf::Descriptor*> seen;
    collect_accepted_only(v1::Config::descriptor(), found, seen);
    for (const auto& [file, names] : found) {
        std::string text;
        for (const std::string& name : names) text += name + "\n";
        const fs::path recorded = kKeywordFolder / "accepted_only" / (file + ".txt");
        if (!text.empty() || fs::exists(recorded)) compare_with_file(text, recorded);
    }
}

}  // namespace
}  // namespace holdfast::config
