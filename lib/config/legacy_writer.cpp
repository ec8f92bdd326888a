#include "lib/config/legacy_writer.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "lib/config/address_text.hpp"
#include "lib/config/irregular/irregular.hpp"
#include "lib/config/known_keywords.hpp"
#include "lib/config/model_index.hpp"
#include "proto/config.pb.h"

namespace holdfast::config {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// What is said in one block, in order: a writer, or the field of one of the block's messages.
struct LegacyPlan {
    struct Step {
        const Irregular* irregular = nullptr;
        std::size_t part = 0;
        std::vector<const FieldDescriptor*> path;
        bool known = true;  // the block has this keyword
    };
    std::vector<Step> steps;
};

namespace {

/// At the top level keepalived wants what is referred to before what refers to it.
int rank_of(std::string_view keyword) {
    static constexpr std::array<std::pair<std::string_view, int>, 13> kRanks = {{
        {"global_defs", 0},
        {"vrrp_script", 2},
        {"track_file", 2},
        {"vrrp_track_process", 2},
        {"bfd_instance", 2},
        {"track_group", 3},
        {"static_ipaddress", 4},
        {"static_routes", 4},
        {"static_rules", 4},
        {"vrrp_instance", 5},
        {"vrrp_sync_group", 6},
        {"virtual_server_group", 7},
        {"virtual_server", 8},
    }};
    const auto found =
        std::ranges::find(kRanks, keyword, [](const auto& rank) { return rank.first; });
    return found != kRanks.end() ? found->second : 1;
}

int rank_of(const LegacyPlan::Step& step) {
    return rank_of(step.irregular != nullptr
                       ? step.irregular->keyword
                       : std::string_view(setting_of(step.path.back()).keyword()));
}

/// Puts the plan of one block together.
class Planner {
  public:
    explicit Planner(std::string_view block) : block_(block) {}

    LegacyPlan plan(Parts parts) {
        for (std::size_t i = 0; i < parts.size(); ++i) {
            std::vector<const FieldDescriptor*> path;
            collect(parts[i]->GetDescriptor(), i, path);
        }
        for (const Irregular* irregular : irregulars_of(block_)) {
            if (irregular->write == nullptr || used_.contains(irregular->keyword)) continue;
            plan_.steps.push_back({irregular, 0, {}, true});
        }
        if (block_.empty()) {
            std::ranges::stable_sort(plan_.steps, {},
                                     [](const auto& step) { return rank_of(step); });
        }
        return std::move(plan_);
    }

  private:
    void collect(const Descriptor* message, std::size_t part,
                 std::vector<const FieldDescriptor*>& path) {
        for (int i = 0; i < message->field_count(); ++i) {
            const FieldDescriptor* field = message->field(i);
            const v1::Setting& setting = setting_of(field);
            path.push_back(field);
            if (setting.has_keyword()) {
                add(setting.keyword(), part, path);
            } else if (field->message_type() != nullptr && !field->is_repeated() &&
                       path.size() < 3) {
                collect(field->message_type(), part, path);
            }
            path.pop_back();
        }
    }

    void add(std::string_view keyword, std::size_t part,
             const std::vector<const FieldDescriptor*>& path) {
        if (!used_.insert(keyword).second) return;
        const Irregular* irregular = find_irregular(block_, keyword);
        if (irregular != nullptr && irregular->write == nullptr) return;
        const bool known = find_keyword(block_, keyword) != nullptr;
        plan_.steps.push_back({irregular, part, path, known});
    }

    std::string_view block_;
    LegacyPlan plan_;
    std::unordered_set<std::string_view> used_;
};

/// Writes the values of one regular field.
class FieldWriter {
  public:
    FieldWriter(std::string_view block, const Message& message, const FieldDescriptor* field,
                LegacyText& out)
        : block_(block), message_(message), field_(field), setting_(setting_of(field)), out_(out) {}

    void write() {
        if (setting_.syntax() == v1::WORD_BLOCK || setting_.syntax() == v1::LINE_BLOCK) {
            write_data();
        } else if (field_->is_repeated()) {
            const int count = message_.GetReflection()->FieldSize(message_, field_);
            for (int i = 0; i < count; ++i) write_value(i);
        } else {
            write_value(-1);
        }
    }

  private:
    // `index` is -1 for a field that is not repeated.
    const Message& inner(int index) const {
        const auto* reflection = message_.GetReflection();
        return index < 0 ? reflection->GetMessage(message_, field_)
                         : reflection->GetRepeatedMessage(message_, field_, index);
    }
    std::string text(int index) const {
        const auto* reflection = message_.GetReflection();
        return index < 0 ? reflection->GetString(message_, field_)
                         : reflection->GetRepeatedString(message_, field_, index);
    }
    std::uint64_t time() const { return message_.GetReflection()->GetUInt64(message_, field_); }

