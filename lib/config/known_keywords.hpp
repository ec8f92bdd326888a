#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

/// What follows a keyword: words, a block of keywords, or a block of data.
enum class KeywordKind : std::uint8_t { statement, keyword_block, value_block };

/// What keepalived does when no word follows.
enum class MissingWord : std::uint8_t { allowed, error, ends_at_once };

/// One keyword of keepalived's language in the block where it may stand; `block` is a path such as
/// "virtual_server/real_server", empty for the top level.
struct KnownKeyword {
    std::string_view block;
    std::string_view keyword;
    KeywordKind kind;
    MissingWord missing_word;
    bool ignores_words;
};

/// Sorted by block and keyword; generated from keywords.tsv at build time.
extern const KnownKeyword kKnownKeywords[];
extern const std::size_t kKnownKeywordCount;

[[nodiscard]] std::span<const KnownKeyword> keywords_of(std::string_view block);
[[nodiscard]] const KnownKeyword* find_keyword(std::string_view block, std::string_view keyword);
/// "vrrp_instance" + "authentication" -> "vrrp_instance/authentication"
[[nodiscard]] std::string path_below(std::string_view block, std::string_view keyword);
/// Where else a keyword may stand: "vrrp_instance", for a hint; empty if nowhere.
[[nodiscard]] std::string_view block_that_knows(std::string_view keyword);

}  // namespace holdfast::config
