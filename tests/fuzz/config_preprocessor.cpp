#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "lib/config/preprocessor.hpp"
#include "lib/core/result.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace {

using namespace holdfast;

constexpr std::uint64_t kMaxLines = 2000;
/// Of one configuration, as source.cpp bounds them.
constexpr std::uint64_t kMaxFiles = 20'000;
/// Between the main file and those that it may include as part1, part2 ...
constexpr std::string_view kNextFile = "\n%%%%\n";

config::testing::MemoryFiles files_of(std::string_view text) {
    std::size_t end = text.find(kNextFile);
    config::testing::MemoryFiles files{std::string(text.substr(0, end))};
    for (int part = 1; end != std::string_view::npos && part < 10; ++part) {
        text.remove_prefix(end + kNextFile.size());
        end = text.find(kNextFile);
        files.files["/etc/keepalived/part" + std::to_string(part)] = text.substr(0, end);
    }
    return files;
}

void check(const config::LogicalLine& line) {
    if (line.text.empty() || config::without_blanks(line.text) != line.text) {
        core::broken_invariant("a line with nothing, or with blanks around it");
    }
    if ((config::marks_of(line.text) & ~line.marks) != 0) {
        core::broken_invariant("a line holds what its marks do not say");
    }
    if (line.rewritten || (line.marks & config::mark::kEscape) != 0) return;
    if (!line.place.line.substr(line.first_column - 1).starts_with(line.text)) {
        core::broken_invariant("a line does not stand at its column");
    }
}

}  // namespace

/// Any text becomes a bounded number of lines, which know where they stand.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const config::testing::FakeHost host;
    config::testing::MemoryFiles files = files_of({reinterpret_cast<const char*>(data), size});
    config::LoadRequest request = config::testing::request_for(host);
    request.max_lines = kMaxLines;
    config::Reporter report;
    config::Preprocessor lines(request, files, report);
    config::LogicalLine line;
    // Every include may be all of them again.
    const std::uint64_t at_most = kMaxLines + kMaxFiles * (size + 1);
    std::uint64_t count = 0;
    while (lines.next(line)) {
        check(line);
        if (++count > at_most) core::broken_invariant("lines without end");
        if (count % 7 == 0) lines.arena().reset();
    }
    return 0;
}
