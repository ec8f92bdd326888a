#include "tests/fakes/fake_kernel.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace holdfast::ipvsd {
namespace {

using tests::FakeKernel;

netlink::InterfaceAddress address(std::uint32_t interface, std::string_view text) {
    return {.interface_index = interface,
            .address = *core::Address::from_text(text),
            .prefix_length = 24};
}

std::vector<std::string> texts(const FakeKernel& kernel) {
    std::vector<std::string> all;
    for (const auto& there : kernel.addresses()) all.push_back(there.address.text());
    return all;
}

int code_of(Kernel& kernel, const Change& change) {
    const Report report = kernel.apply({&change, 1});
    return report.refusals.empty() ? 0 : report.refusals[0].error.code();
}

TEST(FakeKernel, TakesSecondaryAddressesAlongWithTheirPrimary) {
    FakeKernel kernel;
    const auto eth0 = kernel.add_interface("eth0");
    const Change changes[] = {
        AddAddress{address(eth0, "192.0.2.1")}, AddAddress{address(eth0, "192.0.2.2")},
        AddAddress{address(eth0, "198.51.100.1")}, RemoveAddress{address(eth0, "192.0.2.1")}};
    EXPECT_TRUE(kernel.apply(changes).all_done());
    EXPECT_EQ(texts(kernel), std::vector<std::string>{"198.51.100.1"});
}

TEST(FakeKernel, PromotesASecondaryAddressWhereTheHostWishesIt) {
    FakeKernel kernel;
    kernel.promote_secondaries(true);
    const auto eth0 = kernel.add_interface("eth0");
    const Change changes[] = {AddAddress{address(eth0, "192.0.2.1")},
                              AddAddress{address(eth0, "192.0.2.2")},
                              RemoveAddress{address(eth0, "192.0.2.1")}};
    EXPECT_TRUE(kernel.apply(changes).all_done());
    ASSERT_EQ(texts(kernel), std::vector<std::string>{"192.0.2.2"});
    EXPECT_FALSE(kernel.addresses()[0].is_secondary());
}

TEST(FakeKernel, RefusesWithTheKernelsErrnoAndGoesOn) {
    FakeKernel kernel;
    const auto eth0 = kernel.add_interface("eth0");
    const Change changes[] = {
        AddAddress{address(eth0, "192.0.2.1")},     AddAddress{address(eth0, "192.0.2.1")},
        RemoveAddress{address(eth0, "192.0.2.9")},  AddAddress{address(eth0 + 1, "192.0.2.3")},
        ReplaceAddress{address(eth0, "192.0.2.1")},
    };
    const Report report = kernel.apply(changes);
    ASSERT_EQ(report.refusals.size(), 3U);
    EXPECT_EQ(report.refusals[0].error.code(), EEXIST);
    EXPECT_EQ(report.refusals[1].error.code(), EADDRNOTAVAIL);
    EXPECT_EQ(report.refusals[2].error.code(), ENODEV);
}

TEST(FakeKernel, HasNoServicesWithoutIpvs) {
    FakeKernel kernel;
    kernel.set_ipvs(false);
    const Service service{.key = ServiceKey::marked(core::Family::ipv4, 1)};
    EXPECT_EQ(code_of(kernel, AddService{service}), EAFNOSUPPORT);
    EXPECT_FALSE(kernel.dump_services()->present);
    kernel.set_ipvs(true);
    EXPECT_EQ(code_of(kernel, AddService{service}), 0);
}

TEST(FakeKernel, RefusesUnknownSchedulersServicesAndDestinations) {
    FakeKernel kernel;
    const ServiceKey key = ServiceKey::marked(core::Family::ipv4, 1);
    const Destination server{.endpoint = {*core::Address::from_text("10.0.0.1"), 0}};
    EXPECT_EQ(code_of(kernel, AddService{{.key = key, .scheduler = "nonsense"}}), ENOENT);
    EXPECT_EQ(code_of(kernel, AddDestination{key, server}), ESRCH);
    EXPECT_EQ(code_of(kernel, AddService{{.key = key}}), 0);
    EXPECT_EQ(code_of(kernel, EditDestination{key, server}), ENOENT);
    EXPECT_EQ(code_of(kernel, AddDestination{key, server}), 0);
    EXPECT_EQ(code_of(kernel, AddDestination{key, server}), EEXIST);
}

TEST(FakeKernel, TellsEventsOnlyWhenTheLoopTurns) {
    struct Listener : KernelListener {
        void address_removed(const netlink::InterfaceAddress&) override { ++removed; }
        int removed = 0;
    } listener;
    FakeKernel kernel(&listener);
    const auto eth0 = kernel.add_interface("eth0");
    EXPECT_EQ(code_of(kernel, AddAddress{address(eth0, "192.0.2.1")}), 0);
    EXPECT_EQ(kernel.interfaces().find("eth0"), nullptr);
    kernel.deliver();
    EXPECT_EQ(kernel.interfaces().find("eth0")->addresses.size(), 1U);
    kernel.remove_interface(eth0);
    kernel.deliver();
    EXPECT_EQ(listener.removed, 1);
    EXPECT_TRUE(kernel.addresses().empty());
}

}  // namespace
}  // namespace holdfast::ipvsd
