#include "lib/ipc/sealed_memory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast::ipc {
namespace {

core::UniqueFd memory_with(std::string_view content) {
    core::UniqueFd memory = std::move(make_memory("test")).value();
    EXPECT_TRUE(write_all(memory.get(), content));
    return memory;
}

TEST(SealedMemory, ComesBackAsItWasWritten) {
    const std::string content(3 * 1024 * 1024 + 17, 'y');
    const core::UniqueFd memory = memory_with(content);
    ASSERT_TRUE(seal(memory.get()));
    const auto digest = digest_of(memory.get());
    ASSERT_TRUE(digest);
    EXPECT_EQ(digest->size, content.size());
    EXPECT_EQ(digest->sha256.size(), 32U);
    const auto back = read_sealed(memory.get(), *digest);
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, content);
}

TEST(SealedMemory, MayBeEmpty) {
    const core::UniqueFd memory = memory_with("");
    ASSERT_TRUE(seal(memory.get()));
    EXPECT_EQ(*read_sealed(memory.get(), *digest_of(memory.get())), "");
}

TEST(SealedMemory, TheDigestIsSha256) {
    const core::UniqueFd memory = memory_with("abc");
    const std::string sha256 = digest_of(memory.get())->sha256;
    EXPECT_EQ(sha256.substr(0, 4), std::string("\xba\x78\x16\xbf", 4));
}

TEST(SealedMemory, CannotBeChangedOnceSealed) {
    const core::UniqueFd memory = memory_with("abc");
    ASSERT_TRUE(seal(memory.get()));
    EXPECT_EQ(::write(memory.get(), "d", 1), -1);
    EXPECT_EQ(errno, EPERM);
    EXPECT_EQ(::ftruncate(memory.get(), 1), -1);
}

TEST(SealedMemory, IsNotBelievedUnlessSealed) {
    const core::UniqueFd memory = memory_with("abc");
    const auto read = read_sealed(memory.get(), *digest_of(memory.get()));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), EPERM);
}

TEST(SealedMemory, IsNotBelievedWithAnotherSizeOrDigest) {
    const core::UniqueFd memory = memory_with("abc");
    ASSERT_TRUE(seal(memory.get()));
    Digest digest = *digest_of(memory.get());
    digest.size = 4;
    EXPECT_FALSE(read_sealed(memory.get(), digest));
    digest.size = 3;
    digest.sha256[5] = static_cast<char>(digest.sha256[5] + 1);
    EXPECT_FALSE(read_sealed(memory.get(), digest));
}

TEST(SealedMemory, IsNotBelievedWhenItIsNoMemoryFileAtAll) {
    EXPECT_FALSE(read_sealed(STDERR_FILENO, {}));
    EXPECT_FALSE(read_sealed(-1, {}));
}

TEST(SealedMemory, IsRefusedAboveTheLimitBeforeItIsRead) {
    const core::UniqueFd memory = memory_with("");
    ASSERT_EQ(::ftruncate(memory.get(), static_cast<off_t>(kMaxSealed) + 1), 0);
    const auto digest = digest_of(memory.get());
    ASSERT_FALSE(digest);
    EXPECT_EQ(digest.error().code(), EFBIG);
}

}  // namespace
}  // namespace holdfast::ipc
