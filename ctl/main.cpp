// holdfastctl: asks the running supervisor, or reads configurations offline, and tells people
// and machines what it found.

#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "ctl/completion.hpp"
#include "ctl/options.hpp"
#include "ctl/verbs.hpp"

int main(int argc, char** argv) {
    using namespace holdfast::ctl;  // NOLINT(google-build-using-namespace): this is its main
    const std::span<const char* const> arguments(argv + 1, static_cast<std::size_t>(argc - 1));
    if (argc > 1 && std::string_view(argv[1]) == "__complete") {  // what the shell asks
        const std::vector<std::string> words(arguments.begin() + 1, arguments.end());
        for (const std::string& word : completions(words)) fmt::print("{}\n", word);
        return kOk;
    }
    auto options = read_options(arguments);
    if (!options) {
        fmt::print(stderr, "holdfastctl: {}\n", options.error().text());
        return kUsage;
    }
    if (options->help) {
        fmt::print("{}", usage(options->words));
        return kOk;
    }
    return run_verb(*options, stdout, stderr);
}
