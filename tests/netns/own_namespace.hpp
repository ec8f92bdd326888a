#pragma once

#include <gtest/gtest.h>
#include <sched.h>

#include <string>

namespace holdfast::tests {

/// Puts the whole test program into a network namespace of its own, once; it vanishes with the
/// program. Without the right to do so each test is skipped.
class OwnNamespace : public testing::Test {
  protected:
    void SetUp() override {
        static const bool entered = unshare(CLONE_NEWNET) == 0;
        if (!entered) GTEST_SKIP() << "needs the right to make a network namespace (root)";
    }
};

}  // namespace holdfast::tests
