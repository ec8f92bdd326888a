#include "lib/config/known_keywords.hpp"

#include <algorithm>

namespace holdfast::config {

std::span<const KnownKeyword> keywords_of(std::string_view block) {
    const KnownKeyword* const end = kKnownKeywords + kKnownKeywordCount;
    const KnownKeyword* const first =
        std::ranges::lower_bound(kKnownKeywords, end, block, {}, &KnownKeyword::block);
    const KnownKeyword* const last =
        std::ranges::upper_bound(first, end, block, {}, &KnownKeyword::block);
    return {first, last};
}

const KnownKeyword* find_keyword(std::string_view block, std::string_view keyword) {
    const std::span in_block = keywords_of(block);
    const auto found = std::ranges::lower_bound(in_block, keyword, {}, &KnownKeyword::keyword);
    return found != in_block.end() && found->keyword == keyword ? &*found : nullptr;
}

std::string path_below(std::string_view block, std::string_view keyword) {
    return block.empty() ? std::string(keyword) : std::string(block) + "/" + std::string(keyword);
}

std::string_view block_that_knows(std::string_view keyword) {
    const std::span all(kKnownKeywords, kKnownKeywordCount);
    const auto found = std::ranges::find(all, keyword, &KnownKeyword::keyword);
    return found != all.end() ? found->block : std::string_view{};
}

}  // namespace holdfast::config
