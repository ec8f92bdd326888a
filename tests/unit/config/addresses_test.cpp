#include <gtest/gtest.h>

#include "lib/core/address.hpp"
#include "tests/unit/config/network_lines.hpp"

namespace holdfast::config {
namespace {

using testing::first_error;
using testing::has_class;
using testing::load_entry;
using testing::load_text;
using testing::rendered;
using testing::written_again;

std::string octets(const char* text) {
    return core::Address::from_text(text)->octets();
}

TEST(AddressLines, AreKeptAsTheyAreWritten) {
    for (const char* line :
         {"192.0.2.10", "192.0.2.10/24", "192.0.2.10/0", "192.0.2.10/24 dev eth1 scope link",
          "192.0.2.10/24 scope 77", "192.0.2.10/24 brd +", "192.0.2.10/24 brd -",
          "192.0.2.10/24 brd 192.0.2.99", "192.0.2.10/24 label eth0:web",
          "192.0.2.10 peer 192.0.2.11", "192.0.2.10 peer 192.0.2.11/30",
          "192.0.2.10/24 preferred_lft forever", "192.0.2.10/24 preferred_lft 0",
          "192.0.2.10/24 preferred_lft 600", "192.0.2.10/24 use_vmac", "192.0.2.10/24 no_track",
          "2001:db8::1/64 -nodad home mngtmpaddr noprefixroute autojoin"}) {
        const LoadResult result = load_entry("virtual_ipaddress_excluded", line);
        const auto& written = result.written->config.vrrp_instances(0);
        EXPECT_EQ(result.test_status, 0) << rendered(result);
        ASSERT_EQ(written.excluded_addresses_size(), 1) << line;
        const std::string again = written_again(result, "virtual_ipaddress_excluded");
        const LoadResult second = load_entry("virtual_ipaddress_excluded", again);
        EXPECT_EQ(
            written.excluded_addresses(0).SerializeAsString(),
            second.written->config.vrrp_instances(0).excluded_addresses(0).SerializeAsString())
            << line << "\n"
            << again;
    }
}

TEST(AddressLines, LeaveUnsetWhatIsNotWritten) {
    const LoadResult result = load_entry("virtual_ipaddress", "192.0.2.10");
    const auto& address = result.written->config.vrrp_instances(0).addresses(0);
    EXPECT_FALSE(address.has_prefix_length());
    EXPECT_FALSE(address.has_interface());
    EXPECT_FALSE(address.has_deprecated());
    EXPECT_FALSE(address.has_excluded());
    EXPECT_FALSE(address.has_id());
}

const v1::VirtualAddress& resolved(const LoadResult& result) {
    return result.config.vrrp_instances(0).addresses(0);
}

TEST(Addresses, AreCompletedForTheDaemons) {
    const LoadResult plain = load_entry("virtual_ipaddress", "192.0.2.10/24 brd +");
    EXPECT_EQ(resolved(plain).interface(), "eth0");
    EXPECT_EQ(resolved(plain).broadcast(), octets("192.0.2.255"));
    const LoadResult point = load_entry("virtual_ipaddress", "192.0.2.10 peer 192.0.2.11/30");
    EXPECT_EQ(resolved(point).prefix_length(), 30U);
    EXPECT_EQ(resolved(point).peer(), octets("192.0.2.11"));
    const LoadResult other = load_entry("virtual_ipaddress_excluded", "2001:db8::1");
    EXPECT_TRUE(resolved(other).excluded());
    EXPECT_TRUE(resolved(other).deprecated());
    EXPECT_EQ(other.config.vrrp_instances(0).excluded_addresses_size(), 0);
    const LoadResult kept =
        load_entry("virtual_ipaddress_excluded", "2001:db8::1 preferred_lft forever");
    EXPECT_FALSE(resolved(kept).deprecated());
}

struct Mistake {
    const char* line;
    const char* text;
    bool dropped;
};

class AddressMistakes : public ::testing::TestWithParam<Mistake> {};

TEST_P(AddressMistakes, AreTreatedAsKeepalivedTreatsThem) {
    const Mistake& mistake = GetParam();
    const LoadResult result = load_entry("virtual_ipaddress_excluded", mistake.line);
    EXPECT_EQ(first_error(result), mistake.text);
    EXPECT_EQ(result.test_status, 5);
    EXPECT_EQ(result.config.vrrp_instances(0).addresses_size(), mistake.dropped ? 0 : 1);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, AddressMistakes,
    ::testing::Values(
        Mistake{"192.0.2.300", "'192.0.2.300' is not an address; it is ignored", true},
        Mistake{"192.0.2.1/33",
                "prefix length of 192.0.2.1/33: 33 is not between 0 and 32; 32 is used", false},
        Mistake{"192.0.2.1/24 dev", "a word is missing behind dev; the address is dropped", true},
        Mistake{"192.0.2.1/24 dev eth0 dev eth1",
                "an address has one interface only; the address is dropped", true},
        Mistake{"192.0.2.1/24 scope nosuch",
                "scope: 'nosuch' is neither a number nor a name of rt_scopes; it is ignored",
                false},
        Mistake{"192.0.2.1/24 scope 256", "scope: 256 is not between 0 and 255; it is ignored",
                false},
        Mistake{"192.0.2.1/31 brd +",
                "the prefix is too long for a broadcast address; it is ignored", false},
        Mistake{"192.0.2.1/24 brd fe80::1",
                "'fe80::1' is no broadcast address; the address is dropped", true},
        Mistake{"2001:db8::1/64 brd +",
                "an IPv6 address has no broadcast address; the address is dropped", true},
        Mistake{"2001:db8::1/64 scope link",
                "the scope of an IPv6 address follows from the address; it is ignored", false},
        Mistake{"2001:db8::1/64 label x", "an IPv6 address has no label; it is ignored", false},
        Mistake{"192.0.2.1 peer nobody", "'nobody' is no address of a peer; it is ignored", false},
        Mistake{"192.0.2.1 peer fe80::1", "the peer fe80::1 is of the other family; it is ignored",
                false},
        Mistake{"192.0.2.1/24 preferred_lft 4294967296",
                "preferred_lft: 4294967296 is not between 0 and 4294967295; it is ignored", false},
        Mistake{"192.0.2.1/24 track_group g",
                "'track_group' is no option of an address; it is ignored", false},
        Mistake{"192.0.2.1/24 nodad", "'nodad' is no option of an address; it is ignored", false}));

TEST(StaticAddresses, UseTheDefaultInterface) {
    const LoadResult result = load_text(
        "global_defs {\ndefault_interface eth1\n}\n"
        "static_ipaddress {\n192.0.2.1/24\n192.0.2.2/24 dev eth2\n192.0.2.2/24 dev eth2\n}\n");
    ASSERT_EQ(result.config.static_addresses_size(), 2) << rendered(result);
    EXPECT_EQ(result.config.static_addresses(0).interface(), "eth1");
    EXPECT_NE(result.config.static_addresses(0).id(), 0U);
    EXPECT_TRUE(has_class(result, "duplicate"));
    const LoadResult missing = load_text("static_ipaddress {\n192.0.2.1/24 dev nosuch\n}\n");
    EXPECT_EQ(missing.test_status, 5);
}

TEST(Addresses, ThatDoNotFitIntoAnAdvertisementAreExcluded) {
    std::string text =
        "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n";
    for (int i = 1; i <= 92; ++i) text += "fe80::" + std::to_string(i) + "\n";
    const LoadResult result = load_text(text + "}\n}\n");
    EXPECT_EQ(result.test_status, 5);
    const auto& addresses = result.config.vrrp_instances(0).addresses();
    ASSERT_EQ(addresses.size(), 92);
    EXPECT_FALSE(addresses[88].excluded());
    EXPECT_TRUE(addresses[89].excluded());
    EXPECT_NE(rendered(result).find("fe80::90"), std::string::npos) << rendered(result);
}

TEST(Interfaces, HaveDelaysAndPolling) {
    const LoadResult result = load_text(
        "interface_up_down_delays {\neth0 1.5 2\neth1 0.5\n}\n"
        "linkbeat_interfaces {\neth0 MII\neth2\n}\n");
    ASSERT_EQ(result.config.interfaces_size(), 3) << rendered(result);
    const auto& first = result.config.interfaces(0);
    EXPECT_EQ(first.down_delay_us(), 1'500'000U);
    EXPECT_EQ(first.up_delay_us(), 2'000'000U);
    EXPECT_EQ(first.carrier_polling(), v1::CARRIER_POLLING_MII);
    EXPECT_FALSE(result.config.interfaces(1).has_up_delay_us());
    EXPECT_EQ(result.config.interfaces(2).carrier_polling(), v1::CARRIER_POLLING_AUTOMATIC);
    EXPECT_EQ(load_text("interface_up_down_delays {\nnosuch 1\n}\n").test_status, 4);
    EXPECT_EQ(load_text("linkbeat_interfaces {\neth0 mii\n}\n").test_status, 5);
}

TEST(Interfaces, LoseADelayThatIsLongerThanTheOthersWait) {
    const LoadResult result = load_text(
        "interface_up_down_delays {\neth0 2\neth1 200\n}\nvrrp_instance V {\ninterface eth0\n"
        "virtual_router_id 1\nno_virtual_ipaddress\n}\n");
    EXPECT_TRUE(has_class(result, "delay_too_long")) << rendered(result);
    EXPECT_FALSE(result.config.interfaces(0).has_down_delay_us());
    EXPECT_EQ(result.config.interfaces(1).down_delay_us(), 200'000'000U);
}

TEST(GarpGroups, NeedAnInterval) {
    const LoadResult result = load_text(
        "garp_group {\ninterfaces { eth0 }\n}\n"
        "garp_group {\ngarp_interval 0.1\ngna_interval 0.2\ninterfaces { eth1\neth2 eth1 }\n}\n");
    EXPECT_TRUE(has_class(result, "no_interval"));
    ASSERT_EQ(result.config.garp_groups_size(), 1);
    EXPECT_EQ(result.config.garp_groups(0).garp_interval_us(), 100'000U);
    EXPECT_EQ(result.config.garp_groups(0).interfaces_size(), 2);
    EXPECT_TRUE(has_class(result, "duplicate"));
}

TEST(TrackGroups, KnowTheirMembers) {
    const LoadResult result = load_text(
        "track_group g {\ngroup { V W }\n}\ntrack_group g {\ngroup { V }\n}\n"
        "static_ipaddress {\n192.0.2.1/24 dev eth0 track_group g\n192.0.2.2/24 dev eth0 "
        "track_group h\n}\n"
        "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nno_virtual_ipaddress\n}\n");
    ASSERT_EQ(result.config.track_groups_size(), 1);
    EXPECT_EQ(result.config.track_groups(0).member_ids_size(), 1);
    EXPECT_TRUE(has_class(result, "unknown_member"));
    EXPECT_TRUE(has_class(result, "duplicate"));
    EXPECT_EQ(result.config.static_addresses(0).track_group(), "g");
    EXPECT_FALSE(result.config.static_addresses(1).has_track_group());
}

/// eth0 has 192.0.2.2/24 and what is given.
class HostWithAddresses : public testing::FakeHost {
  public:
    explicit HostWithAddresses(const char* first = "192.0.2.2") : first_(first) {}
    [[nodiscard]] std::vector<InterfaceAddress> addresses_of(
        const std::string& interface) const override {
        if (interface != "eth0") return {};
        return {{*core::Address::from_text(first_), 24}};
    }

  private:
    const char* first_;
};

std::string findings_of(const std::string& text, const HostFacts& host) {
    testing::MemoryFiles files(text);
    LoadRequest request;
    request.file = "/etc/keepalived/keepalived.conf";
    request.working_folder = "/";
    request.host = &host;
    return rendered(load(request, files));
}

std::string instance(const std::string& name, const std::string& more) {
    return "vrrp_instance " + name + " {\ninterface eth0\nvirtual_router_id " +
           std::to_string(name.back() - '0') + "\n" + more + "\n}\n";
}

TEST(AddressFindings, NameAnAddressOutsideOfTheNetwork) {
    EXPECT_EQ(
        findings_of(instance("V1", "virtual_ipaddress {\n192.0.3.10/24\n}"), HostWithAddresses()),
        R"(/etc/keepalived/keepalived.conf:5:1: warning: no address of eth0 lies in the network of 192.0.3.10/24
    5 | 192.0.3.10/24
      | ^~~~~~~~~~~~~ a wrong prefix length or interface? with the full length no network is added
)");
    for (const char* fine : {"192.0.2.10/24", "192.0.3.10", "192.0.2.10/25",
                             "192.0.3.10/24 dev eth1", "192.0.3.10/16"}) {
        EXPECT_EQ(findings_of(instance("V1", std::string("virtual_ipaddress {\n") + fine + "\n}"),
                              HostWithAddresses()),
                  "")
            << fine;
    }
}

TEST(AddressFindings, NameAnAddressOfTwoInstances) {
    EXPECT_EQ(
        findings_of(instance("V1", "virtual_ipaddress { 192.0.2.10/24 }") +
                        instance("V2", "virtual_ipaddress { 192.0.2.10/32 }"),
                    HostWithAddresses()),
        R"(/etc/keepalived/keepalived.conf:9:21: warning: vrrp_instance V1 has this address on eth0 as well
    9 | virtual_ipaddress { 192.0.2.10/32 }
      |                     ^~~~~~~~~~~~~ when one of the two becomes backup it removes the other's address
)");
}

TEST(AddressFindings, DoNotTakeOurOwnAddressForARealOne) {
    const std::string text =
        "vrrp_instance V1 {\ninterface eth1\nvirtual_router_id 1\n"
        "virtual_ipaddress {\n192.0.2.10/24 dev eth0\n}\n}\n";
    EXPECT_EQ(findings_of(text, HostWithAddresses("192.0.2.10")), "");
}

TEST(PeerFindings, NameAnAddressOfThisRouter) {
    const std::string peers =
        "unicast_peer {\n192.0.2.2\n192.0.2.3\n}\nvirtual_ipaddress {\n192.0.2.10/24\n}";
    EXPECT_NE(findings_of(instance("V1", peers), HostWithAddresses())
                  .find("the peer 192.0.2.2 is this router's own address on eth0"),
              std::string::npos);
    EXPECT_EQ(findings_of(instance("V1", peers), HostWithAddresses("192.0.2.4")), "");
}

TEST(AddressFindings, NameAnAddressThatIsRealUnlessItsOwnerHasIt) {
    const std::string block = "virtual_ipaddress { 192.0.2.10/24 }";
    EXPECT_EQ(findings_of(instance("V1", block), HostWithAddresses("192.0.2.10")),
              R"(/etc/keepalived/keepalived.conf:4:21: warning: 192.0.2.10 is eth0's own address
    4 | virtual_ipaddress { 192.0.2.10/24 }
      |                     ^~~~~~~~~~~~~ a backup removes it; its owner has priority 255
)");
    EXPECT_EQ(
        findings_of(instance("V1", "priority 255\n" + block), HostWithAddresses("192.0.2.10")), "");
    EXPECT_EQ(
        findings_of(instance("V1", "mcast_src_ip 192.0.2.10\n" + block), HostWithAddresses()),
        R"(/etc/keepalived/keepalived.conf:5:21: warning: 192.0.2.10 is the source of the advertisements, which a backup has not
    5 | virtual_ipaddress { 192.0.2.10/24 }
      |                     ^~~~~~~~~~~~~ give the interface an address of its own, or priority 255 to its owner
)");
}

}  // namespace
}  // namespace holdfast::config
