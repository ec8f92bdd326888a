#include "lib/config/yaml/source.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lib/core/utf8.hpp"

namespace holdfast::config::yaml {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_control(unsigned first) {
    return (first < 0x20 && first != '\n' && first != '\t') || first == 0x7f;
}

}  // namespace

Source::Source(const FileTrail* trail, std::string_view bytes, Reporter& report)
    : trail_(trail), text_(bytes) {
    normalise();
    check(report);
}

void Source::normalise() {
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
    if (text_.find('\r') != std::string_view::npos) {
        changed_.reserve(text_.size());
        for (std::size_t i = 0; i < text_.size(); ++i) {
            if (text_.substr(i, 2) != "\r\n") changed_ += text_[i];
        }
        text_ = changed_;
    }
    starts_.push_back(0);
    for (std::size_t at = text_.find('\n'); at != std::string_view::npos;
         at = text_.find('\n', at + 1)) {
        starts_.push_back(at + 1);
    }
}

void Source::complain(Reporter& report, std::size_t offset, std::string text) {
    const auto after = std::ranges::upper_bound(starts_, offset);
    const auto line = static_cast<std::uint32_t>(after - starts_.begin());
    const auto column = static_cast<std::uint32_t>(offset - *(after - 1) + 1);
    report.error(Complaint::general, "yaml_text", place(line, column), std::move(text));
    readable_ = false;
}

void Source::check(Reporter& report) {
    bool indents = true;
    for (std::size_t at = 0; at < text_.size();) {
        const core::Utf8Character character = core::first_character(text_.substr(at));
        const auto first = static_cast<unsigned>(character.value);
        if (!character.valid) return complain(report, at, "this is no UTF-8 text");
        if (is_control(first)) {
            return complain(report, at,
                            fmt::format("the control character 0x{:02x} cannot stand here", first));
        }
        if (first == '\t' && indents) {
            complain(report, at, "a tab indents this line; YAML wants blanks");
            indents = false;  // once a line is enough
        }
        if (first == '\n') {
            indents = true;
        } else if (first != ' ') {
            indents = false;
        }
        at += character.octets;
    }
}

std::string_view Source::line(std::uint32_t number) const {
    if (number == 0 || number > starts_.size()) return {};
    const std::size_t start = starts_[number - 1];
    return text_.substr(start, text_.find('\n', start) - start);
}

Place Source::place(std::uint32_t line_number, std::uint32_t column) const {
    return {Position{trail_, line_number, column}, line(line_number)};
}

std::string Source::folder() const {
    const std::size_t slash = trail_->path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : trail_->path.substr(0, slash);
}

}  // namespace holdfast::config::yaml
