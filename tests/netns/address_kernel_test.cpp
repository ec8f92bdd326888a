// The kernel of this machine, in a network namespace of the test's own: interfaces, addresses and
// frames through NetlinkKernel, and the same requests on FakeKernel.

#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <vector>

#include "ipvsd/netlink_kernel.hpp"
#include "tests/fakes/fake_kernel.hpp"
#include "tests/fakes/random_changes.hpp"
#include "tests/netns/kernel_fixture.hpp"

namespace holdfast::ipvsd {
namespace {

using netlink::InterfaceAddress;
using netlink::Message;

struct Listener : KernelListener {
    void link_removed(const netlink::Link&) override { ++links_removed; }
    void address_changed(const InterfaceAddress& now, const InterfaceAddress* before) override {
        // Link-local addresses come by themselves, some time after the interface.
        if (before == nullptr && !now.address.is_link_local()) ++addresses_added;
    }
    void address_removed(const InterfaceAddress&) override { ++addresses_removed; }
    void synchronised() override { ++synchronisations; }
    int links_removed = 0;
    int addresses_added = 0;
    int addresses_removed = 0;
    int synchronisations = 0;
};

class Kernels : public tests::KernelFixture<Listener> {
  protected:
    std::map<netlink::AddressKey, InterfaceAddress> dump() {
        auto all = kernel_->dump_addresses();
        EXPECT_TRUE(all);
        return tests::comparable(*all, {left_});
    }

    InterfaceAddress address(const core::Address& which, std::uint8_t prefix_length) const {
        InterfaceAddress wanted{.interface_index = left_,
                                .address = which,
                                .prefix_length = prefix_length,
                                .protocol = kOurProtocol};
        if (which.family() == core::Family::ipv6) wanted.flags = IFA_F_NODAD;
        return wanted;
    }
    InterfaceAddress address(std::string_view text, std::uint8_t prefix_length) const {
        return address(*core::Address::from_text(text), prefix_length);
    }

