#include <gtest/gtest.h>

#include "lib/config/names.hpp"
#include "lib/config/prefix.hpp"
#include "tests/unit/config/network_lines.hpp"

namespace holdfast::config {
namespace {

using testing::expect_read_and_written_again;
using testing::first_error;
using testing::has_class;
using testing::LineSample;
using testing::load_entry;
using testing::rendered;
using testing::written_again;

/// A line, how it is written again, and how the rest of a model looks in protobuf's text.
class RouteLines : public ::testing::TestWithParam<LineSample> {};

TEST_P(RouteLines, AreReadAndWrittenAgain) {
    for (const char* block : {"virtual_routes", "static_routes"}) {
        expect_read_and_written_again(block, GetParam());
    }
}

INSTANTIATE_TEST_SUITE_P(
    Lines, RouteLines,
    ::testing::Values(
        LineSample{"198.51.100.0/24 via 192.0.2.1 dev eth0",
                   "198.51.100.0/24 via 192.0.2.1 dev eth0"},
        LineSample{"default via inet 192.0.2.1 oif eth0 onlink table 1",
                   "default via 192.0.2.1 dev eth0 table 1 onlink"},
        LineSample{"any dev eth0", "default dev eth0"},
        LineSample{"default6 dev eth0", "::/0 dev eth0"},
        LineSample{"dev eth0 to 198.51.100.7", "198.51.100.7 dev eth0"},
        LineSample{"192.0.2.0/24 dev eth0 src 192.0.2.2 scope link table blue",
                   "192.0.2.0/24 dev eth0 src 192.0.2.2 table 101 scope link"},
        LineSample{"blackhole 198.51.100.0/24 no_track", "blackhole 198.51.100.0/24 no_track"},
        LineSample{"brd 198.51.100.255 dev eth0", "broadcast 198.51.100.255 dev eth0"},
        LineSample{"2001:db8:1::/48 from 2001:db8::/64 dev eth0 expires 10 pref low",
                   "2001:db8:1::/48 from 2001:db8::/64 dev eth0 expires 10 pref low"},
        LineSample{"198.51.100.0/24 dev eth0 tos AF11 preference 5 protocol static no_track",
                   "198.51.100.0/24 dev eth0 metric 5 tos 40 protocol static no_track"},
        LineSample{"198.51.100.0/24 dev eth0 mtu lock 1400 advmss 1360 reordering 3 cwnd lock 10 "
                   "ssthresh 5 hoplimit 64 window 100 initcwnd 10 initrwnd 20",
                   "198.51.100.0/24 dev eth0 mtu lock 1400 advmss 1360 reordering 3 cwnd lock 10 "
                   "ssthresh 5 hoplimit 64 window 100 initcwnd 10 initrwnd 20"},
        LineSample{"198.51.100.0/24 dev eth0 rtt 5000 rttvar 1.5s rto_min lock 200ms",
                   "198.51.100.0/24 dev eth0 rtt 625ms rttvar 1500ms rto_min lock 200ms"},
        LineSample{"198.51.100.0/24 dev eth0 rtt 0.300001s",
                   "198.51.100.0/24 dev eth0 rtt 0.300001s"},
        LineSample{"198.51.100.0/24 dev eth0 rtt 5001", "198.51.100.0/24 dev eth0 rtt 5001"},
        LineSample{
            "198.51.100.0/24 dev eth0 realms cosmos/6 features ecn quickack 1 congctl lock bbr",
            "198.51.100.0/24 dev eth0 features ecn quickack 1 congctl lock bbr realms 5/6"},
        LineSample{
            "198.51.100.0/24 dev eth0 ttl-propagate disabled fastopen_no_cookie 1 vrf eth2 append",
            "198.51.100.0/24 dev eth0 ttl-propagate disabled fastopen_no_cookie 1 vrf eth2 append"},
        LineSample{
            "198.51.100.0/24 dev eth0 encap ip id 10 dst 192.0.2.4 src 192.0.2.5 tos 16 ttl 5 "
            "flags 1 metric 3",
            "198.51.100.0/24 dev eth0 metric 3 encap ip id 10 dst 192.0.2.4 src 192.0.2.5 tos 16 "
            "ttl 5 flags 1"},
        LineSample{"198.51.100.0/24 dev eth0 encap ip6 dst fe80::1 tc 16 hoplimit 5",
                   "198.51.100.0/24 dev eth0 encap ip6 dst fe80::1 tc 16 hoplimit 5"},
        LineSample{"198.51.100.0/24 dev eth0 encap mpls 100/200",
                   "198.51.100.0/24 dev eth0 encap mpls 100/200"},
        LineSample{"198.51.100.0/24 dev eth0 encap ila 1:2:3:4",
                   "198.51.100.0/24 dev eth0 encap ila 1:2:3:4"},
        LineSample{
            "198.51.100.0/24 no_track nexthop via 192.0.2.1 dev eth0 weight 3 realms 4 nexthop via "
            "192.0.2.3 dev eth1 onlink encap mpls 5",
            "198.51.100.0/24 no_track nexthop via 192.0.2.1 dev eth0 weight 3 realms 4 nexthop via "
            "192.0.2.3 dev eth1 onlink encap mpls 5"}));

struct Mistake {
    const char* line;
    const char* text;
    int status = 5;
};

class RouteMistakes : public ::testing::TestWithParam<Mistake> {};

TEST_P(RouteMistakes, DropTheRoute) {
    const LoadResult result = load_entry("virtual_routes", GetParam().line);
    EXPECT_EQ(first_error(result), GetParam().text);
    EXPECT_EQ(result.test_status, GetParam().status);
    EXPECT_EQ(result.config.vrrp_instances(0).virtual_routes_size(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, RouteMistakes,
    ::testing::Values(
        Mistake{"dev eth0", "a route needs a destination; the route is dropped"},
        Mistake{"198.51.100.0/24 dev eth0 gateway 192.0.2.1 onlink table 1",
                "'gateway' is neither a word of a route nor a destination; the route is dropped"},
        Mistake{"blackhole to 198.51.100.0/24",
                "'to' is neither a word of a route nor a destination; the route is dropped"},
        Mistake{"as to 198.51.100.0/24 dev eth0",
                "'as' is for MPLS routes, which cannot be configured; the route is dropped"},
        Mistake{
            "198.51.100.0/24 dev eth0 table nosuch",
            "table: 'nosuch' is neither a number nor a name of rt_tables; the route is dropped"},
        Mistake{"198.51.100.0/24 dev eth0 metric 10x",
                "metric: '10x' is not a number; the route is dropped"},
        Mistake{"198.51.100.0/24 dev eth0 src", "a word is missing behind src", 2},
        Mistake{"198.51.100.0/24 dev eth0 via fe80::1",
                "IPv4 and IPv6 do not go together in a route; the route is dropped"},
        Mistake{"198.51.100.0/24 dev eth0 expires 10",
                "expires is for IPv6 only; the route is dropped"},
        Mistake{"2001:db8::/64 dev eth0 realms 3",
                "realms are for IPv4 only; the route is dropped"},
        Mistake{"198.51.100.0/24 dev eth0 pref low", "pref is for IPv6 only; the route is dropped"},
        Mistake{"198.51.100.0/24 dev eth0 features sack",
                "features: 'sack' is not one of ecn; the route is dropped"},
        Mistake{"198.51.100.0/24 dev eth0 quickack 2",
                "quickack: 2 is not between 0 and 1; the route is dropped"},
        Mistake{"198.51.100.0/24 dev eth0 encap ip ttl 3",
                "a tunnel needs an id or a destination; the route is dropped"},
        Mistake{"198.51.100.0/24 dev eth0 encap ip dst fe80::1",
                "an address of the tunnel is of the other family; the route is dropped"},
        Mistake{"198.51.100.0/24 dev eth0 encap mpls 1048576",
                "'1048576' is no stack of MPLS labels; the route is dropped"},
        Mistake{"198.51.100.0/24 dev eth0 encap gre",
                "'gre' is no kind of encapsulation; the route is dropped"},
        Mistake{"198.51.100.0/24 nexthop via 192.0.2.1 dev eth0 weight 257",
                "weight: 257 is not between 1 and 256; the route is dropped"},
        Mistake{"198.51.100.0/24 nexthop via 192.0.2.1 metric 3",
                "'metric' is no word of a next hop; the route is dropped"},
        Mistake{
            "198.51.100.0/24 dev eth0 track_group g",
            "'track_group' is neither a word of a route nor a destination; the route is dropped"}));

TEST(Routes, OfTwoGatewaysHaveTwoNextHops) {
    const LoadResult result =
        load_entry("virtual_routes", "198.51.100.0/24 via 192.0.2.1 or 192.0.2.3 no_track");
    EXPECT_EQ(first_error(result), "or is deprecated");
    EXPECT_EQ(written_again(result, "virtual_routes"),
              "198.51.100.0/24 no_track nexthop via 192.0.2.1 nexthop via 192.0.2.3");
}

TEST(Routes, WithoutInterfaceAreNotTracked) {
    const LoadResult result = load_entry("virtual_routes", "198.51.100.0/24 via 192.0.2.1");
    EXPECT_TRUE(has_class(result, "untracked_route"));
    EXPECT_TRUE(result.config.vrrp_instances(0).virtual_routes(0).no_track());
    EXPECT_FALSE(result.written->config.vrrp_instances(0).virtual_routes(0).has_no_track());
}

TEST(Routes, ThatAreTrackedAreKeepaliveds) {
    const LoadResult result = load_entry("virtual_routes", "198.51.100.0/24 dev eth0 protocol 4");
    EXPECT_TRUE(has_class(result, "protocol_replaced"));
    EXPECT_EQ(result.config.vrrp_instances(0).virtual_routes(0).protocol(), 18U);
}

TEST(Routes, SayWhatKeepalivedIgnores) {
    EXPECT_TRUE(
        has_class(load_entry("virtual_routes", "198.51.100.0/24 dev eth0 inet via 192.0.2.1"),
                  "word_ignored"));
    EXPECT_TRUE(has_class(load_entry("virtual_routes", "198.51.100.0/24 dev eth0 198.51.101.0/24"),
                          "replaced_destination"));
}

TEST(Prefixes, AreKeptWithOrWithoutTheirLength) {
    for (const char* text : {"192.0.2.1", "192.0.2.0/24", "2001:db8::/32", "::1", "default"}) {
        const auto read = read_prefix(text);
        ASSERT_TRUE(read.prefix) << text;
        const auto again = Prefix::from_octets(read.prefix->octets());
        ASSERT_TRUE(again) << text;
        EXPECT_EQ(again->text(), text);
    }
    EXPECT_FALSE(Prefix::from_octets("abc"));
    EXPECT_FALSE(Prefix::from_octets(std::string("\xc0\x00\x02\x01\x21", 5)));
}

TEST(Names, ComeFromTheFoldersThatAreNamed) {
    const testing::FakeHost host;
    testing::MemoryFiles files(
        "global_defs {\niproute_etc_dir /srv/names\n}\n"
        "static_routes {\n198.51.100.0/24 dev eth0 table red\n}\n");
    files.files["/srv/names/rt_tables"] = "100 red\n";
    const LoadResult result = load(testing::request_for(host), files);
    ASSERT_EQ(result.config.static_routes_size(), 1) << rendered(result);
    EXPECT_EQ(result.config.static_routes(0).table(), 100U);
}

TEST(Names, ComeFromTheFilesOfIproute2) {
    testing::MemoryFiles files;
    files.files["/etc/iproute2/rt_tables"] = "100 red\nx broken\n";
    files.files["/usr/lib/iproute2/rt_tables"] = "100 hidden\n";
    files.files["/etc/iproute2/rt_tables.d/a.conf"] = "7 green\n";
    files.files["/usr/lib/iproute2/rt_tables.d/a.conf"] = "8 green\n9 grey\n";
    NameTables names(&files);
    EXPECT_EQ(names.find("rt_tables", "red"), 100U);
    EXPECT_EQ(names.find("rt_tables", "hidden"), std::nullopt);
    EXPECT_EQ(names.find("rt_tables", "main"), 254U);
    EXPECT_EQ(names.find("rt_tables", "0x10"), 16U);
    EXPECT_EQ(names.find("rt_tables", "010"), 8U);
    EXPECT_EQ(names.find("rt_tables", "10x"), std::nullopt);
    EXPECT_EQ(names.find("rt_scopes", "link"), 253U);
    EXPECT_EQ(NameTables::text_of("rt_scopes", 253), "link");
    EXPECT_EQ(NameTables::text_of("rt_tables", 100), "100");
}

}  // namespace
}  // namespace holdfast::config
