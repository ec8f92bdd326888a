#include "supervisor/notifier.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace holdfast::supervisor {
namespace {

using messages::v1::InstanceEvent;

/// A notifier whose scripts are one shell program that writes down how it was called.
class NotifierTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "notifier-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        std::ofstream(folder_ + "/n.sh") << "#!/bin/sh\necho \"$*\" >> " + folder_ + "/calls\n";
        std::filesystem::permissions(folder_ + "/n.sh", std::filesystem::perms::all);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::string script(const std::string& field, const std::string& word) const {
        return field + " { argv: \"" + folder_ + "/n.sh\" argv: \"" + word + "\" } ";
    }
    void use(const std::string& objects) {
        auto config = std::make_shared<LoadedConfig>();
        config->generation = ++generation_;
        ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(objects, &config->own));
        config->own.mutable_global()->set_script_user(std::to_string(::getuid()));
        notifier_.use(config, FileRights());
    }
    void use_router(const std::string& more = "") {
        use("vrrp_instances { id: 7 name: 'VI_1' notify { " + script("to_active", "active") +
            script("to_fault", "fault") + script("any", "any") +
            script("lower_priority_heard", "lower") + more + " } }");
    }
    void tell(messages::v1::VrrpState state, InstanceEvent::What what) {
        InstanceEvent event;
        event.set_instance_id(7);
        event.set_new_state(state);
        event.set_priority(150);
        event.set_what(what);
        ASSERT_TRUE(notifier_.take(event).ok());
        loop_.run_until([this] { return notifier_.scripts().idle(); });
    }
    /// In any order: the two scripts of one event start together.
    [[nodiscard]] std::multiset<std::string> calls() const {
        std::ifstream file(folder_ + "/calls");
        std::multiset<std::string> lines;
        for (std::string line; std::getline(file, line);) lines.insert(line);
        return lines;
    }

    loop::Loop loop_;
    std::unique_ptr<log::Logger> log_ = log::make_null_logger();
    std::string folder_;
    std::uint64_t generation_ = 0;
    std::vector<std::string> subjects_;
    Notifier notifier_{loop_, *log_, [this](core::ObjectId, const MailText& text) {
                           subjects_.push_back(text.subject);
                       }};
};

using Calls = std::multiset<std::string>;

TEST_F(NotifierTest, RunsBothScriptsOfAState) {
    use_router();
    tell(messages::v1::VRRP_ACTIVE, InstanceEvent::STATE_CHANGED);
    EXPECT_EQ(calls(), (Calls{"active", "any INSTANCE VI_1 MASTER 150"}));
}

TEST_F(NotifierTest, RunsThemAgainWhenTheRouterReassertsItself) {
    use_router();
    tell(messages::v1::VRRP_ACTIVE, InstanceEvent::REASSERTED);
    EXPECT_EQ(calls(), (Calls{"active", "any INSTANCE VI_1 MASTER 150"}));
}

TEST_F(NotifierTest, RunsNothingForAPriority) {
    use_router();
    tell(messages::v1::VRRP_ACTIVE, InstanceEvent::PRIORITY_CHANGED);
    tell(messages::v1::VRRP_BACKUP, InstanceEvent::PRIORITY_CHANGED);
    EXPECT_EQ(calls(), Calls());
}

TEST_F(NotifierTest, RunsOnlyItsOwnScriptForAnAdvertisementOfLowerPriority) {
    use_router();
    tell(messages::v1::VRRP_ACTIVE, InstanceEvent::LOWER_PRIORITY_HEARD);
    EXPECT_EQ(calls(), (Calls{"lower"}));
}

TEST_F(NotifierTest, TellsARemovedRouterAsFault) {
    use_router();
    use("");
    tell(messages::v1::VRRP_INITIALIZE, InstanceEvent::STATE_CHANGED);
    EXPECT_EQ(calls(), (Calls{"fault", "any INSTANCE VI_1 FAULT 150"}));
}

TEST_F(NotifierTest, TellsARemovedRouterByItsOwnScript) {
    use_router(script("deleted", "gone"));
    use("");
    tell(messages::v1::VRRP_INITIALIZE, InstanceEvent::STATE_CHANGED);
    EXPECT_EQ(calls(), (Calls{"gone", "any INSTANCE VI_1 DELETED 150"}));
}

