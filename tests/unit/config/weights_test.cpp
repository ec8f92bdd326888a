// What is tracked with a weight, in groups, by owners, and by name.
#include <gtest/gtest.h>

#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config {
namespace {

using testing::has_class;
using testing::load_text;
using testing::rendered;

constexpr const char* kTracked =
    "global_defs {\nenable_script_security\nscript_user root\n}\n"
    "vrrp_script chk {\nscript /usr/bin/true\n}\n"
    "track_file level {\nfile /run/level\n}\n"
    "bfd_instance link {\nneighbor_ip 192.0.2.9\nweight -20 reverse\n}\n"
    "bfd_instance checks {\nneighbor_ip 192.0.2.8\nchecker\n}\n"
    "vrrp_track_process web {\nprocess nginx\n}\n";

std::string instance(const std::string& name, const std::string& more) {
    return "vrrp_instance " + name + " {\ninterface eth0\nvirtual_router_id 5" + name.back() +
           "\nvirtual_ipaddress { 192.0.2.1" + name.back() + " }\n" + more + "\n}\n";
}
LoadResult load_group(const std::string& in_group, const std::string& in_first,
                      const std::string& in_second = "") {
    return load_text(kTracked + ("vrrp_sync_group G {\ngroup {\nV1\nV2\n}\n" + in_group + "\n}\n") +
                     instance("V1", in_first) + instance("V2", in_second));
}

TEST(Weights, OfAMembersInterfaceBecomeFault) {
    const LoadResult result = load_group("", "track_interface {\neth1 weight 10\n}");
    EXPECT_TRUE(has_class(result, "weight_in_group"));
    EXPECT_EQ(result.test_status, 5);
    EXPECT_EQ(result.config.vrrp_instances(0).track_interfaces(0).weight(), 0);
    const LoadResult counted =
        load_group("sync_group_tracking_weight", "track_interface {\neth1 weight 10\n}");
    EXPECT_EQ(counted.test_status, 0) << rendered(counted);
    EXPECT_EQ(counted.config.vrrp_instances(0).track_interfaces(0).weight(), 10);
}

TEST(Weights, OfAMembersFilesAndSessionsAreErrorsAndOfProcessesWarnings) {
    for (const char* list : {"track_file {\nlevel weight 2\n}", "track_bfd {\nlink\n}",
                             "track_script {\nchk weight 2\n}"}) {
        EXPECT_EQ(load_group("", list).test_status, 5) << list;
        EXPECT_EQ(
            load_text(kTracked + instance("V1", "priority 255\n" + std::string(list))).test_status,
            5)
            << list;
    }
    const LoadResult process = load_group("", "track_process {\nweb weight 2\n}");
    EXPECT_TRUE(has_class(process, "weight_in_group"));
    EXPECT_EQ(process.test_status, 0);
}

TEST(Weights, OfAGroupNeedItsWord) {
    const LoadResult silent = load_group("track_script {\nchk weight 2\n}", "");
    EXPECT_TRUE(has_class(silent, "weight_in_group"));
    EXPECT_EQ(silent.test_status, 0);  // keepalived says it in its log only
    const LoadResult counted =
        load_group("sync_group_tracking_weight\ntrack_script {\nchk weight 2\n}", "");
    EXPECT_FALSE(has_class(counted, "weight_in_group"));
}

TEST(Weights, OfAGroupWithAnOwnerBecomeFault) {
    const LoadResult result = load_group(
        "sync_group_tracking_weight\ntrack_script {\nchk weight 2\n}", "", "priority 255");
    EXPECT_TRUE(has_class(result, "weight_of_owner"));
    EXPECT_EQ(result.test_status, 5);
    EXPECT_EQ(result.config.vrrp_sync_groups(0).track_scripts(0).weight(), 0);
}

TEST(Trackers, StandInTheGroupOrInItsMember) {
    EXPECT_TRUE(has_class(load_group("track_interface {\neth1\n}", "track_interface {\neth1\n}"),
                          "tracked_twice"));
    EXPECT_TRUE(has_class(load_group("track_interface {\neth0\n}", ""), "tracked_twice"));
    EXPECT_FALSE(has_class(load_group("track_interface {\neth2\n}", "track_interface {\neth1\n}"),
                           "tracked_twice"));
}

TEST(Trackers, OfASessionHaveItsWeight) {
    const LoadResult result = load_text(kTracked + instance("V1", "track_bfd {\nlink\n}"));
    const auto& tracked = result.config.vrrp_instances(0).track_bfd(0);
    EXPECT_EQ(tracked.id(), result.config.bfd_instances(0).id());
    EXPECT_EQ(tracked.weight(), -20);
    EXPECT_TRUE(tracked.reverse());
}

TEST(Trackers, DoNotHearOfSessionsForChecksOnly) {
    const LoadResult result = load_text(kTracked + instance("V1", "track_bfd {\nchecks\n}"));
    EXPECT_TRUE(has_class(result, "unknown_tracker"));
    EXPECT_EQ(result.config.vrrp_instances(0).track_bfd_size(), 0);
}

}  // namespace
}  // namespace holdfast::config
