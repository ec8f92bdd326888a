#include "supervisor/notifications.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace holdfast::supervisor {
namespace {

config::v1::VrrpInstance instance() {
    config::v1::VrrpInstance made;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        R"pb(
            name: "VI_1"
            notify {
              to_active { argv: "/n.sh" argv: "master" }
              to_fault { argv: "/f.sh" }
              any { argv: "/any.sh" }
            }
        )pb",
        &made));
    return made;
}

TEST(Notifications, AddNothingToTheSpecificScript) {
    const auto scripts = notifications_of(instance(), NotifyState::active, 150);
    ASSERT_EQ(scripts.size(), 2U);
    EXPECT_EQ(scripts[0].script.argv(1), "master");
    EXPECT_TRUE(scripts[0].added.empty());
    EXPECT_EQ(scripts[1].added, (std::vector<std::string>{"INSTANCE", "VI_1", "MASTER", "150"}));
}

TEST(Notifications, TellARemovalAsFaultToWhoDoesNotKnowIt) {
    EXPECT_EQ(removal_state(instance().notify()), NotifyState::fault);
}

TEST(Notifications, TellARemovalByItsOwnScript) {
    config::v1::VrrpInstance made = instance();
    made.mutable_notify()->mutable_deleted()->add_argv("/d.sh");
    ASSERT_EQ(removal_state(made.notify()), NotifyState::deleted);
    const auto scripts = notifications_of(made, NotifyState::deleted, 100);
    ASSERT_EQ(scripts.size(), 2U);
    EXPECT_EQ(scripts[0].script.argv(0), "/d.sh");
    EXPECT_EQ(scripts[1].added[2], "DELETED");
}

TEST(Notifications, OfALowerPriorityRunOnlyTheirOwnScript) {
    config::v1::VrrpInstance made = instance();
    EXPECT_TRUE(notifications_of(made, NotifyState::lower_priority_heard, 100).empty());
    made.mutable_notify()->mutable_lower_priority_heard()->add_argv("/l.sh");
    const auto scripts = notifications_of(made, NotifyState::lower_priority_heard, 100);
    ASSERT_EQ(scripts.size(), 1U);
    EXPECT_EQ(scripts[0].script.argv(0), "/l.sh");
    EXPECT_TRUE(scripts[0].added.empty());
}

TEST(Notifications, OfAPriorityRunNothing) {
    EXPECT_TRUE(notifications_of(instance(), NotifyState::active_priority, 100).empty());
    EXPECT_TRUE(notifications_of(instance(), NotifyState::backup_priority, 100).empty());
}

TEST(Notifications, OfAGroupHavePriorityZero) {
    config::v1::VrrpSyncGroup group;
    group.set_name("VG");
    group.mutable_notify()->mutable_any()->add_argv("/any.sh");
    const auto scripts = notifications_of(group, NotifyState::backup);
    ASSERT_EQ(scripts.size(), 1U);
    EXPECT_EQ(scripts[0].added, (std::vector<std::string>{"GROUP", "VG", "BACKUP", "0"}));
}

TEST(Notifications, AreNoneWhereNothingIsConfigured) {
    EXPECT_TRUE(notifications_of(config::v1::VrrpInstance(), NotifyState::stop, 1).empty());
}

}  // namespace
}  // namespace holdfast::supervisor