TEST_F(NotifierTest, TellsTheStopOfEverythingAsStop) {
    use_router(script("deleted", "gone") + script("to_stop", "stop"));
    notifier_.stopping();
    tell(messages::v1::VRRP_INITIALIZE, InstanceEvent::STATE_CHANGED);
    EXPECT_EQ(calls(), (Calls{"stop", "any INSTANCE VI_1 STOP 150"}));
}

TEST_F(NotifierTest, MailsAStateOnceUntilItChanges) {
    use("global { router_id: 'n1' } vrrp_instances { id: 7 name: 'VI_1' smtp_alert: true }");
    tell(messages::v1::VRRP_ACTIVE, InstanceEvent::STATE_CHANGED);
    tell(messages::v1::VRRP_ACTIVE, InstanceEvent::REASSERTED);
    tell(messages::v1::VRRP_ACTIVE, InstanceEvent::LOWER_PRIORITY_HEARD);
    tell(messages::v1::VRRP_FAULT, InstanceEvent::STATE_CHANGED);
    EXPECT_EQ(subjects_,
              (std::vector<std::string>{"[n1] VRRP Instance VI_1 - Entering MASTER state",
                                        "[n1] VRRP Instance VI_1 - Entering FAULT state"}));
}

TEST_F(NotifierTest, WithoutMailsAboutFaultsIsSilentAboutThem) {
    use("global { router_id: 'n1' no_email_faults: true }"
        "vrrp_instances { id: 7 name: 'VI_1' smtp_alert: true }");
    using messages::v1::VRRP_BACKUP;
    using messages::v1::VRRP_FAULT;
    for (const auto state : {VRRP_BACKUP, VRRP_FAULT, VRRP_BACKUP}) {
        tell(state, InstanceEvent::STATE_CHANGED);
    }
    EXPECT_EQ(subjects_,
              (std::vector<std::string>{"[n1] VRRP Instance VI_1 - Entering BACKUP state"}))
        << "the backup after the fault is the one before it";
}

TEST_F(NotifierTest, MailsAboutServersWhoseStateChanges) {
    use("global { router_id: 'n1' } virtual_servers { id: 5 name: 'VS' smtp_alert: true"
        " servers { id: 6 name: 'RS' smtp_alert: true } }");
    messages::v1::ServerEvent server;
    server.set_service_id(5);
    server.set_server_id(6);
    ASSERT_TRUE(notifier_.take(server).ok());
    messages::v1::ServiceEvent service;
    service.set_service_id(5);
    ASSERT_TRUE(notifier_.take(service).ok());
    ASSERT_TRUE(notifier_.take(service).ok());
    EXPECT_EQ(subjects_, (std::vector<std::string>{"[n1] Realserver RS of virtual server VS - DOWN",
                                                   "[n1] Virtualserver VS - DOWN"}));
}

TEST_F(NotifierTest, ServersThatAreUpFromTheStartRunTheirScriptAndAreNoMail) {
    use("virtual_servers { id: 5 name: 'VS' servers { id: 6 name: 'RS' smtp_alert: true " +
        script("notify_up", "up") + "} }");
    messages::v1::ServerEvent server;
    server.set_service_id(5);
    server.set_server_id(6);
    server.set_up(true);
    server.set_at_start(true);
    ASSERT_TRUE(notifier_.take(server).ok());
    loop_.run_until([this] { return notifier_.scripts().idle(); });
    EXPECT_EQ(calls(), (Calls{"up"}));
    EXPECT_TRUE(subjects_.empty());
}

TEST_F(NotifierTest, RunsACommandOfTheStartAndGoesOnWhateverItDoes) {
    use("global { startup_script { argv: '/bin/false' } }");
    int ended = 0;
    config::v1::Script script;
    script.add_argv("/bin/false");
    notifier_.run_hook("startup_script", &script, std::chrono::seconds(60), [&] { ++ended; });
    notifier_.run_hook("shutdown_script", nullptr, std::chrono::seconds(60), [&] { ++ended; });
    EXPECT_EQ(ended, 1) << "what is not there is over at once";
    loop_.run_until([&] { return ended == 2; });
}

TEST_F(NotifierTest, RefusesWhatNobodyConfigured) {
    use_router();
    InstanceEvent event;
    event.set_instance_id(8);
    EXPECT_EQ(notifier_.take(event).error().code(), ENOENT);
    event.set_instance_id(7);
    event.set_priority(256);
    EXPECT_EQ(notifier_.take(event).error().code(), ERANGE);
}

}  // namespace
}  // namespace holdfast::supervisor
