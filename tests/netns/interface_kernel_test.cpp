// The kernel of this machine, in a network namespace of the test's own: what NetlinkKernel makes of
// interfaces and nftables, read back by the system's own tools.

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>

#include "ipvsd/netlink_kernel.hpp"
#include "tests/netns/own_namespace.hpp"

namespace holdfast::ipvsd {
namespace {

struct Listener : KernelListener {
    void firewall_changed(const std::string& table) override { changed += table + " "; }
    std::string changed;
};

std::string output_of(const std::string& command) {
    std::string text;
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    std::array<char, 4096> part{};
    while (::fgets(part.data(), part.size(), pipe) != nullptr) text += part.data();
    ::pclose(pipe);
    return text;
}

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

class InterfaceKernel : public tests::OwnNamespace {
  protected:
    void SetUp() override {
        OwnNamespace::SetUp();
        if (IsSkipped()) return;
        output_of("ip link add base0 type veth peer name far0");
        output_of("ip link set base0 up; ip link set far0 up");
        auto opened = NetlinkKernel::open(loop_, listener_, {});
        ASSERT_TRUE(opened) << opened.error().text();
        kernel_ = std::move(*opened);
        ASSERT_TRUE(kernel_->start());
    }
    void TearDown() override {
        if (kernel_) output_of("ip link del base0; nft flush ruleset");
    }
    MakeLink vmac() const {
        const std::array octets{std::byte{0}, std::byte{0}, std::byte{0x5e},
                                std::byte{0}, std::byte{1}, std::byte{51}};
        return {{.name = "vrrp.51",
                 .kind = "macvlan",
                 .parent_index = ::if_nametoindex("base0"),
                 .mode = MACVLAN_MODE_VEPA,
                 .hardware_address = *netlink::HardwareAddress::from_bytes(octets),
                 .group = 7,
                 .alias = tag_of("vrrp.51"),
                 .ipv4 = settings_of_virtual_interfaces()}};
    }
    Report change(const LinkChange& what) { return kernel_->change_links(std::span(&what, 1)); }

    loop::Loop loop_;
    Listener listener_;
    std::unique_ptr<NetlinkKernel> kernel_;
};

TEST_F(InterfaceKernel, MakesAMacvlanThatIsUpWithoutAddresses) {
    const Report report = change(vmac());
    ASSERT_TRUE(report.all_done()) << report.refusals[0].error.text();
    const std::string shown = output_of("ip -d link show vrrp.51; ip addr show vrrp.51");
    EXPECT_TRUE(holds(shown, "00:00:5e:00:01:33")) << shown;
    EXPECT_TRUE(holds(shown, "macvlan mode vepa")) << shown;
    EXPECT_TRUE(holds(shown, "addrgenmode none")) << shown;
    EXPECT_TRUE(holds(shown, "alias holdfast:vrrp.51")) << shown;
    EXPECT_TRUE(holds(shown, "group 7")) << shown;
    EXPECT_TRUE(holds(shown, ",UP")) << shown;
    EXPECT_FALSE(holds(shown, "inet6")) << shown;
    const std::string settings =
        output_of("sysctl net.ipv4.conf.vrrp/51.rp_filter net.ipv4.conf.vrrp/51.arp_ignore");
    EXPECT_TRUE(holds(settings, "rp_filter = 2")) << settings;
    EXPECT_TRUE(holds(settings, "arp_ignore = 1")) << settings;
    // Known at once, without a turn of the loop.
    EXPECT_NE(kernel_->interfaces().find("vrrp.51"), nullptr);
    EXPECT_EQ(change(vmac()).refusals.at(0).error.code(), EEXIST);
}

TEST_F(InterfaceKernel, DumpsAndChangesSettings) {
    output_of("sysctl -w net.ipv4.conf.base0.arp_ignore=3");
    const auto links = kernel_->dump_links();
    ASSERT_TRUE(links);
    bool found = false;
    for (const netlink::LinkDetails& each : *links) {
        if (each.link.name != "base0") continue;
        found = true;
        EXPECT_EQ(each.ipv4.at(netlink::Ipv4Setting::arp_ignore), 3U);
        EditLink edit{"base0", {.index = each.link.index, .mtu = 1400}};
        edit.edit.ipv4 = {{netlink::Ipv4Setting::arp_announce, 2}};
        ASSERT_TRUE(change(edit).all_done());
    }
    EXPECT_TRUE(found);
    EXPECT_TRUE(holds(output_of("sysctl net.ipv4.conf.base0.arp_announce"), "= 2"));
    EXPECT_TRUE(holds(output_of("ip link show base0"), "mtu 1400"));
}

TEST_F(InterfaceKernel, ChangesModeAndRemoves) {
    ASSERT_TRUE(change(vmac()).all_done());
    const std::uint32_t index = ::if_nametoindex("vrrp.51");
    ASSERT_TRUE(change(EditLink{"vrrp.51",
                                {.index = index, .kind = "macvlan", .mode = MACVLAN_MODE_BRIDGE}})
                    .all_done());
    EXPECT_TRUE(holds(output_of("ip -d link show vrrp.51"), "macvlan mode bridge"));
    ASSERT_TRUE(change(RemoveLink{"vrrp.51", index}).all_done());
    EXPECT_EQ(::if_nametoindex("vrrp.51"), 0U);
    EXPECT_EQ(kernel_->interfaces().find("vrrp.51"), nullptr);
}

FirewallTable table() {
    return {.name = "holdfast",
            .priority = -5,
            .counters = true,
            .virtual_interfaces = {"vrrp.51", "vrrp.52"},
            .silent = {"vrrp.52"},
            .refused = {*core::Address::from_text("192.0.2.1"),
                        *core::Address::from_text("2001:db8::1")},
            .refused_local = {{*core::Address::from_text("fe80::1"), "vrrp.51"}}};
}

TEST_F(InterfaceKernel, NftListsTheTableThatWeWrote) {
    const core::Status written = kernel_->change_firewall(ReplaceTable{table()});
    ASSERT_TRUE(written) << written.error().text();
    const std::string expected = R"(table inet holdfast {
	set virtual_interfaces {
		type ifname
		elements = { "vrrp.51",
			     "vrrp.52" }
	}

	set silent {
		type ifname
		elements = { "vrrp.52" }
	}

	set no_accept_ipv4 {
		type ipv4_addr
		elements = { 192.0.2.1 }
	}

	set no_accept_ipv6 {
		type ipv6_addr
		elements = { 2001:db8::1 }
	}

	set no_accept_link_local {
		type ipv6_addr . ifname
		elements = { fe80::1 . "vrrp.51" }
	}

	chain arriving {
		type filter hook prerouting priority raw; policy accept;
		iifname @silent counter packets 0 bytes 0 drop
	}

	chain leaving {
		type filter hook output priority filter - 5; policy accept;
		meta l4proto != vrrp meta l4proto != ah oifname @silent counter packets 0 bytes 0 drop
	}

	chain delivered {
		type filter hook input priority filter - 5; policy accept;
		iifname @virtual_interfaces icmpv6 type nd-router-advert counter packets 0 bytes 0 drop
		icmpv6 type nd-neighbor-solicit accept
		icmpv6 type nd-neighbor-advert accept
		ip daddr @no_accept_ipv4 counter packets 0 bytes 0 drop
		ip6 daddr @no_accept_ipv6 counter packets 0 bytes 0 drop
		ip6 daddr . iifname @no_accept_link_local counter packets 0 bytes 0 drop
	}
}
)";
    EXPECT_EQ(output_of("nft list ruleset"), expected);
}

