#include "lib/config/line_binder.hpp"

#include <fmt/format.h>

#include "lib/config/field_text.hpp"

namespace holdfast::config {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const FieldDescriptor* field_named(const Message& message, const char* name) {
    return message.GetDescriptor()->FindFieldByName(name);
}

std::string_view LineReader::word() const {
    if (at_ == 0) return line_.keyword;
    return line_.word(at_ - 1);
}

Place LineReader::place() const {
    if (at_ == 0) return line_.place;
    return line_.place_of(std::min(at_ - 1, line_.words.size() - 1));
}

const Route* LineReader::find(const Message& message) const {
    return binder_.route_of(message.GetDescriptor(), word());
}

void LineReader::complain(const std::string& text, std::string hint) {
    binder_.report()
        .error(
            Complaint::general, "bad_value", place(),
            manner_.consequence.empty() ? text : fmt::format("{}; {}", text, manner_.consequence))
        .hint = std::move(hint);
}

void LineReader::warn(std::string_view class_name, std::string text, std::string hint) {
    binder_.report().warning(class_name, place(), std::move(text)).hint = std::move(hint);
}

void LineReader::mention(const Route& route) {
    if (route.deprecated) {
        binder_.report()
            .error(Complaint::deprecated, "deprecated", place(),
                   fmt::format("{} is deprecated", word()))
            .hint = fmt::format("write {}", route.setting->keyword());
    }
    if (route.setting->accepted_only()) {
        warn("not_carried_out",
             fmt::format("{} of {} is accepted, not carried out yet", word(), manner_.what));
    }
}

bool LineReader::go_to_value() {
    if (at_ < line_.words.size()) {
        ++at_;
        return true;
    }
    if (manner_.missing_ends) {
        auto& fatal = binder_.report().fatal(Complaint::missing_parameter, "missing_word", place(),
                                             fmt::format("a word is missing behind {}", word()));
        fatal.ends_at_once = true;
        fatal.hint = "keepalived ends at once, with status 2";
    } else {
        binder_.report().error(
            Complaint::general, "missing_word", place(),
            fmt::format("a word is missing behind {}; {} is dropped", word(), manner_.what));
    }
    ++at_;
    return false;
}

LineReader::Taken LineReader::take_word(Message& message, const FieldDescriptor* field,
                                        std::string_view word) {
    const WordResult result = set_from_word(message, field, word, binder_.names());
    if (result.used) {
        if (!result.problem.empty()) {
            binder_.report().error(Complaint::general, "bad_value", place(), result.problem);
        }
        return Taken::yes;
    }
    const std::string& keyword = setting_of(field).keyword();
    complain(keyword.empty() ? result.problem : fmt::format("{}: {}", keyword, result.problem));
    return Taken::refused;
}

LineReader::Taken LineReader::take(Message& message, const Route& route) {
    mention(route);
    const FieldDescriptor* field = route.path.back();
    if (route.setting->syntax() == v1::FLAG) {
        message.GetReflection()->SetBool(&message, field, true);
        skip();
        return Taken::yes;
    }
    if (!go_to_value()) return Taken::missing;
    const Taken taken = take_word(message, field, word());
    skip();
    return taken;
}

LineReader::Taken LineReader::take_realms(Message& message) {
    const std::string_view both = word();
    const std::size_t slash = both.find('/');
    if (slash != std::string_view::npos) {
        const Taken source =
            take_word(message, field_named(message, "source_realm"), both.substr(0, slash));
        if (source != Taken::yes) return source;
    }
    return take_word(message, field_named(message, "realm"),
                     slash == std::string_view::npos ? both : both.substr(slash + 1));
}

void append_field(const Message& message, const FieldDescriptor* field,
                  std::vector<std::string>& words) {
    const v1::Setting& setting = setting_of(field);
    if (setting.syntax() == v1::FLAG) {
        if (message.GetReflection()->GetBool(message, field)) words.push_back(setting.keyword());
        return;
    }
    const std::optional<std::string> word = word_of_field(message, field);
    if (!word) return;
    words.push_back(setting.keyword());
    words.push_back(*word);
}

void append_words(const Message& message, std::vector<std::string>& words) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
        const v1::Setting& setting = setting_of(field);
        if (!setting.has_keyword() || setting.syntax() == v1::IRREGULAR) continue;
        append_field(message, field, words);
    }
}

}  // namespace holdfast::config
