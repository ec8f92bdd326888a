// keyword_samples FOLDER: writes every sample of every keyword as a configuration file, and
// index.tsv with: file, title, exit status of -t here, what is known of keepalived's. For
// tests/netns/test_keyword_verdicts.py, which runs it in a namespace and asks keepalived the same.
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "lib/config/load.hpp"
#include "lib/config/system_access.hpp"
#include "tests/unit/config/keyword_samples.hpp"

using namespace holdfast;

int main(int count, char** words) {
    if (count != 2) return 2;
    const std::filesystem::path folder = words[1];
    const config::SystemHost host;
    std::ofstream index(folder / "index.tsv");
    int number = 0;
    for (const auto& sample : config::testing::all_samples()) {
        const std::filesystem::path file = folder / fmt::format("{:05}.conf", number++);
        std::ofstream(file) << sample.text;
        config::SystemFiles files;
        config::LoadRequest request;
        request.file = file.string();
        request.config_id = "node1";
        request.working_folder = "/";
        request.host = &host;
        const auto result = config::load(request, files);
        index << fmt::format("{}\t{}\t{}\t{}\n", file.filename().string(), sample.title(),
                             result.test_status, sample.keepalived);
    }
    return index.good() ? 0 : 1;
}
