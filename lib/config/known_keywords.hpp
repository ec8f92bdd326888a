#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace holdfast::config {

/// What follows a keyword: words, a block of keywords, or a block of data.
enum class KeywordKind : std::uint8_t { statement, keyword_block, value_block };

/// What keepalived does when no word follows.
enum class MissingWord : std::uint8_t { allowed, error, ends_at_once };

/// A block of keywords by its number; the top level is 0.
using BlockNumber = std::uint16_t;
constexpr BlockNumber kTopLevel = 0;
constexpr BlockNumber kNoBlock = 0xffff;

/// One keyword of keepalived's language in the block where it may stand; `block` is a path such as
/// "virtual_server/real_server", empty for the top level.
struct KnownKeyword {
    std::string_view block;
    std::string_view keyword;
    KeywordKind kind;
    MissingWord missing_word;
    bool ignores_words;
    std::uint16_t number;      // its index in the table
    BlockNumber block_number;  // of `block`
    BlockNumber opens;         // the block of keywords behind it, kNoBlock if none
};

/// A block and where its keywords stand in the table.
struct KnownBlock {
    std::string_view path;
    std::uint16_t first;
    std::uint16_t count;
};

/// Sorted by block and keyword; generated from keywords.tsv at build time.
extern const KnownKeyword kKnownKeywords[];
extern const std::size_t kKnownKeywordCount;
extern const KnownBlock kKnownBlocks[];
extern const std::size_t kKnownBlockCount;

[[nodiscard]] std::span<const KnownKeyword> keywords_of(BlockNumber block);
[[nodiscard]] std::span<const KnownKeyword> keywords_of(std::string_view block);
/// Takes constant time.
[[nodiscard]] const KnownKeyword* find_keyword(BlockNumber block, std::string_view keyword);
[[nodiscard]] const KnownKeyword* find_keyword(std::string_view block, std::string_view keyword);
/// The number of the block with this path; kNoBlock if there is none.
[[nodiscard]] BlockNumber block_number(std::string_view path);
/// "vrrp_instance" + "authentication" -> "vrrp_instance/authentication"
[[nodiscard]] std::string path_below(std::string_view block, std::string_view keyword);
/// Where else a keyword may stand: "vrrp_instance", for a hint; empty if nowhere.
[[nodiscard]] std::string_view block_that_knows(std::string_view keyword);

}  // namespace holdfast::config
