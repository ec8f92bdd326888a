#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "supervisor/control.hpp"
#include "supervisor/environment.hpp"
#include "supervisor/loaded_config.hpp"
#include "supervisor/socket_sets.hpp"

namespace holdfast::supervisor {
namespace {

using config::v1::Config;
using messages::v1::Diagnostic;

Config config_of(const std::string& text) {
    Config config;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config)) << text;
    return config;
}

Diagnostic finding(Diagnostic::Severity severity, const std::string& kind,
                   const std::string& object) {
    Diagnostic found;
    found.set_severity(severity);
    found.set_class_name(kind);
    found.set_object(object);
    found.set_rendered("/c:1:1: error: " + kind + " " + object + "\nmore of it\n");
    return found;
}

constexpr const char* kRouter =
    R"(vrrp_instances { id: 1 name: "a" interface: "eth0" virtual_router_id: 51 })";

TEST(RangeChecks, PassWhatAParserMayWrite) {
    EXPECT_TRUE(check_ranges(config_of(kRouter)));
    EXPECT_TRUE(check_ranges(Config()));
}

TEST(RangeChecks, RefuseWhatNoConfigurationCanMean) {
    const char* const wrong[] = {
        R"(vrrp_instances { id: 0 name: "a" interface: "eth0" virtual_router_id: 51 })",
        R"(vrrp_instances { id: 1 name: "" interface: "eth0" virtual_router_id: 51 })",
        R"(vrrp_instances { id: 1 name: "a" interface: "eth0" virtual_router_id: 256 })",
        R"(vrrp_instances { id: 1 name: "a" interface: "eth0" virtual_router_id: 0 })",
        R"(vrrp_instances { id: 1 name: "a" interface: "../../etc" virtual_router_id: 5 })",
        R"(vrrp_instances { id: 1 name: "a" interface: "0123456789abcdef" virtual_router_id: 5 })",
        R"(vrrp_instances { id: 1 name: "a" interface: "e" virtual_router_id: 5 source_address: "abc" })",
        R"(vrrp_instances { id: 1 name: "a" interface: "e" virtual_router_id: 5 notify { any {} } })",
        R"(vrrp_instances { id: 1 name: "a" interface: "e" virtual_router_id: 5 }
           vrrp_instances { id: 1 name: "b" interface: "e" virtual_router_id: 6 })",
        R"(vrrp_scripts { id: 2 name: "s" script { argv: "" } })",
        R"(virtual_servers { id: 3 servers { notify_up { } } })",
    };
    for (const char* text : wrong) EXPECT_FALSE(check_ranges(config_of(text))) << text;
}

TEST(ReloadRefusal, IsForEverythingFatalAndForErrorsThatAreNew) {
    const Findings running = {finding(Diagnostic::ERROR, "unknown_keyword", "VI_1")};
    EXPECT_TRUE(reasons_to_refuse(running, running).empty());
    EXPECT_TRUE(reasons_to_refuse(running, {finding(Diagnostic::WARNING, "x", "VI_1")}).empty());
    EXPECT_EQ(
        reasons_to_refuse(running, {finding(Diagnostic::ERROR, "unknown_keyword", "VI_2")}).size(),
        1U);
    EXPECT_EQ(
        reasons_to_refuse(running, {finding(Diagnostic::FATAL, "unknown_keyword", "VI_1")}).size(),
        1U);
}

TEST(ReloadRefusal, IsForLossesThatAreNewToo) {
    Diagnostic missing = finding(Diagnostic::WARNING, "include_missing", "/etc/a.conf");
    missing.set_refuses_reload(true);
    EXPECT_EQ(reasons_to_refuse({}, {missing}).size(), 1U);
    EXPECT_TRUE(reasons_to_refuse({missing}, {missing}).empty());
}

TEST(ReloadRefusal, IsToldInOneLineWithTheWorstReason) {
    EXPECT_EQ(line_of({finding(Diagnostic::ERROR, "a", "x"), finding(Diagnostic::FATAL, "b", "y"),
                       finding(Diagnostic::ERROR, "c", "z")}),
              "/c:1:1: error: b y (1 fatal, 2 errors)");
}

