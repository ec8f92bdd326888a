// Routes and rules of instances, and what is static, against a kernel in memory.
#include "tests/unit/ipvsd/daemon_fixture.hpp"

namespace holdfast::ipvsd::test {
namespace {

constexpr auto kActive = messages::VRRP_ACTIVE;
constexpr auto kBackup = messages::VRRP_BACKUP;

class Paths : public DaemonTest {
  protected:
    /// A VIP, a route that needs it as source, and a rule.
    config::VrrpInstance& add_router(std::uint64_t id = 1) {
        config::VrrpInstance& one = add_instance(id, {"192.0.2.1"});
        add_route(one, "10.0.0.0/8", "192.0.2.254", "192.0.2.1");
        add_rule(one, "192.0.2.0/24", 100, 50);
        return one;
    }
    static constexpr const char* kRoute = "10.0.0.0/8 via 192.0.2.254 table 254 protocol 18";
    static constexpr const char* kRule = "from 192.0.2.0/24 table 100 preference 50";

    /// "+A +R" in the order of the requests.
    std::string asked_in_order() {
        std::string text;
        const auto add = [&](const char* word) {
            text += (text.empty() ? "" : " ") + std::string(word);
        };
        for (const Change& change : kernel_.asked()) {
            if (std::holds_alternative<AddAddress>(change)) add("+address");
            if (std::holds_alternative<RemoveAddress>(change)) add("-address");
            if (std::holds_alternative<AddRoute>(change)) add("+route");
            if (std::holds_alternative<RemoveRoute>(change)) add("-route");
            if (std::holds_alternative<AddRule>(change)) add("+rule");
            if (std::holds_alternative<RemoveRule>(change)) add("-rule");
        }
        kernel_.forget_asked();
        return text;
    }
    netlink::Route route_in_kernel() { return kernel_.paths().routes().at(0); }
};

TEST_F(Paths, ComeBehindAddressesAndGoBeforeThem) {
    add_router();
    start();
    say_all_roles({{1, kBackup}});
    EXPECT_EQ(asked_in_order(), "");
    say_roles({{1, kActive}});
    EXPECT_EQ(asked_in_order(), "+address +route +rule");
    EXPECT_EQ(routes(), kRoute);
    EXPECT_EQ(rules(), kRule);
    EXPECT_EQ(route_in_kernel().preferred_source->text(), "192.0.2.1");
    say_roles({{1, kBackup}});
    EXPECT_EQ(asked_in_order(), "-rule -route -address");
    EXPECT_EQ(routes() + rules(), "");
    pass(1h);
    EXPECT_EQ(asked_in_order(), "");
}

TEST_F(Paths, OfSeveralInstancesMoveInOneBatch) {
    add_router(1);
    config::VrrpInstance& two = add_instance(2, {"192.0.2.2"});
    add_route(two, "172.16.0.0/12", "192.0.2.254");
    start();
    say_all_roles({{1, kActive}, {2, kBackup}});
    asked_in_order();
    say_roles({{2, kActive}, {1, kBackup}});
    EXPECT_EQ(asked_in_order(), "-rule -route -address +address +route");
}

TEST_F(Paths, AreNoReasonToGiveUpTheRole) {
    config::VrrpInstance& one = add_router();
    add_route(one, "10.9.0.0/16", "203.0.113.1");                       // no such network here
    add_route(one, "10.8.0.0/16", "192.0.2.254").set_interface("no0");  // no such interface
    start();
    say_all_roles({{1, kBackup}});
    vrrpd_.take();
    say_roles({{1, kActive}});
    const auto heard = vrrpd_.take();
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_EQ(heard[0].instance_applied().results(0).error(), 0U);
    EXPECT_EQ(routes(), kRoute);
    EXPECT_EQ(log_.count("ROUTE_FAILED"), 2);
    pass(10s);
    EXPECT_EQ(log_.count("ROUTE_FAILED"), 2);
    const auto shown = status<messages::AddressStatus>(messages::STATUS_ADDRESSES);
    EXPECT_EQ(shown.instances(0).paths_wanted(), 4U);
    EXPECT_EQ(shown.instances(0).paths_installed(), 2U);
    ASSERT_EQ(shown.instances(0).path_failures_size(), 2);

    // Both become possible.
    const std::uint32_t index = kernel_.add_interface("no0");
    kernel_.apply(
        std::vector<Change>{AddAddress{{.interface_index = eth0_,
                                        .address = *core::Address::from_text("203.0.113.2"),
                                        .prefix_length = 24}},
                            AddAddress{{.interface_index = index,
                                        .address = *core::Address::from_text("192.0.2.200"),
                                        .prefix_length = 24}}});
    pass(2s);
    EXPECT_EQ(kernel_.paths().routes().size(), 3U);
    EXPECT_EQ(log_.count("ROUTE_RESTORED"), 0);
    EXPECT_EQ(status<messages::AddressStatus>(messages::STATUS_ADDRESSES)
                  .instances(0)
                  .path_failures_size(),
              0);
}

TEST_F(Paths, AreShownWithWhatIsMissingAndWhy) {
    config::VrrpInstance& one = add_router();
    add_route(one, "10.9.0.0/16", "203.0.113.1");  // no such network here
    add_route(one, "10.8.0.0/16", "192.0.2.254").set_no_track(true);
    add_instance(2, {"192.0.2.2"}).mutable_addresses(0)->set_interface("no0");
    fill(*config_.add_static_routes(), 2, "10.7.0.0/16", "203.0.113.1");
    start();
    say_all_roles({{1, kActive}, {2, kActive}});
    for (const netlink::Route& each : std::vector(kernel_.paths().routes())) {
        if (name_of(each).rfind("10.8.", 0) == 0)
            kernel_.apply(std::vector<Change>{RemoveRoute{each}});
    }
    pass(1s);
    const auto shown = status<messages::AddressStatus>(messages::STATUS_ADDRESSES);
    ASSERT_EQ(shown.instances_size(), 3);
    EXPECT_EQ(shown.instances(0).name(), "VI_1");
    ASSERT_EQ(shown.instances(0).path_failures_size(), 2);
    EXPECT_NE(shown.instances(0).path_failures(0).find("10.9.0.0/16"), std::string::npos);
    EXPECT_NE(shown.instances(0).path_failures(0).find("unreachable"), std::string::npos);
    EXPECT_NE(shown.instances(0).path_failures(1).find("removed by somebody else"),
              std::string::npos);
    EXPECT_EQ(shown.instances(0).paths_installed(), 2U);
    ASSERT_EQ(shown.instances(1).address_failures_size(), 1);
    EXPECT_NE(shown.instances(1).address_failures(0).find("192.0.2.2/24 dev no0: No such device"),
              std::string::npos);
    EXPECT_EQ(shown.instances(2).name(), "static");
    EXPECT_EQ(shown.instances(2).path_failures_size(), 1);
}

TEST_F(Paths, GoWithTheRoleAlsoWhileTheyAreInDoubt) {
    // With a source it would go with the address.
    add_route(add_instance(1, {"192.0.2.1"}), "10.0.0.0/8", "192.0.2.254");
    start();
    say_all_roles({{1, kActive}});
    pass(1s);
    const netlink::Route foreign{.destination = {*core::Address::from_text("10.0.0.0"), 8},
                                 .protocol = 186,
                                 .hops = {{.interface_index = eth0_}}};
    kernel_.paths().put(foreign);
    settle();
    say_roles({{1, kBackup}});
    EXPECT_EQ(routes(), name_of(foreign));
    pass(1s);
    EXPECT_EQ(routes(), name_of(foreign));
}

TEST_F(Paths, ThatSomebodyPutsOnABackupAreTakenAwayAsAddressesAre) {
    add_router();
    start();
    say_all_roles({{1, kActive}});
    const netlink::Route ours = route_in_kernel();
    say_roles({{1, kBackup}});
    pass(1s);
    EXPECT_EQ(routes(), "");
    kernel_.paths().put(ours);
    pass(200ms);
    EXPECT_EQ(routes(), "");
}

TEST_F(Paths, AreNobodysWhenTheyAreNeitherConfiguredNorThere) {
    config::VrrpInstance& one = add_router();
    const std::uint32_t index = kernel_.add_interface("eth1");
    add_route(one, "10.5.0.0/16", "").set_interface("eth1");
    start();
    say_all_roles({{1, kActive}});
    netlink::Route left = kernel_.paths().routes().back();
    EXPECT_EQ(left.hops.at(0).interface_index, index);
    kernel_.remove_interface(index);
    pass(1s);
    config_.mutable_vrrp_instances(0)->mutable_virtual_routes()->DeleteSubrange(1, 1);
    reload();
    say_committed(vrrpd_);
    pass(10s);
    left.hops[0].interface_index = kernel_.add_interface("eth1");
    kernel_.paths().put(left);  // somebody else's
    pass(1s);
    config_.mutable_vrrp_instances(0)->set_priority(101);
    reload();
    say_committed(vrrpd_);
    pass(10s);
    EXPECT_NE(routes().find(name_of(left)), std::string::npos);
}

TEST_F(Paths, CostNoDumpWhenInterfacesOfOthersComeAndGo) {
    config::VrrpInstance& one = add_router();
    one.mutable_virtual_routes(0)->set_no_track(true);
    start();
    say_all_roles({{1, kActive}});
    pass(1s);
    const int dumps = kernel_.route_dumps();
    const int dumps_of_addresses = kernel_.address_dumps();
    kernel_.apply(std::vector<Change>{RemoveRoute{route_in_kernel()}});
    pass(1s);
    const std::uint32_t index = kernel_.add_interface("veth7");
    pass(1s);
    kernel_.remove_interface(index);
    pass(1s);
    EXPECT_EQ(kernel_.route_dumps(), dumps);
    EXPECT_EQ(kernel_.address_dumps(), dumps_of_addresses);
    EXPECT_EQ(routes(), "");  // nobody tracks it, and its interface was there all the time
}

TEST_F(Paths, ThatMayStandBesideNoOtherFailWhileThereIsOne) {
    config::VrrpInstance& one = add_instance(1, {"192.0.2.1"});
    add_route(one, "10.0.0.0/8", "192.0.2.254").set_placement(config::ROUTE_ADD);
    const netlink::Route foreign{.destination = {*core::Address::from_text("10.0.0.0"), 8},
                                 .protocol = 4,
                                 .hops = {{.interface_index = eth0_}}};
    kernel_.paths().put(foreign);
    start();
    say_all_roles({{1, kActive}});
    pass(10s);
    EXPECT_EQ(log_.count("ROUTE_FAILED"), 1);
    auto shown = status<messages::AddressStatus>(messages::STATUS_ADDRESSES);
    EXPECT_EQ(shown.instances(0).paths_installed(), 0U);
    kernel_.apply(std::vector<Change>{RemoveRoute{foreign}});
    pass(2s);
    EXPECT_EQ(routes(), kRoute);
}

TEST_F(Paths, AreBackWithin200MillisecondsWithoutADump) {
    add_router();
    start();
    say_all_roles({{1, kActive}});
    pass(1s);
    const int dumps = kernel_.route_dumps();
    kernel_.apply(std::vector<Change>{RemoveRoute{route_in_kernel()},
                                      RemoveRule{kernel_.paths().rules().at(0)}});
    EXPECT_EQ(routes() + rules(), "");
    pass(200ms);
    EXPECT_EQ(routes(), kRoute);
    EXPECT_EQ(rules(), kRule);
    EXPECT_EQ(kernel_.route_dumps(), dumps);
    EXPECT_EQ(log_.count("ROUTE_RESTORED"), 1);
    EXPECT_EQ(log_.count("RULE_RESTORED"), 1);
    EXPECT_TRUE(vrrpd_.take().back().has_instance_applied());  // nothing but the first answer
}

TEST_F(Paths, ReturnWithTheAddressThatIsTheirSource) {
    add_router();
    start();
    say_all_roles({{1, kActive}});
    kernel_.apply(std::vector<Change>{RemoveAddress{kernel_.addresses().at(0)}});
    EXPECT_EQ(routes(), "");
    pass(200ms);
    EXPECT_EQ(addresses(), "192.0.2.1");
    EXPECT_EQ(routes(), kRoute);
}

TEST_F(Paths, SurviveThatAReloadMakesTheirSourceAnew) {
    add_router();
    start();
    say_all_roles({{1, kActive}});
    config_.mutable_vrrp_instances(0)->mutable_addresses(0)->set_label("eth0:vip");
    reload();
    EXPECT_EQ(routes(), kRoute);
    EXPECT_EQ(kernel_.addresses().at(0).label, "eth0:vip");
}

TEST_F(Paths, ReturnWithTheirInterface) {
    add_router();
    start();
    say_all_roles({{1, kActive}});
    kernel_.set_interface(eth0_, [](netlink::Link& link) { link.flags &= ~unsigned{IFF_UP}; });
    EXPECT_EQ(routes(), "");
    pass(1s);
    EXPECT_EQ(routes(), "");
    kernel_.set_interface(eth0_, [](netlink::Link& link) { link.flags |= IFF_UP; });
    pass(200ms);
    EXPECT_EQ(routes(), kRoute);
    EXPECT_EQ(log_.count("ROUTE_FAILED"), 1);
}

TEST_F(Paths, ThatNobodyTracksStayAwayUntilTheNextTurn) {
    config::VrrpInstance& one = add_router();
    one.mutable_virtual_routes(0)->set_no_track(true);
    one.mutable_virtual_rules(0)->set_no_track(true);
    start();
    say_all_roles({{1, kActive}});
    kernel_.apply(std::vector<Change>{RemoveRoute{route_in_kernel()},
                                      RemoveRule{kernel_.paths().rules().at(0)}});
    pass(1min);
    EXPECT_EQ(routes() + rules(), "");
    say_roles({{1, kBackup}});
    say_roles({{1, kActive}});
    EXPECT_EQ(routes(), kRoute);
    EXPECT_EQ(rules(), kRule);
}

TEST_F(Paths, OfOthersAreNotTouched) {
    add_router();
    netlink::Route foreign{.destination = {*core::Address::from_text("10.0.0.0"), 8},
                           .protocol = 4,
                           .hops = {{.interface_index = eth0_}}};
    kernel_.paths().put(foreign);
    start();
    say_all_roles({{1, kActive}});
    EXPECT_EQ(kernel_.paths().routes().size(), 2U);
    EXPECT_EQ(kernel_.paths().routes().front().protocol, 18);  // ours is looked at first
    say_roles({{1, kBackup}});
    ASSERT_EQ(kernel_.paths().routes().size(), 1U);
    EXPECT_EQ(route_in_kernel(), foreign);
    shut_down(messages::Shutdown::RELEASE);
    EXPECT_EQ(kernel_.paths().routes().size(), 1U);
}

TEST_F(Paths, OfIpv6AndWithoutGateway) {
    config::VrrpInstance& one = add_instance(1, {"2001:db8::1"});
    add_route(one, "2001:db8:9::/48", "2001:db8::99", "2001:db8::1");
    config::Route& nowhere = *one.add_virtual_routes();
    nowhere.set_id(77);
    nowhere.set_type(config::ROUTE_BLACKHOLE);
    nowhere.set_destination(prefix("2001:db8:8::/48"));
    start();
    say_all_roles({{1, kActive}});
    EXPECT_EQ(routes(),
              "2001:db8:9::/48 via 2001:db8::99 table 254 metric 1024 protocol 18; "
              "blackhole 2001:db8:8::/48 table 254 metric 1024 protocol 18");
    pass(1h);
    kernel_.forget_asked();
    say_roles({{1, kBackup}});
    EXPECT_EQ(routes(), "");
}

TEST_F(Paths, AreLeftAloneByARestartAndAKill) {
    add_router();
    start();
    say_all_roles({{1, kActive}});
    kill_ipvsd();
    asked_in_order();
    start(messages::START_RESTART);
    EXPECT_EQ(asked_in_order(), "");
    say_all_roles({{1, kActive}});
    EXPECT_EQ(asked_in_order(), "");
    say_roles({{1, kBackup}});
    EXPECT_EQ(asked_in_order(), "-rule -route -address");
}

TEST_F(Paths, ThatTheLedgerNamesAndNobodyWishesGo) {
    add_router();
    start();
    say_all_roles({{1, kActive}});
    kill_ipvsd();
    config_.mutable_vrrp_instances(0)->clear_virtual_routes();
    config_.mutable_vrrp_instances(0)->clear_virtual_rules();
    start(messages::START_RESTART);
    EXPECT_EQ(routes(), kRoute);
    say_all_roles({{1, kActive}});
    EXPECT_EQ(routes() + rules(), "");
    EXPECT_EQ(addresses(), "192.0.2.1");
}

TEST_F(Paths, AreChangedByAReloadAndOnlyThose) {
    config::VrrpInstance& one = add_router();
    add_route(one, "10.7.0.0/16", "192.0.2.254");
    start();
    say_all_roles({{1, kActive}});
    asked_in_order();
    config_.mutable_vrrp_instances(0)->mutable_virtual_routes(0)->set_mtu(1400);
    reload();
    say_committed(vrrpd_);
    EXPECT_EQ(asked_in_order(), "-route +route");
    EXPECT_EQ(kernel_.paths().routes().size(), 2U);
    pass(1h);
    EXPECT_EQ(asked_in_order(), "");
}

TEST_F(Paths, OfARouteAndRuleOfTwoInstancesStayWhileOneIsActive) {
    add_router(1);
    config::VrrpInstance& two = add_instance(2, {"192.0.2.1"});
    add_route(two, "10.0.0.0/8", "192.0.2.254", "192.0.2.1");
    add_rule(two, "192.0.2.0/24", 100, 50);
    start();
    say_all_roles({{1, kActive}, {2, kActive}});
    asked_in_order();
    say_roles({{1, kBackup}});
    EXPECT_EQ(asked_in_order(), "");
    say_roles({{2, kBackup}});
    EXPECT_EQ(asked_in_order(), "-rule -route -address");
}

TEST_F(Paths, LostEventsLeadToALook) {
    add_router();
    start();
    say_all_roles({{1, kActive}});
    pass(1s);
    KernelListener* const daemon = std::exchange(relay_.to, nullptr);
    kernel_.apply(std::vector<Change>{RemoveRoute{route_in_kernel()}});
    settle();
    relay_.to = daemon;
    pass(1s);
    EXPECT_EQ(routes(), "");
    daemon->routes_lost();
    pass(200ms);
    EXPECT_EQ(routes(), kRoute);
}

TEST_F(Paths, RulesThatSayLessDoNotTakeOthersAlong) {
    config::VrrpInstance& one = add_instance(1, {"192.0.2.1"});
    add_rule(one, "192.0.2.0/24", 100, 50).set_input_interface("eth0");
    config::VrrpInstance& two = add_instance(2, {"192.0.2.2"});
    add_rule(two, "192.0.2.0/24", 100, 50);
    start();
    say_all_roles({{1, kActive}, {2, kActive}});
    EXPECT_EQ(kernel_.paths().rules().size(), 2U);
    say_roles({{2, kBackup}});
    pass(1s);
    EXPECT_EQ(rules(), "from 192.0.2.0/24 iif eth0 table 100 preference 50");
    say_roles({{1, kBackup}});
    EXPECT_EQ(rules(), "");
}

TEST_F(Paths, ARuleThatStandsInTheWayIsNotTakenForOurs) {
    config::VrrpInstance& one = add_instance(1, {"192.0.2.1"});
    config::Rule& rule = add_rule(one, "192.0.2.0/24", 100, 50);
    const netlink::Rule other{.inverted = true,
                              .from = {*core::Address::from_text("192.0.2.0"), 24},
                              .preference = 50,
                              .table = 100,
                              .protocol = 18};
    kernel_.apply(std::vector<Change>{AddRule{other}});
    start();
    say_all_roles({{1, kActive}});
    EXPECT_EQ(log_.count("RULE_FAILED"), 1);
    EXPECT_EQ(rule.preference(), 50U);
    say_roles({{1, kBackup}});
    EXPECT_EQ(kernel_.paths().rules().size(), 1U);
}

class Statics : public DaemonTest {
  protected:
    void add_statics() {
        config::VirtualAddress& address = *config_.add_static_addresses();
        address.set_id(1);
        address.set_address(octets("198.51.100.1"));
        address.set_prefix_length(24);
        address.set_interface("eth0");
        fill(*config_.add_static_routes(), 2, "10.0.0.0/8", "198.51.100.2");
        config::Rule& rule = *config_.add_static_rules();
        rule.set_id(3);
        rule.set_from(prefix("198.51.100.0/24"));
        rule.set_table(7);
        rule.set_preference(9);
    }
    bool all_there() {
        return addresses() == "198.51.100.1" && kernel_.paths().routes().size() == 1 &&
               kernel_.paths().rules().size() == 1;
    }
};

TEST_F(Statics, AreThereFromStartToStop) {
    add_statics();
    start();
    EXPECT_TRUE(all_there());
    EXPECT_TRUE(kernel_.frames().empty());  // nobody took them over
    shut_down(messages::Shutdown::RELEASE);
    EXPECT_EQ(addresses() + routes() + rules(), "");
}

TEST_F(Statics, AreThereBesideInstancesWhateverTheirState) {
    add_statics();
    add_instance(1, {"192.0.2.1"});
    start();
    EXPECT_TRUE(all_there());
    say_all_roles({{1, kBackup}});
    EXPECT_TRUE(all_there());
    kill_vrrpd();
    pass(1h);
    EXPECT_TRUE(all_there());
}

TEST_F(Statics, AreBackWhenSomebodyRemovesThemOrTheInterfaceReturns) {
    add_statics();
    start();
    kernel_.apply(std::vector<Change>{RemoveAddress{kernel_.addresses().at(0)},
                                      RemoveRoute{kernel_.paths().routes().at(0)},
                                      RemoveRule{kernel_.paths().rules().at(0)}});
    pass(200ms);
    EXPECT_TRUE(all_there());
    kernel_.remove_interface(eth0_);
    pass(1s);
    EXPECT_FALSE(all_there());
    kernel_.add_interface("eth0");
    pass(200ms);
    EXPECT_TRUE(all_there());
}

TEST_F(Statics, AreFoughtForWithoutEndAndWithFewLines) {
    add_statics();
    start();
    for (int i = 0; i < 300; ++i) {
        kernel_.apply(std::vector<Change>{RemoveRoute{kernel_.paths().routes().at(0)}});
        pass(100ms);
        EXPECT_TRUE(all_there());
    }
    EXPECT_GE(log_.count("CONTESTED"), 1);
    EXPECT_LE(log_.count("CONTESTED"), 4);
}

TEST_F(Statics, FollowAReload) {
    add_statics();
    start();
    config_.clear_static_routes();
    reload();
    EXPECT_EQ(routes(), "");
    EXPECT_EQ(addresses(), "198.51.100.1");
    fill(*config_.add_static_routes(), 4, "10.1.0.0/16", "198.51.100.2");
    reload();
    EXPECT_EQ(kernel_.paths().routes().size(), 1U);
}

class Contest : public DaemonTest {
  protected:
    int contested() {
        int count = 0;
        for (const auto& message : vrrpd_.take()) {
            if (!message.has_instance_contested()) continue;
            ++count;
            EXPECT_EQ(message.instance_contested().instance_id(), 1U);
            EXPECT_NE(message.instance_contested().what().find("192.0.2.1"), std::string::npos);
        }
        return count;
    }
    void steal() {
        const auto found = kernel_.addresses();
        for (const auto& each : found) kernel_.apply(std::vector<Change>{RemoveAddress{each}});
    }
};

TEST_F(Contest, EndsWhenRestoringIsOfNoUse) {
    add_instance(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, kActive}});
    for (int i = 0; i < 10; ++i) {
        steal();
        pass(100ms);
    }
    EXPECT_EQ(addresses(), "192.0.2.1");
    EXPECT_EQ(contested(), 0);
    for (int i = 0; i < 3; ++i) {
        steal();
        pass(100ms);
    }
    EXPECT_EQ(contested(), 1);
}

TEST_F(Contest, IsNotWhatHappensNowAndThen) {
    add_instance(1, {"192.0.2.1"});
    start();
    say_all_roles({{1, kActive}});
    for (int i = 0; i < 100; ++i) {
        steal();
        pass(2s);
    }
    EXPECT_EQ(addresses(), "192.0.2.1");
    EXPECT_EQ(contested(), 0);
}

}  // namespace
}  // namespace holdfast::ipvsd::test
