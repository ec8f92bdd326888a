// Lines of addresses, routes and rules: read, and written again.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "lib/config/legacy_writer.hpp"
#include "lib/config/written.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config::testing {

/// Names as iproute2's files give them.
inline MemoryFiles files_with_names(std::string main) {
    MemoryFiles files(std::move(main));
    files.files["/etc/iproute2/rt_tables"] =
        "# reserved\n255\tlocal\n254\tmain\n0x65 blue # ours\n";
    files.files["/etc/iproute2/rt_dsfield"] = "0x28 AF11\n0x30 AF12\n";
    files.files["/usr/share/iproute2/rt_realms"] = "5 cosmos\n";
    files.files["/usr/share/iproute2/group"] = "7 uplinks\n";
    return files;
}

/// One entry in a block of an instance, or of the top level for static_*.
inline std::string with_entry(const std::string& block, const std::string& entry) {
    const std::string data = block + " {\n" + entry + "\n}\n";
    const bool fixed = block.starts_with("static_");
    return (fixed ? data : std::string()) +
           "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\nno_virtual_ipaddress\n" +
           (fixed ? std::string() : data) + "}\n";
}

inline LoadResult load_entry(const std::string& block, const std::string& entry) {
    const FakeHost host;
    MemoryFiles files = files_with_names(with_entry(block, entry));
    LoadRequest request = request_for(host);
    request.keep_written = true;
    return load(request, files);
}

/// The entry as it is written again; empty when it was dropped.
inline std::string written_again(const LoadResult& result, const std::string& block) {
    const std::string text = write_legacy(result.written->config).text;
    const std::size_t start = text.find(block + " {\n");
    if (start == std::string::npos) return {};
    const std::size_t line = text.find_first_not_of(' ', text.find('\n', start) + 1);
    return text.substr(line, text.find('\n', line) - line);
}

inline std::string first_error(const LoadResult& result) {
    for (const Diagnostic& found : result.diagnostics) {
        if (found.severity <= Severity::error) return found.text;
    }
    return {};
}

/// An entry, and how it is written again.
struct LineSample {
    const char* line;
    const char* again;
};

inline void expect_read_and_written_again(const std::string& block, const LineSample& sample) {
    const LoadResult result = load_entry(block, sample.line);
    const std::string again = written_again(result, block);
    EXPECT_EQ(again, sample.again) << rendered(result);
    EXPECT_EQ(first_error(result), "") << rendered(result);
    const LoadResult second = load_entry(block, again);
    EXPECT_EQ(result.written->config.SerializeAsString(),
              second.written->config.SerializeAsString())
        << again;
}

}  // namespace holdfast::config::testing