TEST(Findings, AreShownUpToABoundGravestFirst) {
    const auto shown =
        shown_of({finding(Diagnostic::WARNING, "a", "1"), finding(Diagnostic::WARNING, "a", "2"),
                  finding(Diagnostic::ERROR, "b", "3")},
                 2);
    ASSERT_EQ(shown.size(), 3U);
    EXPECT_EQ(first_line(shown[0]), "/c:1:1: error: a 1");
    EXPECT_EQ(first_line(shown[1]), "/c:1:1: error: b 3");
    EXPECT_EQ(shown[2], "and 1 more: 1 warning; holdfastctl check --all shows them");
}

TEST(HandedEnvironment, TakesNamesAndValuesThatFitALine) {
    const std::string large = "LARGE=" + std::string(5000, 'x');
    const char* const environment[] = {"SITE=vienna", "EMPTY=",   "1BAD=x",      "A B=x", "NOTHING",
                                       "LINES=a\nb",  "TAB=a\tb", large.c_str(), nullptr};
    std::string seen;
    for (const EnvironmentEntry& entry : handed_environment(environment)) {
        seen += entry.name + "=" + entry.value + ";";
    }
    EXPECT_EQ(seen, "SITE=vienna;EMPTY=;TAB=a\tb;");
}

TEST(HandedEnvironment, IsBoundedAltogether) {
    std::vector<std::string> owned;
    for (int i = 0; i < 100; ++i)
        owned.push_back("V" + std::to_string(i) + "=" + std::string(4000, 'x'));
    std::vector<const char*> environment;
    for (const std::string& one : owned) environment.push_back(one.c_str());
    environment.push_back("SMALL=1");
    environment.push_back(nullptr);
    const auto handed = handed_environment(environment.data());
    EXPECT_EQ(handed.size(), 9U);
    EXPECT_EQ(handed.back().name, "SMALL");
}

TEST(Dump, ShowsEverythingButSecrets) {
    const std::string text = dump_of(config_of(
        R"(vrrp_instances { id: 1 name: "a" authentication { type: AUTHENTICATION_PASS password: "hush" } })"));
    EXPECT_NE(text.find("AUTHENTICATION_PASS"), std::string::npos);
    EXPECT_EQ(text.find("hush"), std::string::npos);
}

TEST(NeededRoles, FollowFromTheObjects) {
    LoadedConfig config;
    EXPECT_FALSE(config.needs(ipc::Peer::ipvsd));
    config.own = config_of(kRouter);
    EXPECT_TRUE(config.needs(ipc::Peer::vrrpd) && config.needs(ipc::Peer::ipvsd));
    EXPECT_FALSE(config.needs(ipc::Peer::checkerd));
    keep_only(false, true, config.own);
    EXPECT_FALSE(config.needs(ipc::Peer::vrrpd) || config.needs(ipc::Peer::ipvsd));
}

