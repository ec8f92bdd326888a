#include "lib/config/numbers.hpp"

#include <gtest/gtest.h>

namespace holdfast::config {
namespace {

TEST(Integers, MayHaveBlanksInFrontButNotBehind) {
    for (const char* text : {"7", " 7", "\t+7"}) {
        const auto number = read_integer(text, 0, 255);
        EXPECT_EQ(number.value, 7) << text;
        EXPECT_EQ(number.problem, "") << text;
    }
    for (const char* text : {"7 ", "7x"}) {
        const auto number = read_integer(text, 0, 255);
        EXPECT_EQ(number.value, 7) << text;
        EXPECT_NE(number.problem, "") << text;
    }
    for (const char* text : {"", " ", "+", "+-7", "x"}) {
        EXPECT_FALSE(read_integer(text, -255, 255).value.has_value() &&
                     read_integer(text, -255, 255).problem.empty())
            << text;
    }
}

TEST(Decimals, MayHaveASignAndBlanksInFrontOnly) {
    for (const char* text : {"1.5", " 1.5", " +1.5"}) {
        const auto number = read_decimal(text, 1'000'000, 6, 0, 10);
        EXPECT_EQ(number.value, 1'500'000U) << text;
        EXPECT_EQ(number.problem, "") << text;
    }
    for (const char* text : {"1.5 ", "+ 1.5", "-1.5", "++1", "", "1e1"}) {
        EXPECT_NE(read_decimal(text, 1'000'000, 6, 0, 10).problem, "") << text;
    }
}

}  // namespace
}  // namespace holdfast::config