TEST_F(InterfaceKernel, ATableIsReplacedWholeAndItsSilentInterfacesChange) {
    output_of(
        "nft add table inet other; nft add table inet holdfast; "
        "nft add chain inet holdfast somebodys");
    ASSERT_TRUE(kernel_->change_firewall(ReplaceTable{table()}));
    EXPECT_FALSE(holds(output_of("nft list ruleset"), "somebodys"));
    ASSERT_TRUE(kernel_->change_firewall(
        ChangeSilent{.table = "holdfast", .added = {"vrrp.51"}, .removed = {"vrrp.52"}}));
    const std::string silent = output_of("nft list set inet holdfast silent");
    EXPECT_TRUE(holds(silent, "elements = { \"vrrp.51\" }")) << silent;
    ASSERT_TRUE(kernel_->change_firewall(RemoveTable{"holdfast"}));
    EXPECT_EQ(output_of("nft list ruleset"), "table inet other {\n}\n");
    EXPECT_EQ(kernel_->change_firewall(RemoveTable{"holdfast"}).error().code(), ENOENT);
}

TEST_F(InterfaceKernel, ThousandsOfAddressesAreOneTransaction) {
    FirewallTable large = table();
    for (std::uint32_t i = 0; i < 20000; ++i) {
        large.refused.insert(core::Address::v4(0x0a000000U + i));
    }
    const core::Status written = kernel_->change_firewall(ReplaceTable{large});
    ASSERT_TRUE(written) << written.error().text();
    EXPECT_TRUE(holds(output_of("nft list set inet holdfast no_accept_ipv4"), "10.0.78.31"));
}

TEST_F(InterfaceKernel, TellsWhatOthersDoToTablesAndNotWhatWeDo) {
    ASSERT_TRUE(kernel_->change_firewall(ReplaceTable{table()}));
    loop_.settle();
    EXPECT_EQ(listener_.changed, "");
    output_of("nft flush ruleset");
    loop_.settle();
    EXPECT_TRUE(holds(listener_.changed, "holdfast")) << listener_.changed;
}

}  // namespace
}  // namespace holdfast::ipvsd
