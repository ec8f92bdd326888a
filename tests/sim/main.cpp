#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "lib/core/text.hpp"
#include "tests/sim/world.hpp"

/// holdfast-sim [--seeds N] [--seed S] [--trace] [--plant-fault]
///
/// Runs N seeds from S on and stops at the first broken rule, with the command that replays it.
/// With --plant-fault the comparison of priorities is reversed, and *not* finding that is an error.
namespace {

struct Options {
    std::uint64_t seeds = 1;
    std::uint64_t first = 1;
    bool trace = false;
    bool plant_fault = false;
};

bool read_options(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--trace") {
            options.trace = true;
        } else if (word == "--plant-fault") {
            options.plant_fault = true;
        } else if ((word == "--seeds" || word == "--seed") && i + 1 < argc) {
            const auto number = holdfast::core::parse_number<std::uint64_t>(argv[++i]);
            if (!number) return false;
            (word == "--seeds" ? options.seeds : options.first) = *number;
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!read_options(argc, argv, options)) {
        fmt::print(stderr,
                   "usage: holdfast-sim [--seeds N] [--seed S] [--trace] [--plant-fault]\n");
        return 2;
    }
    for (std::uint64_t seed = options.first; seed < options.first + options.seeds; ++seed) {
        holdfast::sim::Plan plan = holdfast::sim::plan_for(seed);
        plan.reversed_comparison = options.plant_fault;
        const auto broken = holdfast::sim::World(plan, options.trace).run();
        if (!broken) continue;
        fmt::print("seed {} at {:.3f} s: {}\n", seed,
                   std::chrono::duration<double>(broken->at).count(), broken->text);
        if (options.plant_fault) {
            fmt::print("the planted fault was found by seed {}\n", seed);
            return 0;
        }
        fmt::print("replay: {} --seed {} --trace\n", argv[0], seed);
        return 1;
    }
    fmt::print("{} seeds from {}: every rule held\n", options.seeds, options.first);
    return options.plant_fault ? 1 : 0;
}
