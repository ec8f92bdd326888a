// convert, diff, show config and completion, as far as no daemon is needed.
#include <unistd.h>

#include "ctl/completion.hpp"
#include "ctl/written_text.hpp"
#include "tests/unit/ctl/run.hpp"

namespace holdfast::ctl::tests {
namespace {

constexpr const char* kRouter = R"(global_defs {
    dynamic_interfaces
}
vrrp_instance A {
    interface holdfast9
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        192.0.2.10
    }
}
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
}

class ConfigVerbs : public ::testing::Test {
  protected:
    [[nodiscard]] std::string router() const { return folder_.write("a.conf", kRouter); }
    [[nodiscard]] std::string read(const std::string& name) const {
        std::ifstream file(folder_.path(name));
        return {std::istreambuf_iterator<char>(file), {}};
    }
    Folder folder_;
};

TEST_F(ConfigVerbs, ConvertGivesAConfigurationThatMeansTheSame) {
    const std::string file = router();
    const Outcome yaml = run({"convert", file});
    ASSERT_EQ(yaml.status, kOk) << yaml.complaints;
    EXPECT_TRUE(yaml.out.starts_with("version: 1\n")) << yaml.out;
    const std::string other = folder_.write("a.yaml", yaml.out);
    EXPECT_EQ(run({"diff", file, other}).out, "");
    EXPECT_EQ(run({"diff", file, other}).status, kOk);
    const Outcome back = run({"convert", other});
    EXPECT_NE(back.out.find("vrrp_instance A {"), std::string::npos) << back.out;
    EXPECT_EQ(run({"convert", other, "--to", "yaml"}).out, yaml.out);
}

TEST_F(ConfigVerbs, ConvertWritesAFileThatOnlyItsOwnerReads) {
    const std::string target = folder_.path("out.yaml");
    ASSERT_EQ(run({"convert", router(), "-o", target}).status, kOk);
    EXPECT_TRUE(read("out.yaml").starts_with("version: 1\n"));
    const auto mode = std::filesystem::status(target).permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_EQ(run({"convert", router(), "-o", folder_.path("no/such")}).status, kRefused);
}

TEST_F(ConfigVerbs, ConvertOfWhatCannotBeUsedIsRefused) {
    const Outcome outcome = run({"convert", folder_.path("gone")});
    EXPECT_EQ(outcome.status, kRefused);
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.complaints.find("there is no such file"), std::string::npos);
    EXPECT_EQ(run({"convert"}).status, kUsage);
}

TEST_F(ConfigVerbs, DiffNamesObjectAndSetting) {
    const std::string other =
        folder_.write("b.conf", replaced(kRouter, "priority 100", "priority 150"));
    const Outcome outcome = run({"diff", router(), other});
    EXPECT_EQ(outcome.status, kNo);
    EXPECT_NE(outcome.out.find("vrrp_instance A"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("150"), std::string::npos) << outcome.out;
    const Outcome machine = run({"diff", "--json", router(), other});
    EXPECT_NE(machine.out.find(R"("setting":"priority","before":"100","after":"150")"),
              std::string::npos)
        << machine.out;
}

TEST_F(ConfigVerbs, DiffAgainstNothingRunningSaysSo) {
    EXPECT_EQ(run({"diff", router(), "--run-dir", "/nonexistent"}).status, kNotRunning);
    EXPECT_EQ(run({"show", "config", "--run-dir", "/nonexistent"}).status, kNotRunning);
}

constexpr const char* kYaml = R"(version: 1
global: {router_id: one}
vrrp:
  dynamic_interfaces: true
  instances:
    A: {interface: holdfast9, virtual_router_id: 51, addresses: [192.0.2.10/32]}
ipvs:
  services:
    web: {listen: ["192.0.2.10:80"], servers: [10.0.0.1]}
)";

TEST_F(ConfigVerbs, DiffOfYamlSpeaksYaml) {
    const std::string before = folder_.write("a.yaml", kYaml);
    const std::string after = folder_.write(
        "b.yaml", replaced(replaced(kYaml, "id: one", "id: \"two\\nlines\""), "id: 51", "id: 52"));
    const Outcome outcome = run({"diff", before, after});
    EXPECT_EQ(outcome.status, kNo);
    EXPECT_NE(outcome.out.find("    global.router_id: one -> \"two\\nlines\""), std::string::npos)
        << outcome.out;
    EXPECT_NE(outcome.out.find("changed vrrp.instances.A"), std::string::npos) << outcome.out;
}

