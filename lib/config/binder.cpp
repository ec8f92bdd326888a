#include "lib/config/binder.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/numbers.hpp"
#include "lib/core/text.hpp"
#include "proto/options.pb.h"

namespace holdfast::config {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

/// Numbers beyond what a double holds exactly do not matter here.
std::int64_t bound(bool is_set, double value, std::int64_t otherwise) {
    return is_set ? static_cast<std::int64_t>(value) : otherwise;
}

void set_integer(Message& message, const FieldDescriptor* field, std::int64_t value) {
    const auto* reflection = message.GetReflection();
    switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_UINT32:
            reflection->SetUInt32(&message, field, static_cast<std::uint32_t>(value));
            break;
        case FieldDescriptor::CPPTYPE_UINT64:
            reflection->SetUInt64(&message, field, static_cast<std::uint64_t>(value));
            break;
        case FieldDescriptor::CPPTYPE_INT32:
            reflection->SetInt32(&message, field, static_cast<std::int32_t>(value));
            break;
        default:
            reflection->SetInt64(&message, field, value);
            break;
    }
}

bool is_signed(const FieldDescriptor* field) {
    return field->cpp_type() == FieldDescriptor::CPPTYPE_INT32 ||
           field->cpp_type() == FieldDescriptor::CPPTYPE_INT64;
}

const google::protobuf::EnumValueDescriptor* value_written(
    const google::protobuf::EnumDescriptor* type, std::string_view word) {
    for (int i = 0; i < type->value_count(); ++i) {
        for (const std::string& text : type->value(i)->options().GetExtension(v1::word).text()) {
            if (text == word) return type->value(i);
        }
    }
    return nullptr;
}

std::string words_of(const google::protobuf::EnumDescriptor* type) {
    std::vector<std::string> texts;
    for (int i = 0; i < type->value_count(); ++i) {
        const auto& word = type->value(i)->options().GetExtension(v1::word);
        if (word.text_size() > 0) texts.push_back(word.text(0));
    }
    return core::join(texts, ", ");
}

}  // namespace

void Binder::refuse(const Node& node, std::string text, Complaint complaint) {
    report_.error(complaint, "bad_value", node.place_of(0), std::move(text));
}

void Binder::warn_not_carried_out(const Node& node) {
    if (!not_carried_out_.insert(node.known).second) return;
    report_.warning("not_carried_out", node.place,
                    fmt::format("{} is accepted, not carried out yet", node.keyword));
}

void Binder::warn_old_name(const Node& node, const v1::Setting& setting) {
    if (!old_names_.insert(node.known).second) return;
    const auto& silent = setting.renamed();
    const bool complains = std::ranges::find(silent, node.keyword) == silent.end();
    report_
        .add(complains ? Severity::error : Severity::warning,
             complains ? Complaint::deprecated : Complaint::none, "deprecated", node.place,
             fmt::format("{} is deprecated", node.keyword))
        .hint = fmt::format("write {}", setting.keyword());
}

void Binder::warn_of_setting(const Route& route, const Node& node) {
    if (route.setting->accepted_only()) warn_not_carried_out(node);
    // A keyword that is old itself has no new name; its parser says what is better.
    if (route.deprecated && node.keyword != route.setting->keyword()) {
        warn_old_name(node, *route.setting);
    }
}

void Binder::warn_surplus(const Node& node, std::size_t used) {
    if (node.words.size() <= used) return;
    const std::string_view word = node.words[used].text;
    auto& warning = report_.warning(
        "surplus_words", node.place_of(used),
        fmt::format("'{}' and what follows it is ignored, as keepalived does", word));
    if (find_keyword(node.known->block_number, word) != nullptr) {
        warning.hint = fmt::format("put {} on a line of its own", word);
    } else if (used == 0) {
        warning.hint = fmt::format("{} takes no word; it is on wherever it stands", node.keyword);
    }
}

void Binder::warn_second_statement(const Node& node) {
    if (node.known->kind != KeywordKind::statement) return;
    for (std::size_t i = 1; i < node.words.size(); ++i) {
        const Word& word = node.words[i];
        if (word.quoted || find_keyword(node.known->block_number, word.text) == nullptr) continue;
        warn_surplus(node, i);
        return;
    }
}

bool Binder::has_needed_word(const Node& node) {
    if (!node.words.empty() || node.known->missing_word == MissingWord::allowed) return true;
    if (node.known->missing_word == MissingWord::ends_at_once) {
        auto& fatal = report_.fatal(Complaint::missing_parameter, "missing_word", node.place,
                                    fmt::format("a word is missing behind {}", node.keyword));
        fatal.ends_at_once = true;
        fatal.hint = "keepalived ends at once, with status 2";
    } else if (node.known->kind != KeywordKind::statement) {
        report_.error(Complaint::general, "missing_name", node.place,
                      fmt::format("{} must have a name; the block is skipped", node.keyword));
    } else {
        report_.error(Complaint::missing_parameter, "missing_word", node.place,
                      fmt::format("a word is missing behind {}; it is ignored", node.keyword));
    }
    return false;
}

