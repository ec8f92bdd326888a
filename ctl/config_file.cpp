#include "ctl/config_file.hpp"

#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "lib/config/rendering.hpp"
#include "lib/config/source.hpp"
#include "lib/core/config_file.hpp"

namespace holdfast::ctl {
namespace {

std::string working_folder() {
    struct Free {
        void operator()(char* text) const noexcept { std::free(text); }
    };
    const std::unique_ptr<char, Free> folder(::get_current_dir_name());
    return folder ? folder.get() : "/";
}

}  // namespace

FileRequest::FileRequest(const Options& options, const std::string& file) {
    const std::string here = core::default_config_id();
    request.working_folder = working_folder();
    request.file =
        config::absolute(file.empty() ? core::default_config_file() : file, request.working_folder);
    request.config_id = options.node.empty() ? here : options.node;
    request.host = request.config_id == here ? &host_ : nullptr;
    request.credentials_folder = host_.environment("CREDENTIALS_DIRECTORY");
    request.keep_written = true;
}

ReadConfig read_config(const Options& options, const std::string& file) {
    FileRequest asked(options, file);
    return {asked.request.file, config::load(asked.request, asked.files)};
}

std::string report_of(const ReadConfig& read, bool all) {
    config::ReportStyle style;
    if (all) style.at_most = 0;
    style.rest = "--all shows them";
    if (read.result.language == config::Language::legacy) {
        style.keepalived_status = read.result.test_status;
    }
    return config::render_report(read.result.diagnostics, read.result.counts, style);
}

}  // namespace holdfast::ctl
