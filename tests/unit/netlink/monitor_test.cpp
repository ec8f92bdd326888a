#include "lib/netlink/monitor.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace holdfast::netlink {
namespace {

struct Counter : TableListener {
    void link_changed(const Link&, const Link*) override { ++links; }
    void synchronised() override { ++synchronisations; }
    int links = 0;
    int synchronisations = 0;
};

// These read the interfaces of this machine; reading needs no right.
TEST(Monitor, KnowsAllInterfacesWhenStartReturns) {
    Counter counter;
    auto socket = open_monitor_socket();
    ASSERT_TRUE(socket);
    auto monitor = Monitor::wrap(std::move(socket).value(), counter);
    ASSERT_TRUE(monitor);
    EXPECT_TRUE((*monitor)->table().interfaces().empty());
    ASSERT_TRUE((*monitor)->start());
    EXPECT_NE((*monitor)->table().find("lo"), nullptr);
    EXPECT_GE(counter.links, 1);
    EXPECT_EQ(counter.synchronisations, 1);
}

TEST(Monitor, RefusesADescriptorThatIsNoNetlinkSocket) {
    Counter counter;
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const core::UniqueFd write_end(ends[1]);
    EXPECT_FALSE(Monitor::wrap(core::UniqueFd(ends[0]), counter));
}

}  // namespace
}  // namespace holdfast::netlink
