#include "ipvsd/plan.hpp"

#include <gtest/gtest.h>
#include <linux/if_addr.h>

#include <algorithm>
#include <random>

namespace holdfast::ipvsd {
namespace {

std::uint32_t below(std::mt19937& random, unsigned limit) {
    return static_cast<std::uint32_t>(random() % limit);
}

core::Endpoint host(unsigned n) {
    return {core::Address::v4(0x0a000000 + n), 80};
}
ServiceKey key(unsigned n) {
    return ServiceKey::at(Protocol::tcp, {core::Address::v4(0xc0000200 + n), 80});
}
Service service(unsigned n, const std::string& scheduler = "rr") {
    return {.key = key(n), .scheduler = scheduler};
}
Destination destination(unsigned n, std::uint32_t weight = 1) {
    return {.endpoint = host(n), .weight = weight};
}
ServiceWish wish(unsigned n, std::vector<Destination> destinations) {
    return {.service = service(n), .destinations = std::move(destinations)};
}

using Plan = std::vector<Change>;

void carry_out(ServicesInKernel& kernel, const Plan& plan) {
    for (const Change& change : plan) take_over(kernel, change);
}

ServicesInKernel kernel_with(const std::vector<ServiceWish>& wished) {
    ServicesInKernel kernel;
    carry_out(kernel, plan_services(wished, {}, {}));
    return kernel;
}

TEST(PlanServices, AddsAServiceBeforeItsDestinations) {
    EXPECT_EQ(plan_services(std::vector{wish(1, {destination(1), destination(2)})}, {}, {}),
              (Plan{AddService{service(1)}, AddDestination{key(1), destination(1)},
                    AddDestination{key(1), destination(2)}}));
}

TEST(PlanServices, IsEmptyWhenTheKernelIsAsWished) {
    const std::vector wished{wish(1, {destination(1), destination(2)}), wish(2, {})};
    EXPECT_TRUE(plan_services(wished, kernel_with(wished), {key(1), key(2)}).empty());
}

TEST(PlanServices, EditsWhatDiffersAndNothingElse) {
    const std::vector before{wish(1, {destination(1), destination(2)}), wish(2, {destination(1)})};
    std::vector after = before;
    after[0].service.scheduler = "wlc";
    after[0].destinations[1].weight = 5;
    EXPECT_EQ(plan_services(after, kernel_with(before), {}),
              (Plan{EditService{service(1, "wlc")}, EditDestination{key(1), destination(2, 5)}}));
}

TEST(PlanServices, AddsWhatTakesOverBeforeItRemovesWhatGoes) {
    EXPECT_EQ(plan_services(std::vector{wish(1, {destination(9)})},
                            kernel_with({wish(1, {destination(1), destination(2)})}), {}),
              (Plan{AddDestination{key(1), destination(9)}, RemoveDestination{key(1), host(1)},
                    RemoveDestination{key(1), host(2)}}));
}

TEST(PlanServices, RaisesWeightsBeforeItLowersOthersToZero) {
    EXPECT_EQ(plan_services(std::vector{wish(1, {destination(1, 0), destination(2, 3)})},
                            kernel_with({wish(1, {destination(1, 3), destination(2, 0)})}), {}),
              (Plan{EditDestination{key(1), destination(2, 3)},
                    EditDestination{key(1), destination(1, 0)}}));
}

TEST(PlanServices, LeavesForeignAndUnknownServicesAlone) {
    const ServicesInKernel kernel =
        kernel_with({wish(1, {destination(1)}), wish(2, {destination(1)})});
    std::vector wished{wish(1, {})};
    wished[0].wish = Wish::unknown;
    EXPECT_TRUE(plan_services(wished, kernel, {key(1)}).empty());
}

TEST(PlanServices, RemovesWhatTheLedgerNamesAndNobodyWishesLast) {
    EXPECT_EQ(plan_services(std::vector{wish(1, {})}, kernel_with({wish(3, {destination(1)})}),
                            {key(1), key(2), key(3)}),
              (Plan{AddService{service(1)}, RemoveService{key(3)}}));
}

TEST(PlanServices, RemovesAServiceThatIsWishedAbsentWhoeverMadeIt) {
    std::vector wished{wish(1, {})};
    wished[0].wish = Wish::absent;
    EXPECT_EQ(plan_services(wished, kernel_with({wish(1, {destination(1)})}), {}),
              (Plan{RemoveService{key(1)}}));
    EXPECT_TRUE(plan_services(wished, {}, {key(1)}).empty());
}

bool takes_traffic(const ServicesInKernel& kernel, const ServiceKey& which) {
    const auto found = kernel.find(which);
    return found != kernel.end() && std::ranges::any_of(found->second.destinations, [](auto& each) {
               return each.second.weight > 0;
           });
}

std::vector<ServiceWish> random_wishes(std::mt19937& random) {
    std::vector<ServiceWish> wished;
    for (unsigned n = 1; n <= 4; ++n) {
        if (below(random, 4) == 0) continue;
        ServiceWish each = wish(n, {});
        each.service.scheduler = below(random, 2) == 0 ? "rr" : "wlc";
        const auto state = below(random, 8);
        each.wish = state == 0 ? Wish::unknown : state == 1 ? Wish::absent : Wish::present;
        for (unsigned d = 1; d <= 5; ++d) {
            if (below(random, 2) == 0)
                each.destinations.push_back(destination(d, below(random, 3)));
        }
        wished.push_back(each);
    }
    return wished;
}

TEST(PlanServices, FromAnyStateReachesAnyWishWithoutAGapAndSparesTheForeign) {
    std::mt19937 random(11);
    ServicesInKernel kernel = kernel_with({wish(50, {destination(1)}), wish(51, {})});
    const ServiceInKernel foreign = kernel.at(key(50));
    std::set<ServiceKey> ledger;
    for (int round = 0; round < 2000; ++round) {
        const std::vector<ServiceWish> wished = random_wishes(random);
        const ServicesInKernel before = kernel;
        const Plan plan = plan_services(wished, kernel, ledger);
        ServicesInKernel after = kernel;
        carry_out(after, plan);
        for (const Change& change : plan) {
            take_over(kernel, change);
            for (unsigned n = 1; n <= 4; ++n) {
                if (takes_traffic(before, key(n)) && takes_traffic(after, key(n))) {
                    EXPECT_TRUE(takes_traffic(kernel, key(n))) << to_text(change);
                }
            }
        }
        std::set<ServiceKey> unsaid = ledger;
        for (const ServiceWish& each : wished) {
            unsaid.erase(each.service.key);
            if (each.wish == Wish::unknown) continue;
            EXPECT_EQ(kernel.contains(each.service.key), each.wish == Wish::present);
            if (each.wish != Wish::present) continue;
            ledger.insert(each.service.key);
            const ServiceInKernel& found = kernel.at(each.service.key);
            EXPECT_EQ(found.service, each.service);
            EXPECT_EQ(found.destinations.size(), each.destinations.size());
            for (const Destination& d : each.destinations) {
                EXPECT_EQ(found.destinations.at(d.endpoint), d);
            }
        }
        for (const ServiceKey& gone : unsaid) EXPECT_FALSE(kernel.contains(gone));
        EXPECT_EQ(kernel.at(key(50)), foreign);
        EXPECT_TRUE(kernel.contains(key(51)));
        EXPECT_TRUE(plan_services(wished, kernel, ledger).empty());
    }
}

// ---- Addresses ------------------------------------------------------------------------------

netlink::InterfaceAddress address(const std::string& text, std::uint8_t prefix,
                                  std::uint32_t flags = 0) {
    return {.interface_index = 3,
            .address = *core::Address::from_text(text),
            .prefix_length = prefix,
            .flags = flags};
}
AddressWish address_wish(const netlink::InterfaceAddress& value, Wish state = Wish::present) {
    return {.name = name_of("eth0", value), .value = value, .wish = state};
}
AddressesInKernel addresses(const std::vector<netlink::InterfaceAddress>& list) {
    AddressesInKernel kernel;
    for (const auto& each : list) kernel[name_of("eth0", each)] = each;
    return kernel;
}

TEST(PlanAddresses, AddsInTheOrderOfTheWishAndRemovesInReverse) {
    const auto one = address("192.0.2.1", 32);
    const auto two = address("192.0.2.2", 32);
    EXPECT_EQ(plan_addresses(std::vector{address_wish(two), address_wish(one)}, {}, {}),
              (Plan{AddAddress{two}, AddAddress{one}}));
    EXPECT_EQ(plan_addresses(
                  std::vector{address_wish(one, Wish::absent), address_wish(two, Wish::absent)},
                  addresses({one, two}), {}),
              (Plan{RemoveAddress{two}, RemoveAddress{one}}));
}

TEST(PlanAddresses, LeavesWhatIsThereUnknownForeignOrWithoutInterface) {
    const auto there = address("192.0.2.1", 24);
    const auto unknown = address("192.0.2.2", 24);
    const auto foreign = address("192.0.2.3", 24);
    auto homeless = address("192.0.2.4", 24);
    homeless.interface_index = 0;
    EXPECT_TRUE(
        plan_addresses(std::vector{address_wish(there), address_wish(unknown, Wish::unknown),
                                   address_wish(homeless)},
                       addresses({there, unknown, foreign}), {name_of("eth0", unknown)})
            .empty());
}

TEST(PlanAddresses, RemovesWhatTheLedgerNamesAndNobodyWishes) {
    const auto left = address("192.0.2.1", 24);
    EXPECT_EQ(plan_addresses({}, addresses({left}),
                             {name_of("eth0", left), name_of("eth0", address("192.0.2.9", 24))}),
              (Plan{RemoveAddress{left}}));
}

TEST(PlanAddresses, EditsLifetimesInPlaceAndReplacesWhatTheKernelCannotEdit) {
    auto deprecated = address("2001:db8::1", 128);
    deprecated.preferred_lifetime = 0;
    EXPECT_EQ(plan_addresses(std::vector{address_wish(deprecated)},
                             addresses({address("2001:db8::1", 128)}), {}),
              (Plan{ReplaceAddress{deprecated}}));
    const auto longer = address("2001:db8::1", 64);
    EXPECT_EQ(plan_addresses(std::vector{address_wish(longer)},
                             addresses({address("2001:db8::1", 128)}), {}),
              (Plan{RemoveAddress{address("2001:db8::1", 128)}, AddAddress{longer}}));
    auto labelled = address("192.0.2.1", 24);
    labelled.label = "eth0:1";
    EXPECT_EQ(plan_addresses(std::vector{address_wish(labelled)},
                             addresses({address("192.0.2.1", 24)}), {}),
              (Plan{RemoveAddress{address("192.0.2.1", 24)}, AddAddress{labelled}}));
}

TEST(PlanAddresses, TakesFlagsAndProtocolOfTheKernelAsTheyAre) {
    auto found = address("2001:db8::1", 64, IFA_F_PERMANENT);
    found.protocol = 2;
    EXPECT_TRUE(plan_addresses(std::vector{address_wish(address("2001:db8::1", 64, IFA_F_NODAD))},
                               addresses({found}), {})
                    .empty());
}

TEST(PlanAddresses, PutsSecondariesBackThatTheKernelTakesAlongWithTheirPrimary) {
    const auto primary = address("192.0.2.1", 24, IFA_F_PERMANENT);
    const auto foreign = address("192.0.2.2", 24, IFA_F_PERMANENT | IFA_F_SECONDARY);
    const auto ours = address("192.0.2.3", 24, IFA_F_PERMANENT | IFA_F_SECONDARY);
    const auto elsewhere = address("198.51.100.2", 24, IFA_F_PERMANENT | IFA_F_SECONDARY);
    EXPECT_EQ(plan_addresses(std::vector{address_wish(primary, Wish::absent),
                                         address_wish(ours, Wish::absent)},
                             addresses({primary, foreign, ours, elsewhere}), {}),
              (Plan{RemoveAddress{ours}, RemoveAddress{primary},
                    ReplaceAddress{address("192.0.2.2", 24)}}));
}

/// By the peers' network, not by that of the addresses themselves.
TEST(PlanAddresses, CountsPointToPointAddressesAsTheKernelDoes) {
    auto primary = address("192.0.2.1", 24, IFA_F_PERMANENT);
    primary.peer = core::Address::from_text("198.51.100.1");
    auto foreign = address("192.0.2.2", 24, IFA_F_PERMANENT | IFA_F_SECONDARY);
    foreign.peer = core::Address::from_text("198.51.100.2");
    auto elsewhere = address("192.0.2.3", 24, IFA_F_PERMANENT | IFA_F_SECONDARY);
    elsewhere.peer = core::Address::from_text("203.0.113.2");
    auto back = foreign;
    back.flags = 0;
    EXPECT_EQ(plan_addresses(std::vector{address_wish(primary, Wish::absent)},
                             addresses({primary, foreign, elsewhere}), {}),
              (Plan{RemoveAddress{primary}, ReplaceAddress{back}}));
}

}  // namespace
}  // namespace holdfast::ipvsd
