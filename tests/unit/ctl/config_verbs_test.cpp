// convert, diff, show config and completion, as far as no daemon is needed.
#include "ctl/completion.hpp"
#include "ctl/settings_list.hpp"
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

TEST_F(ConfigVerbs, DefaultsComeFromTheModel) {
    const Outcome outcome = run({"show", "config", "--defaults"});
    EXPECT_EQ(outcome.status, kOk);
    EXPECT_TRUE(outcome.out.starts_with("OBJECT")) << outcome.out;
    EXPECT_FALSE(setting_defaults().empty());
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
}

TEST(Completion, IsAScriptOfTheShell) {
    EXPECT_NE(run({"completion", "bash"}).out.find("complete -o default"), std::string::npos);
    EXPECT_EQ(run({"completion", "fish"}).status, kUsage);
}

}  // namespace
}  // namespace holdfast::ctl::tests
