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
