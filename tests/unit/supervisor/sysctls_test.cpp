#include "supervisor/sysctls.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "proto/config.pb.h"

namespace holdfast::supervisor {
namespace {

namespace fs = std::filesystem;

class Lines : public log::Logger {
  public:
    std::string text;

  protected:
    void put(log::Level /*level*/, std::string_view event, std::string_view words,
             std::span<const log::Field> /*fields*/) override {
        text += std::string(event) + " " + std::string(words) + "\n";
    }
};

class SysctlsTest : public testing::Test {
  protected:
    SysctlsTest() {
        std::string name = "/tmp/holdfast-sysctls-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        fs::create_directories(folder_ / "sys/net/ipv4/conf/all");
        put("net/ipv4/igmp_link_local_mcast_reports", "1");
        put("net/ipv4/conf/all/arp_filter", "0");
        put("net/ipv4/conf/all/arp_ignore", "0");
    }
    ~SysctlsTest() override { fs::remove_all(folder_); }

    void put(const std::string& name, const std::string& value) {
        std::ofstream(folder_ / "sys" / name) << value << "\n";
    }
    std::string value() {
        std::string value;
        std::ifstream(folder_ / "sys/net/ipv4/igmp_link_local_mcast_reports") >> value;
        return value;
    }
    Sysctls make() { return {log_, folder_.string(), (folder_ / "sys").string()}; }
    static config::v1::Config quiet() {
        config::v1::Config config;
        config.mutable_global()->set_disable_local_igmp(true);
        return config;
    }
    static config::v1::Config with_vmac(std::uint32_t prefix) {
        config::v1::Config config;
        auto& instance = *config.add_vrrp_instances();
        instance.add_virtual_interfaces()->set_name("vrrp.51");
        auto& address = *instance.add_addresses();
        address.set_address("\x0a\x01\x01\x01");
        address.set_prefix_length(prefix);
        address.set_device("vrrp.51");
        return config;
    }

    fs::path folder_;
    Lines log_;
};

TEST_F(SysctlsTest, ChangesWhatIsAskedAndRestoresItAtTheEnd) {
    Sysctls settings = make();
    settings.use({});
    EXPECT_EQ(value(), "1");
    settings.use(quiet());
    EXPECT_EQ(value(), "0");
    EXPECT_NE(log_.text.find("net.ipv4.igmp_link_local_mcast_reports is 0, which was 1"),
              std::string::npos);
    settings.restore();
    EXPECT_EQ(value(), "1");
}

TEST_F(SysctlsTest, RestoresItWhenNobodyAsksAnyMore) {
    Sysctls settings = make();
    settings.use(quiet());
    settings.use({});
    EXPECT_EQ(value(), "1");
    EXPECT_TRUE(settings.changed().empty());
}

TEST_F(SysctlsTest, KnowsTheOldValueAfterItWasKilled) {
    make().use(quiet());
    Sysctls successor = make();
    successor.use(quiet());
    EXPECT_EQ(successor.changed().begin()->second, "1");
    Sysctls other = make();
    other.use({});
    EXPECT_EQ(value(), "1");
}

TEST_F(SysctlsTest, LeavesASettingThatIsSoAlready) {
    put("net/ipv4/igmp_link_local_mcast_reports", "0");
    Sysctls settings = make();
    settings.use(quiet());
    settings.restore();
    EXPECT_EQ(value(), "0");
    EXPECT_EQ(log_.text, "");
}

TEST_F(SysctlsTest, WarnsByNameOfWhatCannotBeWritten) {
    fs::remove(folder_ / "sys/net/ipv4/igmp_link_local_mcast_reports");
    fs::create_directory(folder_ / "sys/net/ipv4/igmp_link_local_mcast_reports");
    Sysctls settings = make();
    settings.use(quiet());
    EXPECT_NE(log_.text.find("SYSCTL_REFUSED set net.ipv4.igmp_link_local_mcast_reports to 0"),
              std::string::npos);
    EXPECT_TRUE(settings.changed().empty());
}

TEST_F(SysctlsTest, SaysWhatKeepsVirtualMacAddressesFromWorking) {
    Sysctls settings = make();
    settings.use(with_vmac(32));
    EXPECT_EQ(log_.text, "");
    put("net/ipv4/conf/all/arp_ignore", "2");
    settings.use(with_vmac(24));
    EXPECT_EQ(log_.text, "");
    settings.use(with_vmac(32));
    EXPECT_NE(log_.text.find("net.ipv4.conf.all.arp_ignore is 2"), std::string::npos);
    log_.text.clear();
    put("net/ipv4/conf/all/arp_ignore", "0");
    put("net/ipv4/conf/all/arp_filter", "1");
    settings.use(with_vmac(24));
    EXPECT_NE(log_.text.find("net.ipv4.conf.all.arp_filter is 1"), std::string::npos);
    log_.text.clear();
    settings.use({});
    EXPECT_EQ(log_.text, "");
}

}  // namespace
}  // namespace holdfast::supervisor
