#include "ctl/json.hpp"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace holdfast::ctl {
namespace {

TEST(Json, KeepsAll64BitsOfNumbers) {
    EXPECT_EQ(Json(std::numeric_limits<std::uint64_t>::max()).text(), "18446744073709551615");
    EXPECT_EQ(Json(std::numeric_limits<std::int64_t>::min()).text(), "-9223372036854775808");
    EXPECT_EQ(Json(1.5).text(), "1.500000");
    EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).text(), "null");
}

TEST(Json, EscapesWhatAStringMayNotHold) {
    EXPECT_EQ(Json("a\"b\\c\n\x01").text(), R"("a\"b\\c\u000a\u0001")");
}

TEST(Json, WrapsItemsInTheEnvelope) {
    EXPECT_EQ(envelope("vrrp", {Json::Object{{"name", "VI_1"}, {"causes", Json::Array{}}}}).text(),
              R"({"api":"holdfast/1","kind":"vrrp","items":[{"name":"VI_1","causes":[]}]})");
}

TEST(Json, IndentsWhenAsked) {
    EXPECT_EQ((Json(Json::Object{{"a", Json::Array{1, Json()}}}).text(true)),
              "{\n  \"a\": [\n    1,\n    null\n  ]\n}");
}

}  // namespace
}  // namespace holdfast::ctl
