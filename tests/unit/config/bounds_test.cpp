// Whatever the text, the work is linear in it and the memory bounded. Nothing here measures time:
// counts and results are compared, and a quadratic loader would not come to an end.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config {
namespace {

using testing::FakeHost;
using testing::has_class;
using testing::load_text;
using testing::MemoryFiles;

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    all.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
}

std::size_t count_of(const LoadResult& result, std::string_view class_name) {
    std::size_t count = 0;
    for (const Diagnostic& found : result.diagnostics) count += found.class_name == class_name;
    return count;
}

TEST(Bounds, ParametersThatDoubleThemselvesAreCut) {
    std::string text = "$A0=xxxxxxxx\n";
    for (int i = 1; i < 60; ++i) text += fmt::format("$A{}=${{A{}}}${{A{}}}\n", i, i - 1, i - 1);
    const LoadResult result = load_text(text + "router ${A59}\n");
    EXPECT_EQ(count_of(result, "too_many_expansions") + count_of(result, "line_too_long"), 1U);
}

TEST(Bounds, ManyLinesOfManyExpansionsAreRefused) {
    std::string text = "$A=${A}${A}\n$B=" + repeated("x", 900) + "\n$C=" + repeated("${B}", 60);
    for (const char* line : {"${A}\n", "${C}\n"}) {
        const LoadResult result = load_text(text + "\n" + repeated(line, 20'000));
        EXPECT_FALSE(result.usable) << line;
        EXPECT_TRUE(has_class(result, "too_many_lines")) << line;
    }
}

TEST(Bounds, SequencesOfSequencesAreRefused) {
    const FakeHost host;
    for (const char* line :
         {"~SEQ(a,1,99999) ~SEQ(b,1,99999) x\n", "~SEQ(a,1,99999999) @other x\n",
          "global_defs {\n~SEQ(a,1,99999999) x $a\n", "$T=a \\\n$T \\\n$T\n$T\n"}) {
        MemoryFiles files{std::string(line)};
        LoadRequest request = testing::request_for(host);
        request.max_lines = 100'000;
        EXPECT_TRUE(has_class(load(request, files), "too_many_lines")) << line;
    }
}

TEST(Bounds, AKnownBlockHoldsABoundedNumberOfStatements) {
    const LoadResult result = load_text(
        "static_routes {\n~SEQ(a,1,600000) 10.0.0.0/8 via 192.0.2.1 dev eth0 no_track\n}\n"
        "global_defs {\nrouter_id behind\n}\n");
    EXPECT_EQ(count_of(result, "block_too_long"), 1U);
    EXPECT_FALSE(result.usable);
    EXPECT_EQ(result.config.global().router_id(), "behind");
}

TEST(Bounds, NamesAndServersAreNotComparedWithAllBeforeThem) {
    constexpr int kMany = 200'000;
    std::string delays = "linkbeat_interfaces {\n";
    std::string methods = "virtual_server 192.0.2.1 80 {\n";
    std::string sessions;
    std::string checks = "virtual_server 192.0.2.1 80 {\nreal_server 192.0.2.2 80 {\n";
    for (int i = 0; i < kMany; ++i) {
        delays += fmt::format("if{0} MII\n", i);
        methods += "lvs_method DR\nreal_server 192.0.2.2 80 {\n}\n";
        sessions += fmt::format("bfd_instance b{} {{\n}}\n", i);
        checks += fmt::format("BFD_CHECK {{\nname b{0}\n}}\nBFD_CHECK {{\nname b{0}\n}}\n", i / 2);
    }
    for (const std::string& text :
         {delays + "}\n", methods + "}\n", sessions + checks + "}\n}\n"}) {
        const FakeHost host;
        MemoryFiles files(text);
        LoadRequest request = testing::request_for(host);
        request.host = nullptr;
        const LoadResult result = load(request, files);
        EXPECT_TRUE(result.config.interfaces_size() == kMany || !result.diagnostics.empty());
    }
}

TEST(Bounds, LongStatementsCountAsSeveral) {
    const std::string text = "$A=" + repeated("a ", 500) + "\n$B=" + repeated("${A} ", 60) +
                             "\ntrack_group x {\ngroup {\n~SEQ(i,2000) ${B}\n}\n}\n";
    const LoadResult result = load_text(text);
    EXPECT_EQ(count_of(result, "block_too_long"), 1U);
    EXPECT_FALSE(result.usable);
}

TEST(Bounds, AlternativesThatMultiplyAreRefused) {
    const LoadResult result = load_text("include " + repeated("{a,b}", 60) + "\n");
    EXPECT_EQ(count_of(result, "too_large"), 1U);
    EXPECT_EQ(result.test_status, 6);
}

TEST(Bounds, IncludesOfNothingAreCounted) {
    const LoadResult result = load_text("~SEQ(i,30000) include nothing\n");
    EXPECT_EQ(count_of(result, "too_large"), 1U);
}

TEST(Bounds, ParametersWithoutNumberAreRefused) {
    EXPECT_TRUE(has_class(load_text("~SEQ(i,900000) $A${i}=x\n"), "too_many_lines"));
}

TEST(Bounds, BracesMayBeNestedAsDeepAsAnybodyLikes) {
    for (const char* opening : {"{\n", "x {\n", "{", "vrrp_instance a {\n", "global_defs {\n",
                                "vrrp_instance a { virtual_ipaddress {\n"}) {
        EXPECT_TRUE(has_class(load_text(repeated(opening, 1000)), "missing_brace")) << opening;
        const std::string balanced = repeated(opening, 1000) + repeated("}\n", 2000);
        EXPECT_FALSE(has_class(load_text(balanced), "missing_brace")) << opening;
        EXPECT_GT(load_text(repeated(opening, 100'000)).counts.errors, 0U) << opening;
    }
}

TEST(Bounds, FindingsAreCountedAndTheFirstOnesKept) {
    const LoadResult result = load_text(repeated(repeated("word", 250) + " \"\n", 20'000));
    EXPECT_EQ(result.counts.errors, 40'000U);
    EXPECT_LE(result.diagnostics.size(), 5'010U);
    EXPECT_EQ(result.diagnostics.front().position.line, 1U);
}

TEST(Bounds, IncludesEndWithAnError) {
    MemoryFiles circle("include a*\n");
    circle.files["/etc/keepalived/a.conf"] = "include b.conf\n";
    circle.files["/etc/keepalived/b.conf"] = "include keepalived.conf\ninclude a*\n";
    const FakeHost host;
    const LoadResult around = load(testing::request_for(host), circle);
    EXPECT_EQ(count_of(around, "include_loop"), 2U);
    EXPECT_EQ(around.test_status, 6);

    MemoryFiles chain("include 1\n");
    for (int i = 1; i < 300; ++i) {
        chain.files[fmt::format("/etc/keepalived/{}", i)] = fmt::format("include {}\n", i + 1);
    }
    EXPECT_EQ(count_of(load(testing::request_for(host), chain), "include_depth"), 1U);
}

TEST(Bounds, IncludesThatMultiplyAreRefused) {
    MemoryFiles files(repeated("include 1\n", 40));
    for (int i = 1; i < 8; ++i) {
        files.files[fmt::format("/etc/keepalived/{}", i)] =
            repeated(fmt::format("include {}\n", i + 1), 40);
    }
    files.files["/etc/keepalived/8"] = "x\n";
    const FakeHost host;
    const LoadResult result = load(testing::request_for(host), files);
    EXPECT_TRUE(has_class(result, "too_large"));
    EXPECT_EQ(result.test_status, 6);
}

TEST(Bounds, AGroupOfAddressesMayBeNamedByManyServices) {
    constexpr int kMany = 20'000;  // together 400 million listeners
    std::string text = "virtual_server_group g {\n";
    for (int i = 0; i < kMany; ++i) text += fmt::format("10.0.{}.{} 80\n", i / 256, i % 256);
    text += "}\n" + repeated(
                        "virtual_server group g {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\n"
                        "real_server 192.0.2.1 80 {\n}\n}\n",
                        kMany);
    const LoadResult result = load_text(text);
    // None is carried out, and none but the first could listen.
    EXPECT_EQ(result.counts.warnings, 2U * kMany - 1U);
    EXPECT_EQ(result.counts.errors, 0U);
}

TEST(Bounds, ObjectsThatReferToOneAnotherAreFoundByName) {
    constexpr int kMany = 20'000;
    std::string text = "global_defs {\ndynamic_interfaces\n}\n";
    for (int i = 0; i < kMany; ++i) {
        text += fmt::format(
            "vrrp_instance V{} {{\ninterface v{}\nvirtual_router_id 1\n"
            "virtual_ipaddress {{\n10.1.{}.{}\n}}\n}}\n"
            "virtual_server_group g{} {{\n10.2.{}.{} 80\n}}\n",
            i, i, i / 256, i % 256, i, i / 256, i % 256);
    }
    text += "interface_up_down_delays {\n";
    for (int i = 0; i < kMany; ++i) text += fmt::format("v{} 5\n", i);
    text += "}\n" + repeated(
                        "virtual_server group h {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\n"
                        "real_server 192.0.2.1 80 {\n}\n}\n",
                        kMany);
    const LoadResult result = load_text(text);
    EXPECT_GT(count_of(result, "delay_too_long"), 1'000U) << "those that are kept";
    EXPECT_GE(result.counts.warnings, 3U * kMany);
}

TEST(Bounds, ListsOfAnInstanceMayBeLong) {
    constexpr int kMany = 20'000;
    std::string peers;
    std::string addresses;
    std::string interfaces;
    for (int i = 0; i < kMany; ++i) {
        peers += fmt::format("10.1.{}.{}\n", i / 256, i % 256);
        addresses += fmt::format("10.2.{}.{}\n", i / 256, i % 256);
        interfaces += fmt::format("w{}\n", i);
    }
    const LoadResult result = load_text(
        "global_defs {\ndynamic_interfaces\n}\nvrrp_instance V {\ninterface eth0\n"
        "virtual_router_id 1\nunicast_src_ip 192.0.2.1\nunicast_peer {\n" +
        peers + "}\nvirtual_ipaddress {\n192.0.2.9\n}\nvirtual_ipaddress_excluded {\n" + addresses +
        "}\ntrack_interface {\n" + interfaces + "}\n}\n");
    EXPECT_EQ(result.counts.errors, 0U);
    EXPECT_EQ(result.config.vrrp_instances(0).unicast_peers_size(), kMany);
    EXPECT_EQ(result.config.vrrp_instances(0).track_interfaces_size(), kMany);
}

}  // namespace
}  // namespace holdfast::config
