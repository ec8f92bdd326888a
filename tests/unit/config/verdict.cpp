// Prints what the loader says about configuration files, and their resolved model with --model. The
// exit status is that of keepalived -t for the last file. For tests and for people who work on it.
#include <google/protobuf/text_format.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "lib/config/load.hpp"
#include "lib/config/rendering.hpp"
#include "lib/config/source.hpp"
#include "lib/config/system_access.hpp"

using namespace holdfast;

int main(int count, char** words) {
    config::SystemFiles files;
    const config::SystemHost host;
    config::LoadRequest request;
    request.config_id = "node1";
    request.working_folder = get_current_dir_name();
    request.host = &host;
    bool show_model = false;
    int status = 0;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--model") {
            show_model = true;
            continue;
        }
        if (word == "--no-host") {
            request.host = nullptr;
            continue;
        }
        request.file = config::absolute(word, request.working_folder);
        const config::LoadResult result = config::load(request, files);
        for (const auto& found : result.diagnostics) std::fputs(render(found).c_str(), stdout);
        std::string model;
        if (show_model) google::protobuf::TextFormat::PrintToString(result.config, &model);
        std::fputs(model.c_str(), stdout);
        std::printf("%s: status %d, %s\n", request.file.c_str(), result.test_status,
                    result.usable ? "usable" : "not usable");
        status = result.test_status;
    }
    return status;
}