TEST_F(ConfigVerbs, DiffOverlooksNothingThatKeepalivedCannotSay) {
    const std::string before =
        folder_.write("a.yaml", replaced(kYaml, "id: one", "id: \"one\\nline\""));
    const std::string after =
        folder_.write("b.yaml", replaced(kYaml, "id: one", "id: \"two\\nlines\""));
    EXPECT_EQ(run({"diff", before, after}).status, kNo);
    const std::string renamed = folder_.write("c.yaml", replaced(kYaml, "web:", "www:"));
    const std::string legacy = folder_.path("a.conf");
    ASSERT_EQ(run({"convert", renamed, "-o", legacy}).status, kOk);
    EXPECT_EQ(run({"diff", folder_.write("d.yaml", kYaml), legacy}).status, kOk);
}

TEST_F(ConfigVerbs, ReadStandardInput) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const int saved = ::dup(STDIN_FILENO);
    const std::string text = kYaml;
    ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(ends[1]);
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]);
    const Outcome outcome = run({"convert", "-", "--to", "keepalived"});
    ::dup2(saved, STDIN_FILENO);
    ::close(saved);
    EXPECT_EQ(outcome.status, kOk) << outcome.complaints;
    EXPECT_NE(outcome.out.find("vrrp_instance A {"), std::string::npos) << outcome.out;
}

TEST_F(ConfigVerbs, YamlWithErrorsIsNotConverted) {
    const std::string file = folder_.write("a.yaml", replaced(kYaml, "id: 51", "id: 510"));
    const Outcome outcome = run({"convert", file});
    EXPECT_EQ(outcome.status, kRefused);
    EXPECT_EQ(outcome.out, "");
    const std::string ignored = folder_.write("b.conf", std::string(kRouter) + "no_such_word\n");
    EXPECT_EQ(run({"convert", ignored}).status, kNo);
}

TEST(WrittenJson, IsWhatTheSchemaDescribes) {
    config::Written written;
    auto& instance = *written.config.add_vrrp_instances();
    instance.set_name("a.b");
    instance.set_virtual_router_id(51);
    instance.set_advert_interval_us(250'000);
    instance.add_addresses()->set_address(std::string("\xc0\x00\x02\x0a", 4));
    auto& labelled = *instance.add_addresses();
    labelled.set_address(std::string("\xc0\x00\x02\x0b", 4));
    labelled.set_label("012");
    EXPECT_EQ(written_json(written).text(),
              R"({"version":1,"vrrp":{"instances":{"a.b":{"virtual_router_id":51,)"
              R"("advert_interval":"250ms",)"
              R"("addresses":["192.0.2.10",{"address":"192.0.2.11","label":"012"}]}}}})");
}

TEST_F(ConfigVerbs, DefaultsComeFromTheModel) {
    const Outcome yaml = run({"show", "config", "--defaults"});
    EXPECT_EQ(yaml.status, kOk);
    EXPECT_TRUE(yaml.out.starts_with("OBJECT")) << yaml.out;
    EXPECT_NE(yaml.out.find("advert_interval"), std::string::npos);
    EXPECT_EQ(yaml.out.find("advert_int "), std::string::npos);
    const Outcome legacy = run({"show", "config", "--defaults", "--format", "keepalived"});
    EXPECT_NE(legacy.out.find("advert_int "), std::string::npos);
    EXPECT_EQ(legacy.out.find("advert_interval"), std::string::npos);
}

TEST_F(ConfigVerbs, SchemaIsJson) {
    const Outcome outcome = run({"schema"});
    EXPECT_EQ(outcome.status, kOk);
    EXPECT_TRUE(outcome.out.starts_with("{")) << outcome.out.substr(0, 80);
    EXPECT_NE(outcome.out.find("draft-07"), std::string::npos);
}

std::vector<std::string> completed(std::initializer_list<std::string> words) {
    const std::vector<std::string> all(words);
    return completions(all);
}

TEST(Completion, KnowsVerbsTopicsOptionsAndRoles) {
    using Words = std::vector<std::string>;
    EXPECT_EQ(completed({"sh"}), (Words{"show"}));
    EXPECT_EQ(completed({"show", "s"}), (Words{"status", "services"}));
    EXPECT_EQ(completed({"check", "--st"}), (Words{"--strict"}));
    EXPECT_EQ(completed({"restart", "ch"}), (Words{"checkerd"}));
    EXPECT_EQ(completed({"check", ""}), Words{});  // files: the shell knows them
    EXPECT_EQ(completed({"restart", "vrrpd", ""}), Words{});
    EXPECT_EQ(completed({"--run-dir", "/x", "sh"}), (Words{"show"}));
    EXPECT_EQ(completed({"convert", "--to", "k"}), (Words{"keepalived"}));
    EXPECT_EQ(completed({"show", "config", "--format", "=", "y"}), (Words{"yaml"}));
    EXPECT_EQ(completed({"--json", "=", "pretty", "sh"}), (Words{"show"}));
}

TEST(Completion, IsAScriptOfTheShell) {
    EXPECT_NE(run({"completion", "bash"}).out.find("complete -o default"), std::string::npos);
    EXPECT_EQ(run({"completion", "fish"}).status, kUsage);
}

}  // namespace
}  // namespace holdfast::ctl::tests
