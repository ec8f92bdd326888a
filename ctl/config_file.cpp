#include "ctl/config_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

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

constexpr std::size_t kMostInput = 256UL * 1024 * 1024;

core::Result<std::string> all_of_input() {
    constexpr std::size_t kChunk = 64UL * 1024;
    std::string text;
    while (text.size() <= kMostInput) {
        const std::size_t used = text.size();
        text.resize(used + kChunk);
        const ssize_t got = ::read(STDIN_FILENO, text.data() + used, kChunk);
        const int failure = errno;
        text.resize(used + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got == 0) return text;
        if (got < 0 && failure != EINTR) return core::Error::from_errno(failure, "standard input");
    }
    return core::Error::from_errno(EFBIG, "standard input");
}

}  // namespace

void InputFiles::read_input(std::string path) {
    path_ = std::move(path);
    text_ = all_of_input();
}

core::Result<std::string> InputFiles::read(const std::string& path) {
    return path == path_ ? text_ : SystemFiles::read(path);
}

core::Result<std::string> InputFiles::read_start(const std::string& path, std::size_t limit) {
    return path == path_ ? FileAccess::read_start(path, limit)
                         : SystemFiles::read_start(path, limit);
}

core::Result<config::FileKind> InputFiles::inspect(const std::string& path) {
    if (path != path_) return SystemFiles::inspect(path);
    config::FileKind kind;
    kind.regular = true;
    return kind;
}

std::vector<std::string> InputFiles::glob(const std::string& pattern) {
    return pattern == path_ ? std::vector<std::string>{path_} : SystemFiles::glob(pattern);
}

FileRequest::FileRequest(const Options& options, const std::string& file) {
    const std::string here = core::default_config_id();
    request.working_folder = working_folder();
    request.file =
        config::absolute(file.empty() ? core::default_config_file() : file, request.working_folder);
    if (file == "-") files.read_input(request.file);
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
