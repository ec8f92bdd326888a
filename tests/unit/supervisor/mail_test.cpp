#include <gtest/gtest.h>

#include "supervisor/mail_queue.hpp"
#include "supervisor/mail_text.hpp"

namespace holdfast::supervisor {
namespace {

using namespace std::chrono_literals;

TEST(MailText, IsKeepalivedsOfAnInstance) {
    EXPECT_EQ(instance_mail("n1", "web", NotifyState::active),
              (MailText{"[n1] VRRP Instance web - Entering MASTER state",
                        "=> VRRP Instance is now owning VRRP VIPs <="}));
    EXPECT_EQ(instance_mail("n1", "web", NotifyState::fault),
              (MailText{"[n1] VRRP Instance web - Entering FAULT state",
                        "=> VRRP Instance is no longer owning VRRP VIPs <="}));
    EXPECT_EQ(instance_mail("n1", "web", NotifyState::stop),
              (MailText{"[n1] VRRP Instance web - Stopping", "=> VRRP Instance stopping <="}));
    EXPECT_EQ(instance_mail("n1", "web", NotifyState::deleted),
              (MailText{"[n1] VRRP Instance web - Deleted", "=> VRRP Deleted at reload <="}));
}

TEST(MailText, IsKeepalivedsOfAGroupAndOfServices) {
    EXPECT_EQ(group_mail("n1", "all", NotifyState::backup),
              (MailText{"[n1] VRRP Group all - Entering BACKUP state",
                        "=> All VRRP group instances are now in BACKUP state <="}));
    EXPECT_EQ(group_mail("n1", "all", NotifyState::stop).body,
              "=> All VRRP group instances are now stopping <=");
    EXPECT_EQ(service_mail("n1", "[10.0.0.1]:tcp:80", true).subject,
              "[n1] Virtualserver [10.0.0.1]:tcp:80 - UP");
    EXPECT_EQ(server_mail("n1", "[10.0.0.2]:tcp:80", "[10.0.0.1]:tcp:80", false).subject,
              "[n1] Realserver [10.0.0.2]:tcp:80 of virtual server [10.0.0.1]:tcp:80 - DOWN");
}

MailQueue::Item item(std::uint64_t object, const std::string& subject, core::Interval at = {}) {
    return {core::ObjectId{object}, {subject, ""}, core::Instant(at)};
}

std::vector<std::string> subjects(const std::vector<MailQueue::Item>& items) {
    std::vector<std::string> all;
    for (const MailQueue::Item& one : items) all.push_back(one.text.subject);
    return all;
}

using Subjects = std::vector<std::string>;

TEST(MailQueue, KeepsOnlyTheNewestOfAnObject) {
    MailQueue queue;
    queue.push(item(1, "a1"));
    queue.push(item(2, "b1"));
    queue.push(item(1, "a2"));
    EXPECT_EQ(subjects(queue.take(1000)), (Subjects{"b1", "a2"}));
    EXPECT_TRUE(queue.empty());
}

TEST(MailQueue, TakesAsMuchAsFitsAndAtLeastOne) {
    MailQueue queue;
    for (std::uint64_t i = 1; i <= 3; ++i) queue.push(item(i, "12345"));
    EXPECT_EQ(queue.take(10).size(), 2U);
    EXPECT_EQ(queue.take(1).size(), 1U);
}

TEST(MailQueue, ThatIsFullGivesUpTheOldest) {
    MailQueue queue;
    for (std::uint64_t i = 1; i <= MailQueue::kMost; ++i)
        EXPECT_TRUE(queue.push(item(i, "x")).empty());
    EXPECT_EQ(subjects(queue.push(item(100000, "new"))), (Subjects{"x"}));
    EXPECT_EQ(queue.size(), MailQueue::kMost);
}

TEST(MailQueue, TakesBackWhatNoNewerMailHasReplaced) {
    MailQueue queue;
    queue.push(item(1, "old", 1s));
    const auto taken = queue.take(1000);
    queue.push(item(2, "younger", 2s));
    queue.put_back(taken[0]);
    queue.push(item(1, "new", 3s));
    queue.put_back(taken[0]);
    EXPECT_EQ(subjects(queue.take(1000)), (Subjects{"younger", "new"}));
    queue.push(item(2, "younger", 2s));
    queue.put_back(taken[0]);
    EXPECT_EQ(subjects(queue.take(1000)), (Subjects{"old", "younger"}));
}

TEST(MailQueue, GivesUpWhatHasWaitedTooLong) {
    MailQueue queue;
    queue.push(item(1, "old", 0s));
    queue.push(item(2, "young", 1s));
    EXPECT_TRUE(queue.expired(core::Instant(MailQueue::kGiveUp - 1s)).empty());
    EXPECT_EQ(subjects(queue.expired(core::Instant(MailQueue::kGiveUp))), (Subjects{"old"}));
    EXPECT_EQ(queue.size(), 1U);
}

}  // namespace
}  // namespace holdfast::supervisor
