// How long a line of keepalived.conf takes from text to the resolved model.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "lib/config/load.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace {

using namespace holdfast;

/// `services` virtual servers with four real servers and an HTTP_GET each: 46 lines a service.
std::string services(std::int64_t count) {
    std::string text;
    for (std::int64_t i = 0; i < count; ++i) {
        text += fmt::format(
            "virtual_server 10.{}.{}.1 80 {{\ndelay_loop 6\nlvs_sched wrr\n"
            "lvs_method DR\nprotocol TCP\n",
            i / 256, i % 256);
        for (int server = 1; server <= 4; ++server) {
            text += fmt::format(
                "real_server 192.0.2.{} 80 {{\nweight 1\nHTTP_GET {{\nurl {{\n"
                "path /\nstatus_code 200\n}}\nconnect_timeout 3\n}}\n}}\n",
                server);
        }
        text += "}\n";
    }
    return text;
}

void load_services(benchmark::State& state) {
    config::testing::MemoryFiles files(services(state.range(0)));
    const std::string& text = files.files.begin()->second;
    const auto lines = std::count(text.begin(), text.end(), '\n');
    for (auto _ : state) {
        const auto result =
            config::load({.file = "/etc/keepalived/keepalived.conf", .working_folder = "/"}, files);
        if (!result.usable) state.SkipWithError("the configuration is refused");
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * lines);
}

BENCHMARK(load_services)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace
