// How long one advertisement takes to be made, and to be believed.

#include "vrrpd/advertisement.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace holdfast;
using namespace holdfast::vrrp;  // NOLINT(google-build-using-namespace): it is what is measured

const core::Address kSource = core::Address::v4(0xc0000201U);
const core::Address kGroup = core::Address::v4(0xe0000012U);

Advertisement with_addresses(std::int64_t count) {
    Advertisement made{.version = Version::v3, .vrid = 51};
    for (std::int64_t i = 0; i < count; ++i) {
        made.addresses.push_back(core::Address::v4(0x0a000001U + static_cast<std::uint32_t>(i)));
    }
    return made;
}

void encode_one(benchmark::State& state) {
    const Advertisement made = with_addresses(state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(encode(made, {}, kSource, kGroup));
}

void check_one(benchmark::State& state) {
    const Advertisement made = with_addresses(state.range(0));
    const auto message = encode(made, {}, kSource, kGroup);
    const Expectation expected{.vrid = 51, .addresses = made.addresses};
    const Datagram heard{
        .source = kSource, .destination = kGroup, .time_to_live = 255, .message = message};
    for (auto _ : state) benchmark::DoNotOptimize(check(expected, heard));
}

BENCHMARK(encode_one)->Arg(1)->Arg(20)->Arg(200);
BENCHMARK(check_one)->Arg(1)->Arg(20)->Arg(200);

}  // namespace
