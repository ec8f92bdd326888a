// What we say about scripts and tracked objects where keepalived is silent: exact texts.
#include <gtest/gtest.h>

#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config {
namespace {

constexpr const char* kInstance =
    "vrrp_instance VI_1 {\n"
    "    interface eth0\n"
    "    virtual_router_id 51\n"
    "    virtual_ipaddress {\n"
    "        192.0.2.1/24\n"
    "    }\n"
    "}\n";

using testing::MemoryFiles;

/// The text of the findings of a configuration, without source lines.
std::string findings_of(const std::string& text, MemoryFiles files = MemoryFiles()) {
    const testing::FakeHost host;
    files.files["/etc/keepalived/keepalived.conf"] = text;
    const LoadResult result = load(testing::request_for(host), files);
    std::string all;
    for (const Diagnostic& found : result.diagnostics) {
        all += std::string(to_text(found.severity)) + ": " + found.text;
        if (!found.hint.empty()) all += " [" + found.hint + "]";
        all += "\n";
    }
    return all;
}

std::string secured(const std::string& user, const std::string& rest) {
    return "global_defs {\nenable_script_security\nscript_user " + user + "\n}\n" + rest;
}

std::string tracked_script(const std::string& program) {
    return "vrrp_script check {\nscript " + program +
           "\n}\nvrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\n"
           "virtual_ipaddress {\n192.0.2.1/24\n}\ntrack_script {\ncheck\n}\n}\n";
}

TEST(ScriptFindings, NameObjectsThatNobodyUses) {
    EXPECT_EQ(findings_of(secured("root", "vrrp_script forgotten {\nscript /usr/bin/true\n}\n") +
                          kInstance),
              "warning: nothing uses vrrp_script forgotten; it never runs\n");
}

TEST(ScriptFindings, SayNothingOfAScriptThatIsTracked) {
    EXPECT_EQ(findings_of(secured("root", tracked_script("/usr/bin/true"))), "");
}

TEST(ScriptFindings, SayThatAProgramIsMissing) {
    EXPECT_EQ(findings_of(secured("root", tracked_script("/opt/check"))),
              "error: there is no program /opt/check; the script is disabled\n");
}

TEST(ScriptFindings, SayHowAProgramBecomesExecutable) {
    MemoryFiles files;
    files.files["/opt/check"] = "#!/bin/sh\n";
    EXPECT_EQ(findings_of(secured("root", tracked_script("/opt/check")), files),
              "error: /opt/check is not executable; the script is disabled "
              "[chmod +x /opt/check]\n");
}

TEST(ScriptFindings, SayThatAProgramOrItsFolderIsClosedToItsUser) {
    MemoryFiles files;
    files.programs.insert("/opt/check");
    files.modes["/opt/check"] = 0700;
    const std::string text = secured("nobody", tracked_script("/opt/check"));
    EXPECT_EQ(findings_of(text, files),
              "error: user nobody may not run /opt/check; the script is disabled [let it read and "
              "run the file and enter its folders, or say another user]\n");
    files.modes["/opt/check"] = 0755;
    files.files["/opt"] = "";
    files.modes["/opt"] = 0700;
    EXPECT_EQ(findings_of(text, files),
              "error: user nobody may not run /opt/check: /opt is closed to it; the script is "
              "disabled [let it read and run the file and enter its folders, or say another "
              "user]\n");
    files.modes["/opt"] = 0750;  // perhaps an access control list lets it in
    EXPECT_EQ(findings_of(text, files),
              "warning: user nobody can perhaps not run /opt/check: /opt is closed to it [let it "
              "read and run the file and enter its folders, or say another user]\n");
    EXPECT_EQ(findings_of(secured("root", tracked_script("/opt/check")), files), "");
}

TEST(ScriptFindings, KnowWhatAServiceOfAGroupLooksAt) {
    EXPECT_EQ(findings_of("track_file level {\nfile /run/level\n}\nvirtual_server_group g {\n"
                          "192.0.2.1 80\n}\nvirtual_server group g {\nprotocol TCP\nlvs_sched rr\n"
                          "lvs_method NAT\nreal_server 192.0.2.2 80 {\nFILE_CHECK {\n"
                          "track_file level\n}\n}\n}\n")
                  .find("nothing uses"),
              std::string::npos);
}

TEST(ScriptFindings, KnowTheInterfaceOfTheSyncDaemon) {
    EXPECT_NE(findings_of("global_defs {\nlvs_sync_daemon eht0\n}\n")
                  .find("lvs_sync_daemon: there is no interface eht0"),
              std::string::npos);
}

TEST(ScriptFindings, WarnOfAProgramThatAnybodyCanChange) {
    MemoryFiles files;
    files.programs.insert("/opt/check");
    files.open_to_all.insert("/opt/check");
    EXPECT_EQ(findings_of(secured("nobody", tracked_script("/opt/check")), files),
              "warning: anybody can change /opt/check\n");
}

TEST(ScriptFindings, WarnOfAProgramForRootThatOthersCanChange) {
    MemoryFiles files;
    files.programs.insert("/opt/check");
    files.unsafe.insert("/opt/check");
    EXPECT_EQ(
        findings_of("global_defs {\nscript_user root\n}\n" + tracked_script("/opt/check"), files),
        "warning: /opt/check would run as root, but others can change it or its folders\n"
        "error: scripts are configured without enable_script_security "
        "[write enable_script_security into global_defs]\n");
}

TEST(ScriptFindings, KnowUsersOfNearlyTheSameName) {
    EXPECT_EQ(findings_of("global_defs {\nscript_user nobdy\n}\n"),
              "error: there is no user 'nobdy' [did you mean nobody?]\n");
    EXPECT_EQ(findings_of(secured("root",
                                  "vrrp_script check {\nscript /usr/bin/true\n"
                                  "user nobdy\n}\n")),
              "error: vrrp_script check: there is no user nobdy ; it is dropped "
              "[did you mean nobody?]\n");
}

TEST(ScriptFindings, SendArgumentsOutsideOfTheQuotesIntoThem) {
    EXPECT_EQ(findings_of(secured("root",
                                  "global_defs {\nstartup_script /usr/bin/true argument\n"
                                  "}\n")),
              "warning: startup_script: there is no user 'argument'; the script is dropped "
              "[put the command and its arguments into one pair of quotes]\n");
}

TEST(ScriptFindings, WarnOfEscapedQuotesThatOnceKeptWordsTogether) {
    const std::string warning =
        "warning: script: \\\" is a character of the command and keeps no words together, unlike "
        "in "
        "keepalived 2.2 [write '...' within \"...\" for words that belong together]\n";
    EXPECT_EQ(
        findings_of(secured("root", tracked_script("\"/bin/sh -c \\\"[ ! -e /etc/down ]\\\"\""))),
        warning);
    EXPECT_EQ(findings_of(secured("root", tracked_script("\"/bin/sh -c '[ ! -e /etc/down ]'\""))),
              "");
}

TEST(ScriptFindings, KnowTheInstanceThatTheSyncDaemonShouldFollow) {
    EXPECT_EQ(
        findings_of("global_defs {\nlvs_sync_daemon eth0 VI_l id 5\n}\n" + std::string(kInstance)),
        "warning: lvs_sync_daemon is accepted, not carried out yet\n"
        "warning: lvs_sync_daemon: there is no vrrp_instance VI_l [did you mean VI_1?]\n");
}

TEST(ScriptFindings, NameSessionsThatNobodyUses) {
    EXPECT_EQ(findings_of("bfd_instance peer {\nneighbor_ip 192.0.2.2\n}\n"),
              "warning: bfd_instance is accepted, not carried out yet\n"
              "warning: nothing uses bfd_instance peer; nobody hears of its session\n");
}

}  // namespace
}  // namespace holdfast::config
