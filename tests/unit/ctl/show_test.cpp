#include "ctl/show.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace holdfast::ctl {
namespace {

using google::protobuf::TextFormat;

Answer tutorial_answer() {
    Answer answer;
    EXPECT_TRUE(TextFormat::ParseFromString(
        R"pb(
            instances {
              id: 7
              name: "VI_1"
              interface: "eth0"
              vrid: 51
              state: VRRP_ACTIVE
              version: 2
              base_priority: 100
              effective_priority: 95
              addresses: "192.0.2.1/24"
              addresses: "192.0.2.2/24"
              since_timestamp_seconds: 12.5
              advert_interval_us: 1000000
            }
            instances {
              id: 8
              name: "VI_2"
              interface: "eth1"
              vrid: 52
              ipv6: true
              state: VRRP_FAULT
              causes { text: "interface eth1 is down" since_timestamp_seconds: 3 }
            }
        )pb",
        &answer.vrrp));
    EXPECT_TRUE(TextFormat::ParseFromString("instances { id: 7 wanted: 2 installed: 1 }",
                                            &answer.addresses));
    EXPECT_TRUE(TextFormat::ParseFromString(
        R"pb(
            services {
              id: 1
              address: "192.0.2.1"
              port: 80
              protocol: "tcp"
              scheduler: "rr"
              quorum: 1
              quorum_met: true
              programmed: true
              servers { id: 2 address: "10.0.0.1" port: 80 weight: 1 alive: false forwarding: "DR" }
            }
        )pb",
        &answer.services));
    EXPECT_TRUE(TextFormat::ParseFromString(
        R"(checks { id: 3 server_id: 2 last_error: "Connection refused" })", &answer.checks));
    return answer;
}

TEST(ShowVrrp, KeepsTheContractOfTheJson) {
    const std::string text = Json(vrrp_items(tutorial_answer())).text();
    for (const char* part :
         {R"("name":"VI_1","interface":"eth0","vrid":51,"family":"ipv4")", R"("state":"active")",
          R"("effective_priority":95)", R"("addresses":["192.0.2.1/24","192.0.2.2/24"])",
          R"("addresses_installed":1)", R"("since_timestamp_seconds":12.500000)",
          R"("family":"ipv6")", R"("state":"fault")",
          R"("causes":[{"cause":"interface eth1 is down","since_timestamp_seconds":3.000000}])"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    }
}

TEST(ShowVrrp, TellsPeopleWhyARouterIsInFault) {
    const std::string table = vrrp_table(tutorial_answer(), true);
    EXPECT_NE(table.find("VI_2  eth1       52    ipv6    fault"), std::string::npos) << table;
    EXPECT_NE(table.find("interface eth1 is down\n"), std::string::npos) << table;
    EXPECT_NE(table.find("2 virtual routers\n"), std::string::npos) << table;
}

Answer eventful_answer() {
    Answer answer;
    EXPECT_TRUE(TextFormat::ParseFromString(
        R"pb(
            timestamp_seconds: 1000
            unknown {
              interface: "eth0"
              vrid: 77
              count: 9
              last_source: "192.0.2.7"
              last_timestamp_seconds: 998
            }
            unknown { interface: "eth0" vrid: 0 count: 2 last_source: "192.0.2.8" }
            unknown { interface: "eth1" vrid: 5 count: 1 }
            unknown { interface: "eth0" ipv6: true vrid: 6 count: 1 }
            instances {
              name: "VI_1"
              interface: "eth0"
              advertisements_sent: 12
              priority_zero_sent: 1
              last_sent_timestamp_seconds: 999.5
              advertisements_received: 50
              addresses_differed: 4
              send_errors {
                error: 1
                text: "send: Operation not permitted"
                count: 3
                last_timestamp_seconds: 700
              }
              heard {
                address: "192.0.2.2"
                priority: 90
                advert_interval_us: 500000
                last_timestamp_seconds: 999
                count: 50
                addresses_differ: true
                addresses: "192.0.2.9"
                address_count: 17
              }
              refused {
                reason: "wrong checksum"
                count: 5
                last_source: "192.0.2.66"
                last_timestamp_seconds: 995
              }
              episodes {
                peer: "192.0.2.2"
                peer_priority: 90
                start_timestamp_seconds: 900
                end_timestamp_seconds: 905
                end: "192.0.2.2 gave up or fell silent"
              }
              last_transition {
                old_state: VRRP_BACKUP
                new_state: VRRP_ACTIVE
                reason: "no advertisement for 3.6 s"
                timestamp_seconds: 880
              }
              votes: "interface eth0 is up: +10"
              warnings: "local firewall refuses advertisements"
            }
        )pb",
        &answer.vrrp));
    return answer;
}

