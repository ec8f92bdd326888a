#include <string>

#include "lib/config/load.hpp"
#include "lib/config/rendering.hpp"
#include "lib/core/result.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace {

using namespace holdfast;

constexpr std::uint64_t kMaxNodes = 5000;
constexpr const char* kMain = "/etc/keepalived/keepalived.conf";

}  // namespace

/// Any text behind the version is read to its end, as YAML; what is usable has its ids, and every
/// finding has a text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const config::testing::FakeHost host;
    const std::string text(reinterpret_cast<const char*>(data), size);
    config::testing::MemoryFiles files("version: 1\n" + text);
    files.files["/etc/keepalived/part.yaml"] = "vrrp: {defaults: {priority: 10}}\n";
    files.files["/run/credentials/one"] = "secret\n";
    config::LoadRequest request = config::testing::request_for(host);
    request.file = kMain;
    request.max_lines = kMaxNodes;
    request.credentials_folder = "/run/credentials";
    const config::LoadResult result = config::load(request, files);
    if (result.usable) {
        for (const auto& instance : result.config.vrrp_instances()) {
            if (instance.id() == 0) core::broken_invariant("an instance without id");
        }
        for (const auto& service : result.config.virtual_servers()) {
            if (service.id() == 0) core::broken_invariant("a service without id");
        }
    }
    for (const auto& found : result.diagnostics) {
        if (found.text.empty()) core::broken_invariant("a finding without text");
        if (found.text.find("secret\n") != std::string::npos) {
            core::broken_invariant("a secret in a finding");
        }
    }
    return 0;
}
