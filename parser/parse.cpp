#include "parser/parse.hpp"

#include <utility>

#include "lib/config/rendering.hpp"
#include "lib/config/shown.hpp"
#include "parser/mail_server.hpp"
#include "proto/shown_config.pb.h"

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
    diagnostic.set_refuses_reload(config::refuses_reload(found));
    return message;
}

ToSupervisor warning(std::string text) {
    ToSupervisor message;
    auto& diagnostic = *message.mutable_diagnostic();
    diagnostic.set_severity(messages::v1::Diagnostic::WARNING);
    diagnostic.set_class_name("unresolved_name");
    diagnostic.set_rendered(cut("warning: " + text + "\n"));
    diagnostic.set_text(cut(std::move(text)));
    return message;
}

/// The findings of a test, in as many messages as their text needs.
void add_report(const config::LoadResult& result, std::vector<ToSupervisor>& messages) {
    constexpr std::size_t kPart = 48UL * 1024;
    config::ReportStyle style;
    style.rest = "holdfastctl check --all shows them";
    if (result.language == config::Language::legacy) style.keepalived_status = result.test_status;
    const std::string text = config::render_report(result.diagnostics, result.counts, style);
    for (std::size_t at = 0; at < text.size(); at += kPart) {
        messages.emplace_back().mutable_report_text()->set_text(text.substr(at, kPart));
    }
}

ToSupervisor done_with(const config::LoadResult& result) {
    ToSupervisor message;
    auto& done = *message.mutable_parse_done();
    done.set_usable(result.usable);
    done.set_test_status(static_cast<std::uint32_t>(result.test_status));
    done.set_fatal(static_cast<std::uint32_t>(result.counts.fatal));
    done.set_errors(static_cast<std::uint32_t>(result.counts.errors));
    done.set_warnings(static_cast<std::uint32_t>(result.counts.warnings));
    return message;
}

void add_parts(const config::LoadResult& result, Answer& answer) {
    for (const auto role :
         {messages::v1::ROLE_VRRPD, messages::v1::ROLE_CHECKERD, messages::v1::ROLE_IPVSD}) {
        answer.parts.push_back(config::for_role(result.config, role).SerializeAsString());
    }
    config::v1::Config own = config::for_role(result.config, messages::v1::ROLE_SUPERVISOR);
    if (auto problem = complete_mail(*own.mutable_global())) {
        answer.messages.push_back(warning(std::move(*problem)));
    }
    answer.parts.push_back(own.SerializeAsString());
}

}  // namespace

Answer parse(const messages::v1::ParseRequest& request, ConfinedFiles& files,
             const config::HostFacts& host) {
    config::LoadRequest wanted;
    wanted.file = request.file();
    wanted.config_id = request.config_id();
    wanted.all_include_checks = request.all_include_checks();
    wanted.working_folder = "/";
    wanted.credentials_folder = host.environment("CREDENTIALS_DIRECTORY");
    wanted.host = &host;
    wanted.keep_written = !request.test();
    wanted.findings_only = request.test();
    const config::LoadResult result = config::load(wanted, files);
    Answer answer;
    answer.memory = result.memory;
    if (const auto& needed = files.needed()) {
        auto& message = *answer.messages.emplace_back().mutable_need_folder();
        message.set_path(needed->path);
        message.set_named_by(needed->named_by);
        message.set_line(needed->line);
        message.set_column(needed->column);
        return answer;
    }
    if (request.test()) {
        add_report(result, answer.messages);
    } else {
        for (const config::Diagnostic& found : result.diagnostics) {
            answer.messages.push_back(message_of(found));
        }
    }
    if (result.usable && !request.test()) add_parts(result, answer);
    answer.messages.push_back(done_with(result));
    if (answer.parts.empty()) return answer;
    messages::v1::ShownConfig shown = config::shown(*result.written);
    shown.set_config_id(request.config_id());
    answer.parts.push_back(shown.SerializeAsString());
    return answer;
}

}  // namespace holdfast::parser
