#include <gtest/gtest.h>

#include "tests/unit/config/network_lines.hpp"

namespace holdfast::config {
namespace {

using testing::expect_read_and_written_again;
using testing::first_error;
using testing::has_class;
using testing::LineSample;
using testing::load_entry;
using testing::load_text;
using testing::rendered;

class RuleLines : public ::testing::TestWithParam<LineSample> {};

TEST_P(RuleLines, AreReadAndWrittenAgain) {
    for (const char* block : {"virtual_rules", "static_rules"}) {
        expect_read_and_written_again(block, GetParam());
    }
}

INSTANTIATE_TEST_SUITE_P(
    Lines, RuleLines,
    ::testing::Values(
        LineSample{"from 192.0.2.10/32 table 1 priority 100",
                   "from 192.0.2.10/32 preference 100 table 1"},
        LineSample{"not from all to 198.51.100.0/24 lookup blue order 0x10",
                   "not from default to 198.51.100.0/24 preference 16 table 101"},
        LineSample{"fwmark 0x1/0xff dev eth0 oif eth1 table main priority 010",
                   "preference 8 iif eth0 oif eth1 table main fwmark 0x1/0xff"},
        LineSample{"fwmark 010 table 1 priority 5", "preference 5 table 1 fwmark 8"},
        LineSample{
            "tos AF12 sup_pl 0 sup_group uplinks realms 1/2 table 1 priority 5",
            "preference 5 tos 48 suppress_prefixlength 0 suppress_ifgroup 7 table 1 realms 1/2"},
        LineSample{
            "tunnel-id 18446744073709551615 uidrange 100-200 ipproto tcp sport 10-20 dport "
            "30-40 l3mdev priority 5",
            "preference 5 tunnel-id 18446744073709551615 ipproto tcp l3mdev uidrange 100-200 "
            "sport 10-20 dport 30-40"},
        LineSample{"protocol 4 no_track type blackhole priority 5",
                   "preference 5 protocol 4 no_track blackhole"},
        LineSample{"from 2001:db8::1 goto 200 preference 100",
                   "from 2001:db8::1 preference 100 goto 200"},
        LineSample{"nop priority 3", "preference 3 nop"}));

struct Mistake {
    const char* line;
    const char* text;
    int status = 5;
};

class RuleMistakes : public ::testing::TestWithParam<Mistake> {};

TEST_P(RuleMistakes, DropTheRule) {
    const LoadResult result = load_entry("virtual_rules", GetParam().line);
    EXPECT_EQ(first_error(result), GetParam().text);
    EXPECT_EQ(result.test_status, GetParam().status);
    EXPECT_EQ(result.config.vrrp_instances(0).virtual_rules_size(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, RuleMistakes,
    ::testing::Values(
        Mistake{"from 192.0.2.1 priority 5",
                "a rule needs an action: a table, l3mdev, goto or another; the rule is dropped"},
        Mistake{"table 1 table 2 priority 5", "a rule has one action only; the rule is dropped"},
        Mistake{"table 1 blackhole priority 5", "a rule has one action only; the rule is dropped"},
        Mistake{"l3mdev table 1 priority 5", "a rule has one action only; the rule is dropped"},
        Mistake{"table 0 priority 5",
                "table: 0 is not between 1 and 4294967295; the rule is dropped"},
        Mistake{"goto 100 priority 100",
                "goto leads forward only: 100 is not above 100; the rule is dropped"},
        Mistake{"goto 100", "goto needs a preference; the rule is dropped"},
        Mistake{"blackhole realms 3 priority 5",
                "realms and suppressors need a table; the rule is dropped"},
        Mistake{"goto 9 suppress_ifgroup 3 priority 5",
                "realms and suppressors need a table; the rule is dropped"},
        Mistake{"from 192.0.2.1 to fe80::1 table 1 priority 5",
                "IPv4 and IPv6 do not go together in a rule; the rule is dropped"},
        Mistake{"to 2001:db8::1 realms 1 table 1 priority 5",
                "realms are for IPv4 only; the rule is dropped"},
        Mistake{"sport 10 table 1 priority 5", "sport: '10' is no range; the rule is dropped"},
        Mistake{"ip_proto tcp table 1 priority 5",
                "'ip_proto' is no word of a rule; the rule is dropped"},
        Mistake{
            "ipproto nosuch table 1 priority 5",
            "ipproto: 'nosuch' is neither a number nor a name of protocols; the rule is dropped"},
        Mistake{"protocol static table 1 priority 5",
                "protocol: 'static' is not a number; the rule is dropped"},
        Mistake{"fwmark 4294967296 table 1 priority 5",
                "fwmark: '4294967296' is not MARK or MARK/MASK; the rule is dropped"},
        Mistake{"type 200 table 1 priority 5", "'200' is no action of a rule; the rule is dropped"},
        Mistake{"inet from 192.0.2.1 table 1 priority 5",
                "'192.0.2.1' is no word of a rule; the rule is dropped"},
        Mistake{"from 192.0.2.1 table", "a word is missing behind table", 2}));

TEST(Rules, WithoutPreferenceCountDown) {
    const LoadResult result =
        load_entry("virtual_rules", "from 192.0.2.1 table 1\nfrom 192.0.2.2 table 1");
    EXPECT_TRUE(has_class(result, "rule_without_preference"));
    const auto& rules = result.config.vrrp_instances(0).virtual_rules();
    EXPECT_EQ(rules[0].preference(), 16384U);
    EXPECT_EQ(rules[1].preference(), 16383U);
}

TEST(StaticRules, HaveAGroupOnlyWithAnInterface) {
    const std::string group = "track_group g {\ngroup { V }\n}\nstatic_rules {\n";
    const LoadResult without =
        load_text(group + "from 192.0.2.1 table 1 priority 5 track_group g\n}\n");
    EXPECT_TRUE(has_class(without, "unknown_group")) << rendered(without);
    const LoadResult with = load_text(group + "iif eth0 table 1 priority 5 track_group g\n}\n");
    EXPECT_FALSE(has_class(with, "unknown_group")) << rendered(with);
    EXPECT_EQ(with.config.static_rules(0).track_group(), "g");
}

}  // namespace
}  // namespace holdfast::config