NameTables& Binder::names() {
    if (!names_.is_used()) {
        const v1::GlobalDefs& global = config_.global();
        NameTables::Folders folders;
        if (global.has_iproute_etc_dir()) folders.etc = global.iproute_etc_dir();
        folders.usr = global.iproute_usr_dir();
        names_.read_from(std::move(folders));
    }
    return names_;
}

void Binder::take(Node& root) {
    Message* const targets[] = {&config_};
    bind_statement(targets, root, nullptr);
}

v1::VirtualServer& Binder::begin_service() {
    places_.services.emplace_back();
    return visitor_ != nullptr ? visitor_->fresh() : *config_.add_virtual_servers();
}

void Binder::end_service(v1::VirtualServer& service) {
    if (visitor_ == nullptr) return;
    if (visitor_->visit(service, places_.services.back())) {
        places_.services.pop_back();
    } else {
        config_.add_virtual_servers()->CopyFrom(service);
    }
}

void Binder::forget_service() {
    places_.services.pop_back();
    if (visitor_ == nullptr) config_.mutable_virtual_servers()->RemoveLast();
}

void Binder::note_origin(Targets targets, const Node& node) {
    std::vector<Position> entries;
    if (node.known->kind == KeywordKind::value_block) {
        for (const Node& line : node.children) entries.push_back(line.place.at);
    }
    std::string_view keyword = node.known->keyword;
    for (const Message* target : targets) {
        if (const Route* route = index_.find(target->GetDescriptor(), keyword)) {
            keyword = route->setting->keyword();
            break;
        }
    }
    origins_->add_setting(targets.front(), keyword, node.place.at, std::move(entries));
}

void Binder::bind_block(Targets targets, Node& block, ObjectPlaces* places) {
    if (origins_ != nullptr) origins_->add_object(targets.front(), block.place.at);
    for (Node& child : block.children) bind_statement(targets, child, places);
}

void Binder::bind_statement(Targets targets, Node& node, ObjectPlaces* places) {
    if (!has_needed_word(node)) return;
    if (places != nullptr) places->add(node.known->keyword, node.place);
    if (origins_ != nullptr) note_origin(targets, node);
    const Binding& binding = binding_of(targets, node);
    if (binding.irregular != nullptr) {
        if (binding.route != nullptr) warn_of_setting(*binding.route, node);
        binding.irregular->parse(*this, targets, node);
        if (node.words.size() > 1) warn_second_statement(node);
        return;
    }
    if (binding.route != nullptr) {
        Message& holder = ModelIndex::holder(*targets[binding.target], *binding.route);
        bind_field(holder, *binding.route, node, places);
        return;
    }
    warn_not_carried_out(node);
    check_words(node);
}

/// A block's targets are always of the same types, so that its first statement decides for all.
const Binding& Binder::binding_of(Targets targets, const Node& node) {
    Binding& binding = bindings_[node.known->number];
    if (binding.ready) return binding;
    binding.ready = true;
    binding.irregular = find_irregular(node.known->block, node.known->keyword);
    for (std::size_t i = 0; i < targets.size() && binding.route == nullptr; ++i) {
        binding.route = index_.find(targets[i]->GetDescriptor(), node.keyword);
        binding.target = static_cast<std::uint8_t>(i);
    }
    return binding;
}

void Binder::check_words(const Node& block) {
    for (const Node& child : block.children) {
        if (child.known != nullptr && has_needed_word(child)) check_words(child);
    }
}

