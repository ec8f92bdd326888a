#include "lib/config/shown.hpp"

#include <gtest/gtest.h>

#include "proto/shown_config.pb.h"
#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config {
namespace {

constexpr const char* kTwo = R"(vrrp_instance A {
    interface eth0
    authentication {
        auth_type PASS
        auth_pass hush
    }
}
vrrp_instance B {
    interface eth1
    virtual_ipaddress {
        192.0.2.10
    }
}
)";

std::shared_ptr<const Written> written_of(const char* text) {
    const testing::FakeHost host;
    testing::MemoryFiles files(text);
    LoadRequest request = testing::request_for(host);
    request.keep_written = true;
    return load(request, files).written;
}

TEST(ShownConfig, HasNoSecret) {
    const auto shown_config = shown(*written_of(kTwo));
    EXPECT_EQ(shown_config.SerializeAsString().find("hush"), std::string::npos);
    EXPECT_EQ(shown_config.config().vrrp_instances(0).authentication().password(), kMask);
}

TEST(ShownConfig, KeepsTheSourceAsItIs) {
    const auto written = written_of(kTwo);
    static_cast<void>(shown(*written));
    EXPECT_EQ(written->config.vrrp_instances(0).authentication().password(), "hush");
}

TEST(ShownConfig, ComesBackWithThePlaceOfEachObject) {
    const auto back = restored(shown(*written_of(kTwo)));
    ASSERT_EQ(back->config.vrrp_instances_size(), 2);
    const Origin* first = back->origins.find(&back->config.vrrp_instances(0));
    const Origin* second = back->origins.find(&back->config.vrrp_instances(1));
    ASSERT_TRUE(first != nullptr && second != nullptr);
    EXPECT_EQ(first->block.line, 1U);
    EXPECT_EQ(second->block.line, 8U);
    EXPECT_EQ(second->block.file->path, "/etc/keepalived/keepalived.conf");
}

TEST(ShownConfig, BelievesNoPlaceThatCannotBe) {
    auto shown_config = shown(*written_of(kTwo));
    for (auto& origin : *shown_config.mutable_origins()) origin.set_file(7);
    const auto back = restored(shown_config);
    EXPECT_EQ(back->origins.find(&back->config.vrrp_instances(0)), nullptr);
}

}  // namespace
}  // namespace holdfast::config