    void write_value(int index) {
        const std::string& keyword = setting_.keyword();
        switch (setting_.syntax()) {
            case v1::FLAG:
                if (message_.GetReflection()->GetBool(message_, field_)) out_.statement(keyword);
                break;
            case v1::SECONDS:
                out_.statement(keyword, decimal_text(time()));
                break;
            case v1::MILLISECONDS:
                out_.statement(keyword, decimal_text(time(), 1'000));
                break;
            case v1::ADDRESS:
                out_.statement(keyword, address_text(text(index)));
                break;
            case v1::SCRIPT:
                out_.command(keyword, static_cast<const v1::Script&>(inner(index)));
                break;
            case v1::SCRIPT_PATH:
                out_.command_line(keyword, static_cast<const v1::Script&>(inner(index)));
                break;
            case v1::BLOCK: {
                const Message* const parts[] = {&inner(index)};
                if (index < 0 && parts[0]->ByteSizeLong() == 0) break;  // it says nothing
                out_.open(keyword);
                write_settings(path_below(block_, keyword), parts, out_);
                out_.close();
                break;
            }
            default:
                write_scalar(index);
                break;
        }
    }

    void write_scalar(int index) {
        const auto* reflection = message_.GetReflection();
        const std::string& keyword = setting_.keyword();
        switch (field_->cpp_type()) {
            case FieldDescriptor::CPPTYPE_BOOL:
                out_.statement(keyword, reflection->GetBool(message_, field_) ? "true" : "false");
                break;
            case FieldDescriptor::CPPTYPE_ENUM:
                write_enum(*reflection->GetEnum(message_, field_));
                break;
            case FieldDescriptor::CPPTYPE_UINT32:
                out_.statement(keyword, reflection->GetUInt32(message_, field_));
                break;
            case FieldDescriptor::CPPTYPE_UINT64:
                out_.statement(keyword, reflection->GetUInt64(message_, field_));
                break;
            case FieldDescriptor::CPPTYPE_INT32:
                out_.statement(keyword, reflection->GetInt32(message_, field_));
                break;
            case FieldDescriptor::CPPTYPE_INT64:
                out_.statement(keyword, reflection->GetInt64(message_, field_));
                break;
            case FieldDescriptor::CPPTYPE_STRING:
                out_.statement(keyword, text(index));
                break;
            default:
                out_.problem(setting_.keyword() + " has no writer");
                break;
        }
    }

    void write_enum(const google::protobuf::EnumValueDescriptor& value) {
        const v1::Word& word = value.options().GetExtension(v1::word);
        if (word.text_size() > 0) {
            out_.statement(setting_.keyword(), word.text(0));
        } else {
            out_.problem(setting_.keyword() + " has a value without a word");
        }
    }

    void write_data() {
        const auto* reflection = message_.GetReflection();
        const int count = reflection->FieldSize(message_, field_);
        out_.open(setting_.keyword());
        for (int i = 0; i < count; ++i) {
            const std::string entry = reflection->GetRepeatedString(message_, field_, i);
            if (setting_.syntax() == v1::WORD_BLOCK) {
                out_.statement(entry);
            } else {
                out_.raw(entry);
            }
        }
        out_.close();
    }

    std::string_view block_;
    const Message& message_;
    const FieldDescriptor* field_;
    const v1::Setting& setting_;
    LegacyText& out_;
};

bool is_set(const Message& message, const FieldDescriptor* field) {
    const auto* reflection = message.GetReflection();
    return field->is_repeated() ? reflection->FieldSize(message, field) > 0
                                : reflection->HasField(message, field);
}

void write_step(std::string_view block, const LegacyPlan::Step& step, Parts parts,
                LegacyText& out) {
    out.set_holder(parts.front());
    if (step.irregular != nullptr) {
        step.irregular->write(*parts.front(), out);
        return;
    }
    const Message* message = parts[step.part];
    for (std::size_t i = 0; i + 1 < step.path.size(); ++i) {
        if (!is_set(*message, step.path[i])) return;
        message = &message->GetReflection()->GetMessage(*message, step.path[i]);
    }
    const FieldDescriptor* field = step.path.back();
    if (!is_set(*message, field)) return;
    if (step.known) {
        FieldWriter(block, *message, field, out).write();
    } else if (field->message_type() == nullptr || setting_of(field).syntax() == v1::SCRIPT) {
        out.problem(setting_of(field).keyword() + " has no place in this block");
    }
}

}  // namespace

const LegacyPlan& LegacyText::plan_of(std::string_view path, Parts parts) {
    std::string key(path);
    for (const Message* part : parts) key += "," + part->GetDescriptor()->name();
    auto& plan = plans_[key];
    if (!plan) plan = std::make_shared<const LegacyPlan>(Planner(path).plan(parts));
    return *plan;
}

void write_settings(std::string_view path, Parts parts, LegacyText& out) {
    const Message* const around = out.set_holder(parts.front());
    for (const auto& step : out.plan_of(path, parts).steps) write_step(path, step, parts, out);
    out.set_holder(around);
}

void write_legacy(const v1::Config& written, LegacyText& out) {
    const Message* const parts[] = {&written};
    write_settings("", parts, out);
}

LegacyOutput write_legacy(const v1::Config& written) {
    LegacyText out;
    write_legacy(written, out);
    LegacyOutput output;
    output.problems = out.problems();
    output.text = out.take();
    return output;
}

}  // namespace holdfast::config
