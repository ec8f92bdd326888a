#include "lib/config/shown.hpp"

#include <google/protobuf/message.h>

#include <unordered_map>
#include <utility>
#include <vector>

#include "proto/options.pb.h"
#include "proto/shown_config.pb.h"

namespace holdfast::config {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using messages::v1::ShownConfig;

/// Calls `visit` with the message and everything below it, in the order that ShownConfig counts.
template <class Visit>
void walk(const Message& message, const Visit& visit) {
    visit(message);
    const google::protobuf::Reflection& reflection = *message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);  // sorted by number
    for (const FieldDescriptor* field : fields) {
        if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
        if (!field->is_repeated()) {
            walk(reflection.GetMessage(message, field), visit);
            continue;
        }
        const int count = reflection.FieldSize(message, field);
        for (int i = 0; i < count; ++i) {
            walk(reflection.GetRepeatedMessage(message, field, i), visit);
        }
    }
}

void mask_field(Message& message, const FieldDescriptor* field) {
    const google::protobuf::Reflection& reflection = *message.GetReflection();
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) {
        reflection.ClearField(&message, field);
    } else if (!field->is_repeated()) {
        reflection.SetString(&message, field, kMask);
    } else {
        const int count = reflection.FieldSize(message, field);
        for (int i = 0; i < count; ++i) reflection.SetRepeatedString(&message, field, i, kMask);
    }
}

}  // namespace

void mask_secrets(Message& message) {
    const google::protobuf::Reflection& reflection = *message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
        if (field->options().GetExtension(v1::setting).secret()) {
            mask_field(message, field);
        } else if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
            continue;
        } else if (!field->is_repeated()) {
            mask_secrets(*reflection.MutableMessage(&message, field));
        } else {
            const int count = reflection.FieldSize(message, field);
            for (int i = 0; i < count; ++i) {
                mask_secrets(*reflection.MutableRepeatedMessage(&message, field, i));
            }
        }
    }
}

ShownConfig shown(const Written& written) {
    ShownConfig made;
    std::unordered_map<const FileTrail*, std::uint32_t> files;
    std::uint32_t number = 0;
    walk(written.config, [&](const Message& message) {
        const std::uint32_t own = number++;
        const Origin* origin = written.origins.find(&message);
        if (origin == nullptr || origin->block.file == nullptr) return;
        const auto [file, is_new] =
            files.try_emplace(origin->block.file, static_cast<std::uint32_t>(files.size()));
        if (is_new) made.add_files(origin->block.file->path);
        auto& place = *made.add_origins();
        place.set_message(own);
        place.set_file(file->second);
        place.set_line(origin->block.line);
        place.set_column(origin->block.column);
    });
    *made.mutable_config() = written.config;
    mask_secrets(*made.mutable_config());
    return made;
}

std::shared_ptr<const Written> restored(const ShownConfig& shown) {
    auto written = std::make_shared<Written>();
    written->config = shown.config();
    auto trails = std::make_shared<FileTrails>();
    std::vector<const FileTrail*> files;
    for (const std::string& path : shown.files()) files.push_back(trails->add(path, {}));
    written->files = trails;
    std::uint32_t number = 0;
    auto place = shown.origins().begin();
    walk(written->config, [&](const Message& message) {
        const std::uint32_t own = number++;
        if (place == shown.origins().end() || place->message() != own) return;
        if (place->file() < files.size()) {
            written->origins.add_object(&message,
                                        {files[place->file()], place->line(), place->column()});
        }
        ++place;
    });
    return written;
}

}  // namespace holdfast::config
