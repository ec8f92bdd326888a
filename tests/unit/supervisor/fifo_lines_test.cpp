#include "supervisor/fifo_lines.hpp"

#include <gtest/gtest.h>

namespace holdfast::supervisor {
namespace {

TEST(FifoLines, AreThoseOfKeepalived) {
    EXPECT_EQ(instance_line("web", NotifyState::active, 150), "INSTANCE \"web\" MASTER 150\n");
    EXPECT_EQ(instance_line("web", NotifyState::lower_priority_heard, 150),
              "INSTANCE \"web\" MASTER_RX_LOWER_PRI 150\n");
    EXPECT_EQ(instance_line("web", NotifyState::active_priority, 147),
              "INSTANCE \"web\" MASTER_PRIORITY 147\n");
    EXPECT_EQ(instance_line("web", NotifyState::backup_priority, 70),
              "INSTANCE \"web\" BACKUP_PRIORITY 70\n");
    EXPECT_EQ(group_line("all", NotifyState::backup), "GROUP \"all\" BACKUP 0\n");
    EXPECT_EQ(service_line("[10.0.0.1]:tcp:80", true), "VS [10.0.0.1]:tcp:80 UP\n");
    EXPECT_EQ(server_line("[10.0.0.2]:tcp:80", "[10.0.0.1]:tcp:80", false),
              "RS [10.0.0.2]:tcp:80 [10.0.0.1]:tcp:80 DOWN\n");
}

TEST(FifoLines, StayOneLineWhateverTheName) {
    EXPECT_EQ(group_line("a\nGROUP \"b", NotifyState::stop), "GROUP \"a?GROUP \"b\" STOP 0\n");
    EXPECT_EQ(group_line("\xc3\xa4", NotifyState::stop), "GROUP \"\xc3\xa4\" STOP 0\n");
}

}  // namespace
}  // namespace holdfast::supervisor
