#include "lib/core/ids.hpp"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

TEST(ObjectId, IsTheHeadOfSha256OverKindNulKey) {
    // printf 'vrrp_instance\0VI_1' | sha256sum
    EXPECT_EQ(to_text(object_id("vrrp_instance", "VI_1")), "90c1eb4ef17f407f");
}

TEST(ObjectId, KeepsKindAndKeyApart) {
    EXPECT_NE(object_id("a", "bc"), object_id("ab", "c"));
    EXPECT_EQ(object_id("a", "b"), object_id("a", "b"));
}

}  // namespace
}  // namespace holdfast::core
