#include <memory>
#include <string>

#include "lib/config/legacy_writer.hpp"
#include "lib/config/load.hpp"
#include "lib/config/rendering.hpp"
#include "lib/config/written.hpp"
#include "lib/config/yaml/writer.hpp"
#include "lib/core/result.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace {

using namespace holdfast;

/// Lines after sequences and parameters are expanded: a few words may ask for any number.
constexpr std::uint64_t kMaxLines = 2000;

void check_resolved(const config::v1::Config& config) {
    for (const auto& instance : config.vrrp_instances()) {
        const bool complete = instance.id() != 0 && instance.virtual_router_id() >= 1 &&
                              instance.virtual_router_id() <= 255 && instance.priority() >= 1 &&
                              instance.priority() <= 255 && instance.advert_interval_us() > 0;
        if (!complete) core::broken_invariant("a usable instance is not complete");
    }
    for (const auto& service : config.virtual_servers()) {
        if (service.id() == 0 || !service.has_scheduler()) {
            core::broken_invariant("a usable service is not complete");
        }
        for (const auto& server : service.servers()) {
            if (server.id() == 0) core::broken_invariant("a server without id");
        }
    }
}

/// A test, which keeps no services, gives the verdict of a start.
void check_test(config::LoadRequest request, config::FileAccess& files,
                const config::LoadResult& at_start) {
    request.keep_written = false;
    request.findings_only = true;
    const config::LoadResult in_test = config::load(request, files);
    if (in_test.test_status != at_start.test_status || in_test.usable != at_start.usable ||
        in_test.counts.total() != at_start.counts.total()) {
        core::broken_invariant("a test finds something else than a start");
    }
}

}  // namespace

/// Any text is read to its end; what is usable is complete, every role's part is a part of it, and
/// it can be written in both languages.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const config::testing::FakeHost host;
    config::testing::MemoryFiles files(std::string(reinterpret_cast<const char*>(data), size));
    files.files["/etc/keepalived/part.conf"] = "priority 10\n";
    config::LoadRequest request = config::testing::request_for(host);
    request.max_lines = kMaxLines;
    request.keep_written = true;
    const config::LoadResult result = config::load(request, files);
    check_test(request, files, result);
    static_cast<void>(config::write_legacy(result.written->config));
    static_cast<void>(config::write_yaml(result.written->config));
    if (result.usable) check_resolved(result.config);
    for (const auto& found : result.diagnostics) {
        if (config::render(found).empty()) core::broken_invariant("a finding without text");
    }
    static_cast<void>(config::for_role(result.config, messages::v1::ROLE_VRRPD));
    return 0;
}