    void promote_secondaries(bool on) {
        std::ofstream("/proc/sys/net/ipv4/conf/all/promote_secondaries") << on;
        std::ofstream("/proc/sys/net/ipv4/conf/" + name_ + "/promote_secondaries") << on;
    }
};

double milliseconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
        .count();
}

TEST_F(Kernels, AddAndRemoveTwoThousandAddressesInOneGo) {
    std::vector<Change> adds;
    std::vector<Change> removes;
    for (std::uint32_t i = 0; i < 2000; ++i) {
        const InterfaceAddress wanted = address(core::Address::v4(0x0a010001U + i), 32);
        adds.emplace_back(AddAddress{wanted});
        removes.emplace_back(RemoveAddress{wanted});
    }
    const auto start = std::chrono::steady_clock::now();
    const Report added = kernel_->apply(adds);
    RecordProperty("add_2000_addresses_ms", std::to_string(milliseconds_since(start)));
    EXPECT_TRUE(added.all_done());
    EXPECT_EQ(dump().size(), 2000U);

    const auto again = kernel_->apply(adds);
    EXPECT_EQ(again.refusals.size(), 2000U);
    EXPECT_FALSE(again.uncertain);
    EXPECT_EQ(again.refusals.at(1234).error.code(), EEXIST);

    const auto middle = std::chrono::steady_clock::now();
    EXPECT_TRUE(kernel_->apply(removes).all_done());
    RecordProperty("remove_2000_addresses_ms", std::to_string(milliseconds_since(middle)));
    EXPECT_TRUE(dump().empty());
}

TEST_F(Kernels, TellTheListenerAboutEveryAddressEvenAfterAnOverrun) {
    std::vector<Change> adds;
    for (std::uint32_t i = 0; i < 2000; ++i) {
        adds.emplace_back(AddAddress{address(core::Address::v4(0x0a010001U + i), 32)});
    }
    auto socket = netlink::open_socket(NETLINK_ROUTE,
                                       RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, 8192);
    ASSERT_TRUE(socket);
    Listener small_listener;
    auto small = netlink::Monitor::wrap(std::move(socket).value(), small_listener);
    ASSERT_TRUE(small);
    ASSERT_TRUE((*small)->start());
    const int before = small_listener.addresses_added;
    EXPECT_TRUE(kernel_->apply(adds).all_done());
    for (int turn = 0; turn < 1000 && small_listener.synchronisations < 2; ++turn) {
        (*small)->readable();
    }
    EXPECT_GE((*small)->overruns(), 1U);
    EXPECT_EQ(small_listener.addresses_added - before, 2000);
    EXPECT_EQ(small_listener.synchronisations, 2);

    // The large buffer of the kernel's own monitor takes them all.
    const int large_before = listener_.addresses_added;
    for (int turn = 0; turn < 1000 && listener_.addresses_added - large_before < 2000; ++turn) {
        deliver();
    }
    EXPECT_EQ(listener_.addresses_added - large_before, 2000);
    EXPECT_EQ(kernel_->overruns(), 0U);
}

TEST_F(Kernels, GiveIpv6AddressesThatServeAtOnce) {
    const Change change = AddAddress{address("2001:db8::7", 64)};
    EXPECT_TRUE(kernel_->apply({&change, 1}).all_done());
    const auto there = dump();
    ASSERT_EQ(there.size(), 1U);
    const auto found = kernel_->dump_addresses();
    ASSERT_TRUE(found);
    const auto ours = std::find_if(found->begin(), found->end(), [](const auto& each) {
        return each.address.text() == "2001:db8::7";
    });
    ASSERT_NE(ours, found->end());
    EXPECT_FALSE(ours->is_tentative());
    EXPECT_NE(there.begin()->second.flags & IFA_F_NODAD, 0U);
}

TEST_F(Kernels, ShowLabelBroadcastScopePeerLifetimeAndOurMark) {
    InterfaceAddress wanted = address("192.0.2.7", 24);
    wanted.label = name_ + ":vip";
    wanted.broadcast = core::Address::from_text("192.0.2.255");
    wanted.scope = 253;
    wanted.preferred_lifetime = 0;
    InterfaceAddress with_peer = address("198.51.100.1", 32);
    with_peer.peer = core::Address::from_text("198.51.100.2");
    InterfaceAddress v6 = address("2001:db8::7", 128);
    v6.preferred_lifetime = 0;
    const Change changes[] = {AddAddress{wanted}, AddAddress{with_peer}, AddAddress{v6}};
    EXPECT_TRUE(kernel_->apply(changes).all_done());
    const auto there = dump();
    ASSERT_EQ(there.size(), 3U);
    const InterfaceAddress& first = there.at(netlink::key_of(wanted));
    EXPECT_EQ(first.label, wanted.label);
    EXPECT_EQ(first.broadcast, wanted.broadcast);
    EXPECT_EQ(first.scope, 253);
    EXPECT_TRUE(first.is_deprecated());
    EXPECT_EQ(there.at(netlink::key_of(with_peer)).peer, with_peer.peer);
    EXPECT_TRUE(there.at(netlink::key_of(v6)).is_deprecated());
    const std::uint8_t mark = kernel_->has_address_protocol() ? kOurProtocol : std::uint8_t{0};
    for (const auto& [key, each] : there) EXPECT_EQ(each.protocol, mark) << each.address.text();
}

TEST_F(Kernels, ProbeAttributesWithoutChangingAnything) {
    const auto before = dump();
    const Message unknown = netlink::encode_attribute_probe(60);
    const auto outcome = requester_->change({&unknown, 1});
    ASSERT_EQ(outcome.refusals.size(), 1U);
    EXPECT_FALSE(netlink::means_known_attribute(outcome.refusals[0].error.code()));
    const Message known = netlink::encode_attribute_probe(IFA_CACHEINFO);
    const auto other = requester_->change({&known, 1});
    ASSERT_EQ(other.refusals.size(), 1U);
    EXPECT_EQ(other.refusals[0].error.code(), ERANGE);
    EXPECT_EQ(dump(), before);
}

TEST_F(Kernels, RefuseWhatIsOnAVanishedInterfaceAndTellThatItVanished) {
    remove_interface(left_);
    const Change changes[] = {AddAddress{address("192.0.2.7", 24)},
                              RemoveAddress{address("192.0.2.7", 24)},
                              AddAddress{address("2001:db8::7", 64)}};
    const auto codes = tests::codes(kernel_->apply(changes));
    EXPECT_EQ(codes, (std::map<std::size_t, int>{{0, ENODEV}, {1, ENODEV}, {2, ENODEV}}));
    deliver();
    EXPECT_EQ(listener_.links_removed, 2);
    EXPECT_EQ(kernel_->interfaces().find(name_), nullptr);
    left_ = 0;
}

TEST_F(Kernels, DoNotBelieveWhatOtherProcessesSend) {
    auto socket = netlink::open_monitor_socket();
    ASSERT_TRUE(socket);
    sockaddr_nl victim{};
    socklen_t size = sizeof victim;
    ASSERT_EQ(getsockname(socket->get(), reinterpret_cast<sockaddr*>(&victim), &size), 0);
    Listener listener;
    auto monitor = netlink::Monitor::wrap(std::move(socket).value(), listener);
    ASSERT_TRUE(monitor);
    ASSERT_TRUE((*monitor)->start());

    const core::UniqueFd forger(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    ifinfomsg info{};
    info.ifi_index = 4242;
    Message message(RTM_NEWLINK, 0);
    message.header(info);
    message.put_text(IFLA_IFNAME, "forged0");
    const auto octets = message.bytes();
    victim.nl_groups = 0;
    ASSERT_EQ(sendto(forger.get(), octets.data(), octets.size(), 0,
                     reinterpret_cast<const sockaddr*>(&victim), sizeof victim),
              static_cast<ssize_t>(octets.size()));
    (*monitor)->readable();
    EXPECT_EQ((*monitor)->table().find("forged0"), nullptr);
}

TEST_F(Kernels, TellWhereThisHostForwardsIpv6) {
    const auto set = [this](const char* value) {
        std::ofstream("/proc/sys/net/ipv6/conf/" + name_ + "/forwarding") << value;
    };
    auto found = kernel_->ipv6_forwarders();
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_FALSE(found->contains(left_));
    set("1");
    found = kernel_->ipv6_forwarders();
    ASSERT_TRUE(found);
    if (std::ifstream file("/proc/sys/net/ipv6/conf/" + name_ + "/forwarding"); file.get() != '1') {
        GTEST_SKIP() << "/proc/sys is read-only here";
    }
    EXPECT_TRUE(found->contains(left_));
    EXPECT_FALSE(found->contains(right_));
}

TEST_F(Kernels, SendFramesAsTheyAre) {
    const core::UniqueFd ear(
        socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(0x0806)));
    ASSERT_TRUE(ear);
    sockaddr_ll name{};
    name.sll_family = AF_PACKET;
    name.sll_protocol = htons(0x0806);
    name.sll_ifindex = static_cast<int>(right_);
    ASSERT_EQ(bind(ear.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    std::vector<std::byte> frame(42, std::byte{0xff});
    frame[12] = std::byte{0x08};
    frame[13] = std::byte{0x06};
    FrameBytes octets;
    octets.append(frame);
    std::vector<Frame> frames(600, Frame{left_, octets});
    frames[300].interface_index = 9999;
    const Report report = kernel_->send(frames);
    ASSERT_EQ(report.refusals.size(), 1U);
    EXPECT_EQ(report.refusals[0].change, 300U);
    EXPECT_EQ(report.refusals[0].error.code(), ENXIO);
    std::vector<std::byte> heard(100);
    ASSERT_EQ(recv(ear.get(), heard.data(), heard.size(), 0), 42);
    heard.resize(42);
    EXPECT_EQ(heard, frame);
}

class SameAnswers : public Kernels, public testing::WithParamInterface<bool> {};

TEST_P(SameAnswers, OfTheRealKernelAndTheOneInMemory) {
    promote_secondaries(GetParam());
    for (std::uint32_t seed = 1; seed <= 40; ++seed) {
        tests::FakeKernel fake;
        fake.promote_secondaries(GetParam());
        fake.set_address_protocol(kernel_->has_address_protocol());
        std::uint32_t index = 0;
        while (index != left_) index = fake.add_interface(index + 1 == left_ ? name_ : "other");
        for (std::uint32_t other = 1; other < left_; ++other) fake.remove_interface(other);

        tests::RandomChanges random(seed);
        for (int round = 0; round < 12; ++round) {
            std::vector<Change> changes;
            // 9999 is an interface that both do not have.
            for (int i = 0; i < 12; ++i) {
                changes.push_back(random.address({left_, left_, left_, 9999}));
            }
            std::string asked;
            for (const Change& change : changes) asked += to_text(change) + "\n";
            const auto real_codes = tests::codes(kernel_->apply(changes));
            const auto fake_codes = tests::codes(fake.apply(changes));
            ASSERT_EQ(real_codes, fake_codes) << "seed " << seed << "\n" << asked;
            const auto real = dump();
            const auto kept = tests::comparable(fake.addresses(), {left_});
            ASSERT_EQ(real, kept) << "seed " << seed << "\n"
                                  << asked << "real:\n"
                                  << tests::to_text(real) << "in memory:\n"
                                  << tests::to_text(kept);
        }
        std::vector<Change> clean;
        for (const auto& [key, there] : dump()) clean.emplace_back(RemoveAddress{there});
        static_cast<void>(kernel_->apply(clean));
        std::vector<Change> rest;
        for (const auto& [key, there] : dump()) rest.emplace_back(RemoveAddress{there});
        static_cast<void>(kernel_->apply(rest));
        ASSERT_TRUE(dump().empty());
    }
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutPromotion, SameAnswers, testing::Bool());

}  // namespace
}  // namespace holdfast::ipvsd