TEST(ShowVrrp, TellsPeopleWhatARouterSentHeardAndRefused) {
    EXPECT_EQ(vrrp_details(eventful_answer()), R"(
VI_1
  state      backup -> active 2 min ago: no advertisement for 3.6 s
  sent       12 advertisements, 1 of priority 0, last 0.5 s ago
  not sent   3: send: Operation not permitted (errno 1), last 5 min ago
  heard      50 advertisements, 0 of priority 0
             192.0.2.2: 50, priority 90, every 0.5 s, last 1 s ago, other addresses than here: 192.0.2.9 (17 in all)
  refused    5: wrong checksum, last from 192.0.2.66 5 s ago
  not ours   9: of virtual router id 77, last from 192.0.2.7 2 s ago
             2: broken packets, last from 192.0.2.8 17 min ago
  episode    192.0.2.2 (priority 90) was Active as well, from 2 min ago for 5 s: 192.0.2.2 gave up or fell silent
  trackers   interface eth0 is up: +10
  warning    local firewall refuses advertisements
)");
}

TEST(ShowVrrp, WarnsUnderItsTable) {
    const std::string table = vrrp_table(eventful_answer(), true);
    EXPECT_NE(table.find("\nVI_1: local firewall refuses advertisements\n"), std::string::npos)
        << table;
}

TEST(ShowVrrp, TellsMachinesWhatElseCameOnTheInterface) {
    const std::string text = Json(vrrp_items(eventful_answer())).text();
    for (const char* part :
         {R"("unknown_vrids":[{"vrid":77,"count":9,"last_source":"192.0.2.7")",
          R"("broken_packets":2)", R"("last_sent_timestamp_seconds":999.500000)",
          R"("addresses_differed":4,"intervals_differed":0)", R"("address_count":17)"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    }
}

Answer answer_with_missing() {
    Answer answer = tutorial_answer();
    EXPECT_TRUE(TextFormat::ParseFromString(
        R"pb(
            instances {
              id: 7
              name: "VI_1"
              wanted: 2
              installed: 1
              address_failures: "192.0.2.2/24 dev eth9: No such device"
              paths_wanted: 4
              paths_installed: 1
              path_failures: "route 10.0.0.0/8 table 254: Network is unreachable"
            }
            instances { id: 9 name: "static" paths_wanted: 1 paths_installed: 1 }
            changed_settings { name: "net.ipv4.conf.eth0.arp_ignore" was: 0 }
        )pb",
        &answer.addresses));
    return answer;
}

TEST(ShowAddresses, NamesWhatIsMissingAndWhy) {
    EXPECT_EQ(address_table(answer_with_missing(), true),
              "NAME    ADDRESSES  ROUTES AND RULES  MISSING\n"
              "VI_1    1/2        1/4               192.0.2.2/24 dev eth9: No such device\n"
              "                                     route 10.0.0.0/8 table 254: Network is "
              "unreachable\n"
              "                                     and 2 more\n"
              "static  0/0        1/1\n"
              "net.ipv4.conf.eth0.arp_ignore is changed until we stop; it was 0\n");
}

TEST(ShowAddresses, KeepsTheContractOfTheJson) {
    const std::string text = Json(address_items(answer_with_missing())).text();
    for (const char* part : {R"("name":"VI_1","addresses":{"wanted":2,"installed":1})",
                             R"("routes_and_rules":{"wanted":4,"installed":1})",
                             R"("missing":["192.0.2.2/24 dev eth9: No such device",)"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    }
}

TEST(ShowVrrp, NamesWhatARouterLacks) {
    const std::string table = vrrp_table(answer_with_missing(), true);
    EXPECT_NE(table.find("VI_1 lacks: 192.0.2.2/24 dev eth9: No such device\n"), std::string::npos);
    const std::string text = Json(vrrp_items(answer_with_missing())).text();
    EXPECT_NE(text.find(R"("routes_and_rules_wanted":4,"routes_and_rules_installed":1)"),
              std::string::npos)
        << text;
}

TEST(ShowServices, KeepsTheContractOfTheJson) {
    const std::string text = Json(service_items(tutorial_answer())).text();
    for (
        const char* part :
        {R"("address":"192.0.2.1","port":80,"protocol":"tcp")", R"("scheduler":"rr","quorum":1)",
         R"("programmed":true)",
         R"("address":"10.0.0.1","port":80,"weight":1,"alive":false,"last_error":"Connection refused")"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    }
}

TEST(Assemble, JoinsPartsBeforeItDecodesThem) {
    const std::string whole = tutorial_answer().vrrp.SerializeAsString();
    messages::v1::CtlReply first;
    first.set_topic(messages::v1::STATUS_VRRP);
    first.set_payload(whole.substr(0, 5));
    messages::v1::CtlReply second = first;
    second.set_payload(whole.substr(5));
    second.set_last(true);
    const auto answer = assemble({first, second});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->vrrp.instances_size(), 2);
    EXPECT_FALSE(assemble({second}));
}

}  // namespace
}  // namespace holdfast::ctl