void Binder::bind_field(Message& message, const Route& route, Node& node, ObjectPlaces* places) {
    const FieldDescriptor* field = route.path.back();
    const v1::Setting& setting = *route.setting;
    const auto* reflection = message.GetReflection();
    warn_of_setting(route, node);
    switch (setting.syntax()) {
        case v1::FLAG:
            reflection->SetBool(&message, field, true);
            warn_surplus(node, 0);
            break;
        case v1::SECONDS:
            bind_time(message, field, setting, node, 1'000'000);
            break;
        case v1::MILLISECONDS:
            bind_time(message, field, setting, node, 1'000);
            break;
        case v1::ADDRESS:
            if (const auto address = read_address_prefix(node.word(0))) {
                reflection->SetString(&message, field, address->octets());
            } else {
                refuse(node, fmt::format("'{}' is not an address", node.word(0)));
            }
            break;
        case v1::SCRIPT:
            bind_script(*this,
                        static_cast<v1::Script&>(*reflection->MutableMessage(&message, field)),
                        node);
            break;
        case v1::WORD_BLOCK:
        case v1::LINE_BLOCK:
            bind_data(message, field, node, setting.syntax() == v1::WORD_BLOCK);
            break;
        case v1::BLOCK: {
            Message* const inner[] = {field->is_repeated()
                                          ? reflection->AddMessage(&message, field)
                                          : reflection->MutableMessage(&message, field)};
            if (node.known->block_number == kTopLevel) places = &places_.global;
            bind_block(inner, node, places);
            break;
        }
        default:
            if (is_signed(field) || field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32 ||
                field->cpp_type() == FieldDescriptor::CPPTYPE_UINT64) {
                bind_number(message, field, setting, node);
            } else {
                bind_word(message, field, setting, node);
            }
            break;
    }
}

void Binder::bind_number(Message& message, const FieldDescriptor* field, const v1::Setting& setting,
                         const Node& node) {
    const std::int64_t lowest = is_signed(field) ? std::numeric_limits<std::int32_t>::min() : 0;
    const std::int64_t highest = is_signed(field) ? std::numeric_limits<std::int32_t>::max()
                                                  : std::numeric_limits<std::uint32_t>::max();
    const auto number = read_integer(node.word(0), bound(setting.has_min(), setting.min(), lowest),
                                     bound(setting.has_max(), setting.max(), highest));
    const bool use = number.value && (number.problem.empty() || !setting.strict());
    if (!number.problem.empty()) {
        refuse(node, fmt::format("{}: {}", node.keyword, number.problem),
               Complaint::invalid_number);
    }
    if (use) {
        set_integer(message, field, *number.value);
    } else if (setting.has_refused()) {
        set_integer(message, field, static_cast<std::int64_t>(setting.refused()));
    }
    warn_surplus(node, 1);
}

void Binder::bind_time(Message& message, const FieldDescriptor* field, const v1::Setting& setting,
                       const Node& node, std::uint64_t unit_us) {
    const unsigned decimals = setting.has_decimals() ? setting.decimals() : 6;
    const double highest = decimals == 0 ? 4294967295.0 : 18446744073709.0;
    const auto time = read_decimal(node.word(0), unit_us, decimals, setting.min(),
                                   setting.has_max() ? setting.max() : highest);
    if (!time.problem.empty()) {
        refuse(node, fmt::format("{}: {}", node.keyword, time.problem), Complaint::invalid_number);
    }
    const auto* reflection = message.GetReflection();
    if (time.value && (time.problem.empty() || !setting.strict())) {
        reflection->SetUInt64(&message, field, *time.value);
    } else if (setting.has_refused()) {
        reflection->SetUInt64(&message, field,
                              static_cast<std::uint64_t>(setting.refused()) * unit_us);
    }
    warn_surplus(node, 1);
}

void Binder::bind_word(Message& message, const FieldDescriptor* field, const v1::Setting&,
                       const Node& node) {
    const auto* reflection = message.GetReflection();
    switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_BOOL: {
            const auto value = node.words.empty() ? std::optional(true) : read_bool(node.word(0));
            if (value) {
                reflection->SetBool(&message, field, *value);
            } else {
                refuse(node, fmt::format("{}: '{}' is neither true nor false", node.keyword,
                                         node.word(0)));
            }
            break;
        }
        case FieldDescriptor::CPPTYPE_ENUM: {
            const auto* value = value_written(field->enum_type(), node.word(0));
            if (value != nullptr) {
                reflection->SetEnum(&message, field, value);
            } else {
                report_
                    .error(
                        Complaint::general, "bad_value", node.place_of(0),
                        fmt::format("{}: '{}' is unknown and ignored", node.keyword, node.word(0)))
                    .hint = fmt::format("it is one of {}", words_of(field->enum_type()));
            }
            break;
        }
        default:
            reflection->SetString(&message, field, std::string(node.word(0)));
            break;
    }
    warn_surplus(node, 1);
}

void Binder::bind_data(Message& message, const FieldDescriptor* field, const Node& node,
                       bool words) {
    const auto* reflection = message.GetReflection();
    for (const Node& line : node.children) {
        if (!words) {
            reflection->AddString(
                &message, field,
                std::string(core::trim(fmt::format("{} {}", line.keyword, line.rest))));
            continue;
        }
        reflection->AddString(&message, field, std::string(line.keyword));
        for (const Word& word : line.words) {
            reflection->AddString(&message, field, std::string(word.text));
        }
    }
    if (words && node.children.empty()) {
        report_.error(Complaint::warning, "empty_block", node.place,
                      fmt::format("{} is empty", node.keyword));
    }
}

}  // namespace holdfast::config
