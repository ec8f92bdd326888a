#include "ctl/check.hpp"

#include <sys/stat.h>

#include "tests/unit/ctl/run.hpp"

namespace holdfast::ctl::tests {
namespace {

constexpr const char* kGood = R"(global_defs {
    dynamic_interfaces
}
vrrp_instance A {
    interface holdfast9
    virtual_router_id 51
    virtual_ipaddress {
        192.0.2.10
    }
}
)";

class Check : public ::testing::Test {
  protected:
    Folder folder_;
};

TEST_F(Check, OfAGoodFileIsZero) {
    const std::string file = folder_.write("a.conf", kGood);
    const Outcome outcome = run({"check", file});
    EXPECT_EQ(outcome.status, kOk);
    EXPECT_EQ(outcome.out, file + ": no findings\n");
    EXPECT_EQ(outcome.complaints, "");
}

TEST_F(Check, FailsOnErrorsAndShowsThem) {
    const std::string file = folder_.write("a.conf", "vrrp_instanze A\n");
    const Outcome outcome = run({"check", file});
    EXPECT_EQ(outcome.status, kRefused);
    EXPECT_EQ(outcome.out, file +
                               ":1:1: error: unknown keyword 'vrrp_instanze' in the top level\n"
                               "    1 | vrrp_instanze A\n"
                               "      | ^~~~~~~~~~~~~ did you mean vrrp_instance?\n"
                               "1 error; keepalived would exit with 5\n");
}

TEST_F(Check, WarningsFailOnlyWhenStrict) {
    const std::string file = folder_.write("a.conf", std::string("include gone.conf\n") + kGood);
    EXPECT_EQ(run({"check", file}).status, kOk);
    EXPECT_EQ(run({"check", "--strict", file}).status, kNo);
    EXPECT_EQ(run({"--strict", "check", file}).status, kNo);
}

TEST_F(Check, WhatCannotBeReadIsRefusedWithItsReason) {
    ::mkfifo(folder_.path("fifo").c_str(), 0600);
    std::filesystem::create_directory(folder_.path("folder"));
    const std::pair<std::string, std::string> cases[] = {{"gone", "there is no such file"},
                                                         {"fifo", "is no regular file"},
                                                         {"folder", "is a folder"}};
    for (const auto& [name, why] : cases) {
        const Outcome outcome = run({"check", folder_.path(name)});
        EXPECT_EQ(outcome.status, kRefused) << name;
        EXPECT_NE(outcome.out.find(why), std::string::npos) << outcome.out;
    }
}

TEST_F(Check, OfSeveralFilesGivesTheWorstStatus) {
    const std::string good = folder_.write("good.conf", kGood);
    const std::string bad = folder_.write("bad.conf", "rubbish\n");
    const Outcome outcome = run({"check", bad, good});
    EXPECT_EQ(outcome.status, kRefused);
    EXPECT_NE(outcome.out.find(bad + ":\n"), std::string::npos);
    EXPECT_NE(outcome.out.find(good + ": no findings\n"), std::string::npos);
}

TEST_F(Check, ReadsAFileAsAnyNodeWould) {
    const std::string file = folder_.write("a.conf", std::string("@lb2 rubbish\n") + kGood);
    EXPECT_EQ(run({"check", file, "--node", "lb1"}).status, kOk);
    EXPECT_EQ(run({"check", file, "--node=lb2"}).status, kRefused);
}

TEST_F(Check, OfAnotherNodeDoubtsNoInterface) {
    const std::string file = folder_.write("a.conf",
                                           "vrrp_instance A {\n interface nosuch9\n"
                                           " virtual_router_id 51\n"
                                           " virtual_ipaddress { 192.0.2.10 }\n}\n");
    EXPECT_EQ(run({"check", file, "--node", "elsewhere"}).status, kOk);
    EXPECT_EQ(run({"check", file}).status, kRefused);
}

TEST_F(Check, ShowsTwentyFindingsOrAll) {
    std::string text;
    for (int i = 0; i < 30; ++i) text += "rubbish\n";
    const std::string file = folder_.write("a.conf", text);
    EXPECT_NE(run({"check", file}).out.find("and 10 more: 10 errors; --all shows them\n"),
              std::string::npos);
    EXPECT_EQ(run({"check", file, "--all"}).out.find("more:"), std::string::npos);
}

TEST_F(Check, TellsMachinesEverything) {
    static_cast<void>(folder_.write("part.conf", "rubbish\n"));
    const std::string file = folder_.write("a.conf", "include part.conf\n");
    const Outcome outcome = run({"check", file, "--json"});
    EXPECT_EQ(outcome.status, kRefused);
    const std::string part = folder_.path("part.conf");
    EXPECT_EQ(
        outcome.out,
        R"({"api":"holdfast/1","kind":"check","items":[{"file":")" + part +
            R"(","line":1,"column":1,"severity":"error","class":"unknown_keyword",)"
            R"("object":"the top level rubbish","text":"unknown keyword 'rubbish' in the top level","hint":null,)"
            R"("included_from":[{"file":")" +
            file + R"(","line":1,"column":1}]}],"files":[{"file":")" + file +
            R"(","fatal":0,"errors":1,"warnings":0,"notes":0,"keepalived_status":5,)"
            R"("exit_status":6}]})"
            "\n");
}

TEST_F(Check, ReadsYamlAsWell) {
    const std::string good = folder_.write("good.yaml", "version: 1\n");
    EXPECT_EQ(run({"check", good}).status, kOk) << run({"check", good}).out;
    const std::string bad = folder_.write(
        "bad.yaml", "version: 1\nvrrp:\n  instances:\n    a:\n      virtual_routerid: 51\n");
    const Outcome outcome = run({"check", bad});
    EXPECT_EQ(outcome.status, kRefused);
    EXPECT_NE(outcome.out.find("bad.yaml:5:7: error: "), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("^~~~~~~~~~~~~~~~"), std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.out.find("keepalived would"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace holdfast::ctl::tests
