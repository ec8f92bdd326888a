#include "lib/netlink/interface_table.hpp"

#include <gtest/gtest.h>
#include <linux/if_addr.h>

#include <string>
#include <vector>

namespace holdfast::netlink {
namespace {

struct Diary : TableListener {
    void link_changed(const Link& now, const Link* before) override {
        lines.push_back((before == nullptr ? "new " : "changed ") + now.name);
    }
    void link_removed(const Link& last) override { lines.push_back("removed " + last.name); }
    void address_changed(const InterfaceAddress& now, const InterfaceAddress* before) override {
        lines.push_back((before == nullptr ? "new " : "changed ") + now.address.text());
    }
    void address_removed(const InterfaceAddress& last) override {
        lines.push_back("removed " + last.address.text());
    }
    void synchronised() override { lines.emplace_back("synchronised"); }
    std::vector<std::string> take() { return std::exchange(lines, {}); }
    std::vector<std::string> lines;
};
using Lines = std::vector<std::string>;

InterfaceAddress address(std::string_view text, std::uint8_t prefix_length = 24) {
    return {.interface_index = 2,
            .address = *core::Address::from_text(text),
            .prefix_length = prefix_length};
}

class Table : public testing::Test {
  protected:
    Table() {
        table.put(Link{.index = 2, .name = "eth0", .flags = IFF_UP});
        diary.take();
    }
    Diary diary;
    InterfaceTable table{&diary};
};

TEST_F(Table, TellsOnlyRealDifferences) {
    table.put(Link{.index = 2, .name = "eth0", .flags = IFF_UP});
    EXPECT_EQ(diary.take(), Lines{});
    table.put(Link{.index = 2, .name = "eth0", .flags = IFF_UP | IFF_RUNNING});
    EXPECT_EQ(diary.take(), Lines{"changed eth0"});
    EXPECT_TRUE(table.find("eth0")->link.is_running());
}

TEST_F(Table, FindsByNameAfterARename) {
    table.put(Link{.index = 2, .name = "lan0", .flags = IFF_UP});
    EXPECT_EQ(table.find("eth0"), nullptr);
    EXPECT_EQ(table.find("lan0"), table.find(2U));
}

TEST_F(Table, TakesTheAddressesAlongWhenAnInterfaceGoes) {
    table.put(address("192.0.2.7"));
    table.remove_link(2);
    EXPECT_EQ(diary.take(), (Lines{"new 192.0.2.7", "removed 192.0.2.7", "removed eth0"}));
    EXPECT_EQ(table.find(2U), nullptr);
}

TEST_F(Table, DropsAddressesOfUnknownInterfaces) {
    InterfaceAddress stray = address("192.0.2.7");
    stray.interface_index = 9;
    table.put(stray);
    EXPECT_EQ(diary.take(), Lines{});
}

TEST_F(Table, SeesThatAnAddressIsTentativeNoLonger) {
    InterfaceAddress v6 = address("2001:db8::7", 64);
    v6.flags = IFA_F_TENTATIVE;
    table.put(v6);
    v6.flags = 0;
    table.put(v6);
    EXPECT_EQ(diary.take(), (Lines{"new 2001:db8::7", "changed 2001:db8::7"}));
}

TEST_F(Table, ForgetsWhatADumpDoesNotShow) {
    table.put(Link{.index = 3, .name = "eth1"});
    table.put(address("192.0.2.7"));
    table.put(address("192.0.2.8"));
    diary.take();
    table.begin_dump_of_links();
    table.put(Link{.index = 2, .name = "eth0", .flags = IFF_UP});
    table.end_dump_of_links();
    table.begin_dump_of_addresses();
    table.put(address("192.0.2.8"));
    table.put(address("192.0.2.9"));
    table.end_dump_of_addresses();
    table.synchronised();
    EXPECT_EQ(diary.take(),
              (Lines{"removed eth1", "new 192.0.2.9", "removed 192.0.2.7", "synchronised"}));
}

TEST(KeyOfAddress, IgnoresThePrefixLengthOfIpv6) {
    EXPECT_EQ(key_of(address("2001:db8::7", 64)), key_of(address("2001:db8::7", 128)));
    EXPECT_NE(key_of(address("192.0.2.7", 24)), key_of(address("192.0.2.7", 32)));
}

TEST(KeyOfAddress, TellsPeersInOtherNetworksApart) {
    InterfaceAddress near = address("192.0.2.7");
    near.peer = core::Address::from_text("192.0.2.9");
    InterfaceAddress far = address("192.0.2.7");
    far.peer = core::Address::from_text("198.51.100.9");
    EXPECT_EQ(key_of(address("192.0.2.7")), key_of(near));
    EXPECT_NE(key_of(near), key_of(far));
}

}  // namespace
}  // namespace holdfast::netlink
