#include "lib/config/known_keywords.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace holdfast::config {

namespace {

/// Octets `at` to `at + 7` of a word as a number, with zeros behind its end.
std::uint64_t eight_octets(std::string_view word, std::size_t at) {
    std::uint64_t octets = 0;
    if (word.size() >= at + 8) {
        std::memcpy(&octets, word.data() + at, 8);
        return octets;
    }
    for (std::size_t i = at; i < word.size(); ++i) {
        octets |= std::uint64_t{static_cast<unsigned char>(word[i])} << 8 * (i - at);
    }
    return octets;
}

/// Open addressing over blocks and keywords, filled once.
class KeywordTable {
  public:
    KeywordTable() {
        for (std::size_t i = 0; i < kKnownKeywordCount; ++i) {
            std::size_t slot = slot_of(kKnownKeywords[i].block_number, kKnownKeywords[i].keyword);
            while (slots_[slot] != 0) slot = (slot + 1) % kSlots;
            slots_[slot] = static_cast<std::uint16_t>(i + 1);
        }
    }
    [[nodiscard]] const KnownKeyword* find(BlockNumber block, std::string_view keyword) const {
        for (std::size_t slot = slot_of(block, keyword); slots_[slot] != 0;
             slot = (slot + 1) % kSlots) {
            const KnownKeyword& known = kKnownKeywords[slots_[slot] - 1];
            if (known.block_number == block && known.keyword == keyword) return &known;
        }
        return nullptr;
    }

  private:
    static constexpr std::size_t kSlots = 4096;  // some 600 keywords stand in few of them together

    static std::size_t slot_of(BlockNumber block, std::string_view keyword) {
        const std::size_t size = keyword.size();
        const std::uint64_t first = eight_octets(keyword, 0);
        const std::uint64_t last = size > 8 ? eight_octets(keyword, size - 8) : 0;
        std::uint64_t mixed =
            first ^ (last << 21 | last >> 43) ^ (std::uint64_t{block} << 48) ^ size;
        mixed *= 0x9e3779b97f4a7c15U;
        return static_cast<std::size_t>(mixed >> 52);
    }
    std::array<std::uint16_t, kSlots> slots_{};  // index + 1, 0: free
};

}  // namespace

std::span<const KnownKeyword> keywords_of(BlockNumber block) {
    if (block >= kKnownBlockCount) return {};
    return {kKnownKeywords + kKnownBlocks[block].first, kKnownBlocks[block].count};
}

std::span<const KnownKeyword> keywords_of(std::string_view block) {
    return keywords_of(block_number(block));
}

const KnownKeyword* find_keyword(BlockNumber block, std::string_view keyword) {
    static const KeywordTable kTable;
    return kTable.find(block, keyword);
}

const KnownKeyword* find_keyword(std::string_view block, std::string_view keyword) {
    return find_keyword(block_number(block), keyword);
}

BlockNumber block_number(std::string_view path) {
    const std::span all(kKnownBlocks, kKnownBlockCount);
    const auto found = std::ranges::lower_bound(all, path, {}, &KnownBlock::path);
    if (found == all.end() || found->path != path) return kNoBlock;
    return static_cast<BlockNumber>(found - all.begin());
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
