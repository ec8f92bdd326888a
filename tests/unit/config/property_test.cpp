// Random written configurations survive being written and read, in both languages and from one to
// the other. HOLDFAST_SEED=N runs one seed, HOLDFAST_SEEDS=N as many.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "lib/config/convert.hpp"
#include "lib/config/difference.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/written.hpp"
#include "lib/config/yaml/writer.hpp"
#include "tests/unit/config/memory_access.hpp"
#include "tests/unit/config/model_comparison.hpp"
#include "tests/unit/config/random_model.hpp"
#include "tests/unit/config/random_shrink.hpp"

namespace holdfast::config {
namespace {

using testing::comparable;
using testing::difference_of;
using testing::Names;

/// So many seeds take some seconds and reach every field.
constexpr std::uint64_t kSeeds = 1000;
constexpr const char* kFile = "/etc/holdfast/configuration";

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

struct Seeds {
    std::uint64_t first = number_from("HOLDFAST_SEED", 1);
    std::uint64_t last =
        std::getenv("HOLDFAST_SEED") != nullptr ? first : number_from("HOLDFAST_SEEDS", kSeeds);
};

LoadRequest request() {
    LoadRequest request;
    request.file = kFile;
    request.config_id = "node1";
    request.working_folder = "/";
    request.keep_written = true;
    return request;
}

LoadResult load_text(const std::string& text) {
    testing::MemoryFiles files;
    files.files[kFile] = text;
    return load(request(), files);
}

Conversion convert_text(const std::string& text, Language to) {
    testing::MemoryFiles files;
    files.files[kFile] = text;
    return convert(request(), files, to);
}

/// What was expected and is not so; empty when all is well.
using Complaint = std::string;

/// A text of this model, read, is the model again.
Complaint lost_in(const v1::Config& model, const std::string& text,
                  const std::vector<std::string>& problems, const LoadResult& read,
                  Language language) {
    if (!problems.empty()) return "not written: " + problems.front() + "\n";
    const std::string lost = difference_of(comparable(model), comparable(read.written->config));
    if (!lost.empty()) return lost + text + testing::rendered(read);
    const Difference changes = difference(model, read.written->config, language);
    return changes.empty() ? std::string() : "difference() says\n" + render(changes) + text;
}

Complaint lost_in_yaml(const v1::Config& model) {
    const YamlOutput written = write_yaml(model);
    return lost_in(model, written.text, written.problems, load_text(written.text), Language::yaml);
}

Complaint lost_in_legacy(const v1::Config& model) {
    const LegacyOutput written = write_legacy(model);
    return lost_in(model, written.text, written.problems, load_text(written.text),
                   Language::legacy);
}

/// convert puts an empty line between statements of the top level.
std::string without_empty_lines(std::string text) {
    const auto again = [](char one, char other) { return one == '\n' && other == '\n'; };
    text.erase(std::unique(text.begin(), text.end(), again), text.end());
    return text;
}

/// keepalived.conf, converted to YAML and back, is the same text and the same resolved octets.
Complaint lost_in_conversion(const v1::Config& model) {
    const std::string before = without_empty_lines(write_legacy(model).text);
    const Conversion yaml = convert_text(before, Language::yaml);
    const Conversion after = convert_text(yaml.text, Language::legacy);
    const bool same = before == without_empty_lines(after.text);
    if (same && yaml.faithful && after.faithful) return {};
    Complaint complaint = same ? "the resolved octets differ\n" : "";
    for (const Conversion* conversion : {&yaml, &after}) {
        for (const Diagnostic& found : conversion->report) complaint += render(found);
    }
    return complaint + difference_of(load_text(before).config, load_text(yaml.text).config) +
           before + "---\n" + yaml.text + "---\n" + after.text;
}

/// What YAML does not say, or says in another place.
v1::Config said_in_yaml(v1::Config model) {
    model.mutable_global()->clear_random_seed();  // these two steer how keepalived.conf is read
    model.mutable_global()->clear_include_check();
    for (auto& service : *model.mutable_virtual_servers()) {
        auto& key = *service.mutable_key();
        // Without a word YAML means TCP, keepalived UDP; the port is 0 where none is written.
        if (!key.has_fwmark() && !key.has_protocol()) key.set_protocol(v1::UDP);
        if (key.has_address() && !key.has_port()) key.set_port(0);
    }
    for (auto& instance : *model.mutable_vrrp_instances()) {
        // A vmac is switched on by its map.
        if (!instance.vmac().enabled()) instance.clear_vmac();
        // More than the octets that count is refused.
        if (!instance.authentication().password().empty()) {
            auto& password = *instance.mutable_authentication()->mutable_password();
            password.resize(std::min<std::size_t>(password.size(), 8));
        }
    }
    return comparable(model);
}

Complaint lost_of_both(const v1::Config& model) {
    if (Complaint lost = lost_in_legacy(model); !lost.empty()) return lost;
    const v1::Config in_yaml = said_in_yaml(model);
    if (Complaint lost = lost_in_yaml(in_yaml); !lost.empty()) return lost;
    return lost_in_conversion(in_yaml);
}

void run(Language language, Complaint (*lost)(const v1::Config&),
         const std::map<std::string, std::string>& exceptions) {
    Names drawn;
    for (Seeds seed; seed.first <= seed.last; ++seed.first) {
        const v1::Config model = testing::RandomModel(seed.first, language).config();
        testing::add_names(model, drawn);
        if (lost(model).empty()) continue;
        const auto small = testing::shrunk(
            model, language, [&](const v1::Config& other) { return !lost(other).empty(); });
        ADD_FAILURE() << "seed " << seed.first << ", made smaller:\n"
                      << lost(small) << "---\n"
                      << small.DebugString();
        if (std::getenv("HOLDFAST_GO_ON") == nullptr) return;
    }
    if (std::getenv("HOLDFAST_SEED") != nullptr) return;
    Names missing;
    const Names wanted = testing::written_names(language);
    std::ranges::set_difference(wanted, drawn, std::inserter(missing, missing.end()));
    ::testing::Test::RecordProperty("names_drawn",
                                    static_cast<int>(wanted.size() - missing.size()));
    for (const auto& [name, reason] : exceptions) {
        EXPECT_EQ(missing.erase(name), 1U) << name << " is drawn, and need be no exception";
    }
    std::string list;
    for (const std::string& name : missing) list += "\n  " + name;
    EXPECT_TRUE(missing.empty()) << "never drawn:" << list;
}

TEST(RandomModels, SurviveBothLanguagesAndConversion) {
    run(Language::legacy, lost_of_both,
        {{"holdfast.config.v1.FLUSH_SINGLY", "what is said by saying nothing"},
         {"holdfast.config.v1.OLD_CHECKSUM_AUTOMATIC", "what is said by saying nothing"}});
}

TEST(RandomModels, OfWhatOnlyYamlCanSaySurviveYaml) {
    run(Language::yaml, [](const v1::Config& model) { return lost_in_yaml(said_in_yaml(model)); },
        {});
}

}  // namespace
}  // namespace holdfast::config
