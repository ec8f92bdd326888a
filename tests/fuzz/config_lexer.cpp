#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/config/lexer.hpp"
#include "lib/config/preprocessor.hpp"
#include "lib/core/result.hpp"

namespace {

using namespace holdfast;

bool lies_in(std::string_view part, std::string_view whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

/// Words stand in the text, in order, where their columns say.
void check_words(std::string_view text, config::Arena& arena) {
    std::uint32_t behind = 0;
    for (const config::Word& word : config::split_words(text, 1, arena)) {
        const bool fits =
            word.column > behind && word.column <= text.size() && lies_in(word.text, text) &&
            text.substr(word.column - 1 + (word.quoted ? 1 : 0)).starts_with(word.text);
        if (!fits) core::broken_invariant("a word does not stand at its column");
        behind = word.column + static_cast<std::uint32_t>(word.text.size()) - 1;
    }
}

}  // namespace

/// Any line is taken apart into pieces of itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    config::Arena arena;
    const std::string_view kept = config::without_comment(line, arena);
    if (kept.size() > line.size()) core::broken_invariant("a comment that adds text");
    const bool has_signs =
        (config::marks_of(line) & (config::mark::kComment | config::mark::kEscape)) != 0;
    if (!has_signs && kept != line) core::broken_invariant("a comment without its sign");
    check_words(line, arena);
    for (std::size_t at = config::find_brace(line, 0); at != std::string_view::npos;
         at = config::find_brace(line, at + 1)) {
        if (line[at] != '{' && line[at] != '}') core::broken_invariant("a brace that is none");
    }
    static_cast<void>(config::has_open_quote(line));
    static_cast<void>(config::to_arguments(line));
    if (const auto words = config::split_script_words(line)) {
        for (const std::string& word : *words) static_cast<void>(config::to_arguments(word));
    }
    std::string problem;
    if (!config::parse_repetition(line, problem) && problem.empty()) {
        core::broken_invariant("a repetition is refused without a reason");
    }
    return 0;
}