TEST(SocketWishes, InstancesOfOneInterfaceAndFamilyShareASet) {
    const SetWishes wishes = wishes_of(config_of(R"(
      vrrp_instances { id: 1 interface: "e" virtual_router_id: 1 multicast_group: "\340\000\000\022" }
      vrrp_instances { id: 2 interface: "e" virtual_router_id: 2 source_address: "\300\000\002\001" }
      vrrp_instances { id: 3 interface: "e" virtual_router_id: 3 ipv6: true }
      vrrp_instances { id: 4 interface: "e" virtual_router_id: 4 unicast_peers { address: "\300\000\002\002" } }
    )"));
    ASSERT_EQ(wishes.size(), 3U);
    const SetWish& multicast = wishes.at({"e", core::Family::ipv4, false});
    EXPECT_EQ(multicast.plan.vrids, (std::set<std::uint8_t>{1, 2}));
    EXPECT_EQ(multicast.plan.groups.size(), 1U);
    EXPECT_EQ(multicast.plan.senders,
              (std::set<Sender>{{}, {.key = {.source = core::Address::v4(0xc0000201)}}}));
    EXPECT_TRUE(multicast.plan.other_kind_present);
    EXPECT_TRUE(wishes.at({"e", core::Family::ipv4, true}).plan.other_kind_present);
    EXPECT_FALSE(wishes.at({"e", core::Family::ipv6, false}).plan.other_kind_present);
}

TEST(SocketWishes, FollowFromHowARouterSpeaks) {
    const auto only = [](const std::string& more) {
        const SetWishes wishes = wishes_of(config_of(
            R"(vrrp_instances { id: 1 interface: "e" virtual_router_id: 1 )" + more + "}"));
        EXPECT_EQ(wishes.size(), 1U);
        return *wishes.begin();
    };
    const std::string peer = R"(unicast_peers { address: "\300\000\002\002" } )";
    EXPECT_EQ(only(peer + "unicast_ttl: 7").second.plan.senders.begin()->key.time_to_live, 7);
    EXPECT_EQ(only("unicast_ttl: 7").second.plan.senders.begin()->key.time_to_live, 255);
    EXPECT_TRUE(
        only("version: 2 authentication { type: AUTHENTICATION_AH }").first.authentication_header);
    EXPECT_FALSE(
        only("version: 3 authentication { type: AUTHENTICATION_AH }").first.authentication_header);
    EXPECT_TRUE(only("ipv6: true auth_hmac {}").second.plan.senders.begin()->key.own_checksum);
    EXPECT_FALSE(only("auth_hmac {}").second.plan.senders.begin()->key.own_checksum);
    EXPECT_EQ(only("receive_buffer_size: 5").second.plan.buffer, kHotBuffer);
    EXPECT_EQ(only("receive_buffer_size: 5000000").second.plan.buffer, 5000000U);
}

TEST(SocketWishes, ARouterSendsFromItsVirtualInterfaceUnlessTheOneUnderneathIsAskedFor) {
    const SetWishes wishes = wishes_of(config_of(R"(
      vrrp_instances { id: 1 interface: "e" virtual_router_id: 1
        virtual_interfaces { name: "vrrp.1" own: true hardware_address: "\000\000\136\000\001\001" } }
      vrrp_instances { id: 2 interface: "e" virtual_router_id: 2 vmac { transmit_from_base: true }
        virtual_interfaces { name: "vrrp.2" own: true hardware_address: "\000\000\136\000\001\002" } }
      vrrp_instances { id: 3 interface: "e" virtual_router_id: 3
        virtual_interfaces { name: "vrrp.3" hardware_address: "\000\000\136\000\001\003" } }
    )"));
    ASSERT_EQ(wishes.size(), 1U);
    std::set<std::string> devices;
    for (const Sender& each : wishes.begin()->second.plan.senders)
        devices.insert(each.key.interface);
    EXPECT_EQ(devices, (std::set<std::string>{"", "vrrp.1"}));
}

TEST(SocketSets, AMissingInterfaceIsAnErrorOfItsSet) {
    SocketSets sets;
    const auto wishes = wishes_of(
        config_of(R"(vrrp_instances { id: 1 interface: "nosuch0" virtual_router_id: 1 })"));
    EXPECT_EQ(sets.adapt(wishes, 0).size(), 1U);
    EXPECT_EQ(sets.sets().begin()->second.error, ENODEV);
    sets.forget_unwished({});
    EXPECT_TRUE(sets.sets().empty());
}

TEST(ControlRights, TheStatusSocketOnlyReads) {
    EXPECT_TRUE(may_ask(ipc::Peer::status_client, messages::v1::VERB_SHOW_VRRP));
    EXPECT_TRUE(may_ask(ipc::Peer::status_client, messages::v1::VERB_SHOW_CONFIG));
    EXPECT_FALSE(may_ask(ipc::Peer::status_client, messages::v1::VERB_RELOAD));
    EXPECT_FALSE(may_ask(ipc::Peer::status_client, messages::v1::VERB_RESTART));
    EXPECT_TRUE(may_ask(ipc::Peer::control_client, messages::v1::VERB_RESTART));
}

}  // namespace
}  // namespace holdfast::supervisor
