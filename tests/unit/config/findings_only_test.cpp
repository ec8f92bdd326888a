// A test, which forgets services as it goes, finds what a start finds.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/config/keyword_samples.hpp"
#include "tests/unit/config/recorded_files.hpp"

namespace holdfast::config {
namespace {

namespace fs = std::filesystem;

/// Of a start and of a test: everything that is said, whatever the order at one place is.
struct Said {
    std::vector<std::string> findings;
    int test_status = 0;
    bool usable = false;

    explicit Said(const LoadResult& result)
        : test_status(result.test_status), usable(result.usable) {
        for (const Diagnostic& found : result.diagnostics) {
            findings.push_back(render(found) + found.object);
        }
        std::ranges::sort(findings);
    }
};

void expect_the_same(const LoadRequest& request, FileAccess& files, const std::string& what) {
    LoadRequest test = request;
    test.findings_only = true;
    const Said at_start(load(request, files));
    const Said in_test(load(test, files));
    EXPECT_EQ(in_test.findings, at_start.findings) << what;
    EXPECT_EQ(in_test.test_status, at_start.test_status) << what;
    EXPECT_EQ(in_test.usable, at_start.usable) << what;
}

void expect_the_same_of(const std::string& text) {
    const testing::FakeHost host;
    testing::MemoryFiles files(text);
    expect_the_same(testing::request_for(host), files, text);
}

TEST(FindingsOnly, AreThoseOfAStartForEveryRecordedConfiguration) {
    const testing::FakeHost host;
    std::size_t seen = 0;
    for (const auto& entry : fs::recursive_directory_iterator(testing::kRecordedFolder)) {
        if (entry.path().extension() != ".conf") continue;
        testing::RecordedFiles files;
        LoadRequest request = testing::request_for(host);
        request.file = entry.path().string();
        expect_the_same(request, files, request.file);
        ++seen;
    }
    EXPECT_GT(seen, 200U);
}

TEST(FindingsOnly, AreThoseOfAStartForTheSampleOfEveryKeyword) {
    for (const testing::Sample& sample : testing::all_samples()) expect_the_same_of(sample.text);
}

std::string service(const std::string& key, const std::string& inside) {
    return "virtual_server " + key + " {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n" + inside +
           "}\n";
}
std::string server(const std::string& address, const std::string& inside = "TCP_CHECK {\n}\n") {
    return "real_server " + address + " {\n" + inside + "}\n";
}

TEST(FindingsOnly, SeeServicesThatAreWrittenTwice) {
    const std::string one = service("192.0.2.10 80", server("198.51.100.1 80"));
    const std::string script =
        service("192.0.2.10 80", server("198.51.100.2 80", "notify_up /usr/bin/true\n"));
    expect_the_same_of(one + one);
    expect_the_same_of(one + script);
}

TEST(FindingsOnly, SeeWhatLiesBetweenServices) {
    const std::string group = "virtual_server_group front {\n192.0.2.10 80\n}\n";
    expect_the_same_of(service("192.0.2.10 80", server("198.51.100.1 80")) + group +
                       service("group front", server("198.51.100.2 80")));
    expect_the_same_of(service("192.0.2.10 80", "") + service("nonsense 80", ""));
    expect_the_same_of(service("fwmark 7", server("198.51.100.1 80")) +
                       service("fwmark 7", server("198.51.100.1 80")));
}

TEST(FindingsOnly, WaitForWhatStandsBehindTheService) {
    expect_the_same_of(
        service("192.0.2.10 80", server("198.51.100.1 80", "FILE_CHECK {\ntrack_file load\n}\n")) +
        "track_file load {\nfile /tmp/load\n}\n");
    expect_the_same_of(
        service("192.0.2.10 80",
                server("198.51.100.1 80", "MISC_CHECK {\nmisc_path /usr/bin/true\n}\n")) +
        "global_defs {\nenable_script_security\nscript_user root\n}\n");
}

TEST(FindingsOnly, KeepNoModel) {
    std::string text;
    for (int i = 0; i < 100; ++i) {
        text += service("192.0.2." + std::to_string(i) + " 80", server("198.51.100.1 80"));
    }
    const testing::FakeHost host;
    testing::MemoryFiles files(text);
    LoadRequest request = testing::request_for(host);
    request.findings_only = true;
    EXPECT_EQ(load(request, files).config.virtual_servers_size(), 0);
}

}  // namespace
}  // namespace holdfast::config
