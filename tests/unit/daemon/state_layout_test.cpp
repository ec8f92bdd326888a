#include "lib/daemon/state_layout.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "proto/config.pb.h"

namespace holdfast::daemon {
namespace {

using messages::v1::ROLE_CHECKERD;
using messages::v1::ROLE_IPVSD;
using messages::v1::ROLE_VRRPD;

config::v1::Config small_configuration() {
    config::v1::Config config;
    config.add_vrrp_scripts();
    config.add_vrrp_sync_groups();
    for (int i = 0; i < 2; ++i) {
        auto& instance = *config.add_vrrp_instances();
        for (int k = 0; k < 5; ++k) instance.add_addresses();
    }
    auto& service = *config.add_virtual_servers();
    for (int i = 0; i < 3; ++i) service.add_servers()->set_check_count(1);
    return config;
}

TEST(StateLayout, HasTwiceTheRecordsThatTheConfigurationNeedsAndSomeMore) {
    const config::v1::Config config = small_configuration();
    EXPECT_EQ(state_layout(ROLE_VRRPD, config),
              (StateLayout{kVrrpdLayout, kVrrpdRecord, 2 * (1 + 1 + 2) + 256}));
    EXPECT_EQ(state_layout(ROLE_CHECKERD, config),
              (StateLayout{kCheckerdLayout, kCheckerdRecord, 2 * 3 + 256}));
    // Addresses, the service, its servers and its sorry server.
    EXPECT_EQ(state_layout(ROLE_IPVSD, config),
              (StateLayout{kIpvsdLayout, kIpvsdRecord, 2 * (10 + 1 + 3 + 1) + 256}));
}

class OpenState : public ::testing::Test {
  protected:
    OpenState() {
        welcome.set_role(ROLE_VRRPD);
        welcome.set_start(messages::v1::START_RESTART);
        welcome.set_boot_id(std::string(16, 'b'));
        welcome.set_netns_cookie(3);
        const auto size = state::file_size(layout.records, layout.record_size);
        EXPECT_EQ(::posix_fallocate(file.get(), 0, static_cast<off_t>(size)), 0);
    }
    state::StateFile open() {
        return open_state(core::UniqueFd::duplicate_of(file.get()), welcome, layout, *log);
    }
    /// True when what an earlier run left is still there.
    bool survives() {
        state::StateFile state = open();
        return state.read(kId).has_value();
    }

    static constexpr core::ObjectId kId{5};
    StateLayout layout = state_layout(ROLE_VRRPD, {});
    messages::v1::Welcome welcome;
    core::UniqueFd file{::memfd_create("state", MFD_CLOEXEC)};
    std::unique_ptr<log::Logger> log = log::make_null_logger();
};

TEST_F(OpenState, ARestartInheritsTheRecords) {
    EXPECT_TRUE(open().write(kId, {}));
    EXPECT_TRUE(survives());
}

TEST_F(OpenState, AColdStartDoesNot) {
    EXPECT_TRUE(open().write(kId, {}));
    welcome.set_start(messages::v1::START_COLD);
    EXPECT_FALSE(survives());
}

TEST_F(OpenState, NorDoesAnotherBootOrNamespaceOrRole) {
    EXPECT_TRUE(open().write(kId, {}));
    welcome.set_boot_id(std::string(16, 'c'));
    EXPECT_FALSE(survives());
    EXPECT_TRUE(open().write(kId, {}));
    welcome.set_netns_cookie(4);
    EXPECT_FALSE(survives());
    EXPECT_TRUE(open().write(kId, {}));
    welcome.set_role(ROLE_IPVSD);
    EXPECT_FALSE(survives());
}

TEST_F(OpenState, WithoutAFileTheRoleRunsOnPrivateMemory) {
    state::StateFile state = open_state(core::UniqueFd(), welcome, layout, *log);
    EXPECT_FALSE(state.inherited());
    EXPECT_TRUE(state.write(kId, {}));
    EXPECT_EQ(state.capacity(), layout.records);
}

}  // namespace
}  // namespace holdfast::daemon
