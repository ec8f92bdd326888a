#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>

#include "lib/state/state_file.hpp"

namespace holdfast::state {

inline core::UniqueFd make_file(std::size_t records, std::size_t record_size) {
    core::UniqueFd file(::memfd_create("state", MFD_CLOEXEC));
    const auto size = static_cast<off_t>(file_size(records, record_size));
    EXPECT_EQ(::posix_fallocate(file.get(), 0, size), 0);
    return file;
}

inline StateFile map_again(const core::UniqueFd& file, const Identity& identity,
                           std::size_t record_size) {
    auto mapped = StateFile::map(core::UniqueFd::duplicate_of(file.get()), identity, record_size);
    if (!mapped) ADD_FAILURE() << mapped.error().text();
    return std::move(mapped).value();
}

inline std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

inline std::string text_of(const std::optional<std::vector<std::byte>>& record) {
    if (!record) return "(absent)";
    return {reinterpret_cast<const char*>(record->data()), record->size()};
}

}  // namespace holdfast::state
