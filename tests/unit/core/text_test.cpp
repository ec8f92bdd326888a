#include "lib/core/text.hpp"

#include <array>

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

TEST(Closest, FindsTheWordThatWasMeant) {
    const std::array<std::string, 4> words{"smtp_connect_timeout", "smtp_server", "state",
                                           "BACKUP"};
    EXPECT_EQ(closest("stmp_connect_timeout", words), "smtp_connect_timeout");
    EXPECT_EQ(closest("sate", words), "state");
    EXPECT_EQ(closest("entirely_else", words), std::nullopt);
    EXPECT_EQ(closest(std::string(1000, 'x'), words), std::nullopt);
    EXPECT_EQ(closest("x", words), std::nullopt);
    EXPECT_EQ(closest("", words), std::nullopt);
}

TEST(ParseNumber, TakesTheWholeTextOrNothing) {
    EXPECT_EQ(parse_number<int>("-5"), -5);
    EXPECT_EQ(parse_number<unsigned>("10x"), std::nullopt);
    EXPECT_EQ(parse_number<unsigned>(""), std::nullopt);
    EXPECT_EQ(parse_number<std::uint8_t>("256"), std::nullopt);
}

TEST(Split, KeepsEmptyParts) {
    EXPECT_EQ(split("a::b", ':'), (std::vector<std::string_view>{"a", "", "b"}));
}

}  // namespace
}  // namespace holdfast::core
