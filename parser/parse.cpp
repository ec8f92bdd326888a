#include "parser/parse.hpp"

#include <algorithm>
#include <utility>

#include "lib/config/rendering.hpp"

namespace holdfast::parser {

namespace {

using messages::v1::ToSupervisor;

/// One message must stay far below a frame's 64 KiB, whatever stands in the file.
constexpr std::size_t kLongestText = 4096;

std::string cut(std::string text) {
    if (text.size() > kLongestText) text = text.substr(0, kLongestText) + "...";
    return text;
}

ToSupervisor message_of(const config::Diagnostic& found) {
    ToSupervisor message;
    auto& diagnostic = *message.mutable_diagnostic();
    using Severity = messages::v1::Diagnostic;
    switch (found.severity) {
        case config::Severity::fatal:
            diagnostic.set_severity(Severity::FATAL);
            break;
        case config::Severity::error:
            diagnostic.set_severity(Severity::ERROR);
            break;
        case config::Severity::warning:
            diagnostic.set_severity(Severity::WARNING);
            break;
        case config::Severity::note:
            diagnostic.set_severity(Severity::NOTE);
            break;
    }
    if (found.position.file != nullptr) diagnostic.set_file(cut(found.position.file->path));
    diagnostic.set_line(found.position.line);
    diagnostic.set_column(found.position.column);
    diagnostic.set_text(cut(found.text));
    diagnostic.set_rendered(cut(config::render(found)));
    diagnostic.set_class_name(found.class_name);
    diagnostic.set_object(cut(found.object));
    diagnostic.set_status(static_cast<std::uint32_t>(config::test_status({found})));
    return message;
}

std::uint32_t count_of(const config::LoadResult& result, config::Severity severity) {
    return static_cast<std::uint32_t>(
        std::ranges::count(result.diagnostics, severity, &config::Diagnostic::severity));
}

ToSupervisor done_with(const config::LoadResult& result) {
    ToSupervisor message;
    auto& done = *message.mutable_parse_done();
    done.set_usable(result.usable);
    done.set_test_status(static_cast<std::uint32_t>(result.test_status));
    done.set_fatal(count_of(result, config::Severity::fatal));
    done.set_errors(count_of(result, config::Severity::error));
    done.set_warnings(count_of(result, config::Severity::warning));
    return message;
}

}  // namespace

Answer parse(const messages::v1::ParseRequest& request, ConfinedFiles& files,
             const config::HostFacts& host) {
    config::LoadRequest wanted;
    wanted.file = request.file();
    wanted.config_id = request.config_id();
    wanted.all_include_checks = request.all_include_checks();
    wanted.working_folder = "/";
    wanted.host = &host;
    const config::LoadResult result = config::load(wanted, files);
    Answer answer;
    answer.memory = result.memory;
    if (const auto& needed = files.needed()) {
        auto& message = *answer.messages.emplace_back().mutable_need_folder();
        message.set_path(needed->path);
        message.set_named_by(needed->named_by);
        return answer;
    }
    for (const config::Diagnostic& found : result.diagnostics) {
        answer.messages.push_back(message_of(found));
    }
    answer.messages.push_back(done_with(result));
    if (!result.usable || request.test()) return answer;
    for (const auto role : {messages::v1::ROLE_VRRPD, messages::v1::ROLE_CHECKERD,
                            messages::v1::ROLE_IPVSD, messages::v1::ROLE_SUPERVISOR}) {
        answer.parts.push_back(config::for_role(result.config, role).SerializeAsString());
    }
    return answer;
}

}  // namespace holdfast::parser
