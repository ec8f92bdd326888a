#include "lib/core/result.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

Result<int> half(int number) {
    if (number % 2 != 0) return Error("odd");
    return number / 2;
}

TEST(Result, CarriesAValueOrAnError) {
    EXPECT_EQ(half(4).value(), 2);
    EXPECT_EQ(half(3).error().text(), "odd");
}

TEST(Error, NamesTheTaskOnTheWayUp) {
    const Error error = Error::from_errno(ENOENT, "open").within("apply plan");
    EXPECT_EQ(error.text(), "apply plan: open: No such file or directory");
    EXPECT_EQ(error.code(), ENOENT);
}

TEST(ResultDeathTest, EndsTheProcessWhenNobodyLooked) {
    EXPECT_DEATH((void)half(3).value(), "value of a failed Result: odd");
}

}  // namespace
}  // namespace holdfast::core
