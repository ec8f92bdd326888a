// Replays a corpus through a fuzz target without libFuzzer: each file as it is, and cut off after
// each of its octets (up to 4096). Arguments: files and folders. A folder without files is an
// error.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& bytes, std::size_t size) {
    // A copy of exactly this size, so that a sanitizer sees one octet too many.
    const std::vector<std::uint8_t> input(bytes.begin(),
                                          bytes.begin() + static_cast<std::ptrdiff_t>(size));
    LLVMFuzzerTestOneInput(input.data(), input.size());
}

void replay(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
    constexpr std::size_t kLongestCut = 4096;
    for (std::size_t size = 0; size < bytes.size() && size < kLongestCut; ++size) run(bytes, size);
    run(bytes, bytes.size());
}

}  // namespace

int main(int count, char** arguments) {
    std::size_t replayed = 0;
    for (int i = 1; i < count; ++i) {
        const std::filesystem::path place = arguments[i];
        if (!std::filesystem::is_directory(place)) {
            replay(place);
            ++replayed;
            continue;
        }
        for (const auto& entry : std::filesystem::directory_iterator(place)) {
            replay(entry.path());
            ++replayed;
        }
    }
    std::printf("%zu inputs replayed\n", replayed);
    return replayed > 0 ? 0 : 1;
}
