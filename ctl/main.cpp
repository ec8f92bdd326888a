// holdfastctl: asks the running supervisor, or reads configurations offline, and tells people
// and machines what it found.

#include <cstdio>
#include <span>

#include <fmt/format.h>

#include "ctl/options.hpp"
#include "ctl/verbs.hpp"

int main(int argc, char** argv) {
    using namespace holdfast::ctl;  // NOLINT(google-build-using-namespace): this is its main
    const std::span<const char* const> arguments(argv + 1, static_cast<std::size_t>(argc - 1));
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
