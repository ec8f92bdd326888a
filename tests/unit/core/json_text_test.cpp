#include "lib/core/json_text.hpp"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

TEST(JsonText, QuotesWhatJsonMustQuote) {
    EXPECT_EQ(json_text(""), "\"\"");
    EXPECT_EQ(json_text("VI_1"), "\"VI_1\"");
    EXPECT_EQ(json_text("a \"b\" \\c"), R"("a \"b\" \\c")");
    EXPECT_EQ(json_text(std::string_view("a\n\0\x1b[31m", 8)), R"("a\u000a\u0000\u001b[31m")");
}

TEST(JsonText, KeepsUtf8AndReplacesEveryOtherOctet) {
    EXPECT_EQ(json_text("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"");
    EXPECT_EQ(json_text("gr\xfc\xdf"), "\"gr\xef\xbf\xbd\xef\xbf\xbd\"");
    EXPECT_EQ(json_text("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    EXPECT_EQ(json_text("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(JsonText, LetsNoTerminalObeyIt) {
    EXPECT_EQ(json_text("\x7f"), R"("\u007f")");
    EXPECT_EQ(json_text("\xc2\x9b"), R"("\u009b")");
}

}  // namespace
}  // namespace holdfast::core
