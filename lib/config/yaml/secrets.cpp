#include "lib/config/yaml/secrets.hpp"

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "lib/config/source.hpp"
#include "lib/config/yaml/reader.hpp"

namespace holdfast::config::yaml {

namespace {

constexpr std::string_view kOpening = "${credential:";
constexpr unsigned kOthersMode = 0077;
/// More is no password.
constexpr std::size_t kLongest = 64UL * 1024;

/// What keeps a file from being read, in words that hold nothing of it.
std::optional<Refusal> read_whole(FileAccess& files, const std::string& path, std::string& text) {
    core::Result<std::string> content = files.read(path);
    if (!content) {
        const bool forbidden = content.error().code() == EACCES || content.error().code() == EPERM;
        return Refusal{content.error().text(),
                       forbidden ? "its permissions keep the configuration's reader out" : ""};
    }
    if (content->size() > kLongest) {
        return Refusal{fmt::format("{} is too long for a secret", path), {}};
    }
    if (content->ends_with('\n')) content->pop_back();
    if (content->ends_with('\r')) content->pop_back();
    if (content->find('\0') != std::string::npos) {
        return Refusal{fmt::format("{} holds a NUL octet", path), {}};
    }
    if (content->empty()) return Refusal{fmt::format("{} is empty", path), {}};
    text = std::move(*content);
    return std::nullopt;
}

}  // namespace

bool holds_credential(std::string_view text) {
    return text.find(kOpening) != std::string_view::npos;
}

std::optional<Refusal> expand_credentials(Reading& all, std::string& text) {
    std::size_t from = 0;
    for (std::size_t at = text.find(kOpening); at != std::string::npos;
         at = text.find(kOpening, from)) {
        const std::size_t end = text.find('}', at);
        const std::size_t start = at + kOpening.size();
        const std::string name =
            end == std::string::npos ? std::string() : text.substr(start, end - start);
        if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos) {
            return Refusal{"${credential:NAME} wants the name of a credential", {}};
        }
        if (all.request.credentials_folder.empty()) {
            return Refusal{fmt::format("there are no credentials, so none named {}", name),
                           "systemd's LoadCredential= in the unit provides them"};
        }
        std::string content;
        if (auto refusal =
                read_whole(all.files, all.request.credentials_folder + "/" + name, content)) {
            return refusal;
        }
        text.replace(at, end + 1 - at, content);
        from = at + content.size();
    }
    return std::nullopt;
}

std::optional<Refusal> read_secret_file(Reading& all, const Mark& at, const std::string& name,
                                        std::string& text) {
    const std::string folder = at.source != nullptr ? at.source->folder() : "/";
    if (at.source != nullptr) all.files.named_by(at.place().at);
    return read_whole(all.files, absolute(name, folder), text);
}

void warn_if_open(Reading& all, const Mark& at, const std::string& name) {
    const std::string path = absolute(name, at.source != nullptr ? at.source->folder() : "/");
    const core::Result<FileKind> kind = all.files.inspect(path);
    if (!kind || (kind->mode & kOthersMode) == 0) return;
    all.report.warning("open_key_file", at.place(), fmt::format("others can read {}", path)).hint =
        "chmod 0600 " + path;
}

}  // namespace holdfast::config::yaml
