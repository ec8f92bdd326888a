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

TEST(Notifications, TellADeletionAsFault) {
    const auto scripts = notifications_of(instance(), NotifyState::deleted, 100);
    ASSERT_EQ(scripts.size(), 2U);
    EXPECT_EQ(scripts[0].script.argv(0), "/f.sh");
    EXPECT_EQ(scripts[1].added[2], "FAULT");
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
