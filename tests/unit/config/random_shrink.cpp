#include "tests/unit/config/random_shrink.hpp"

#include <google/protobuf/descriptor.h>

#include <utility>
#include <vector>

#include "tests/unit/config/random_fixes.hpp"

namespace holdfast::config::testing {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

/// From the Config to a field, or to the entry of a list; -1 for a field that is none.
using Place = std::vector<std::pair<const FieldDescriptor*, int>>;

void collect(const Message& message, Place& here, std::vector<Place>& places) {
    const auto* reflection = message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection->ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
        const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 0;
        for (int i = field->is_repeated() ? count - 1 : -1; i >= (count > 0 ? 0 : -1); --i) {
            here.emplace_back(field, i);
            places.push_back(here);
            if (field->message_type() != nullptr) {
                collect(i < 0 ? reflection->GetMessage(message, field)
                              : reflection->GetRepeatedMessage(message, field, i),
                        here, places);
            }
            here.pop_back();
        }
    }
}

/// What stands higher goes first.
std::vector<Place> places_of(const Message& message) {
    std::vector<Place> places;
    Place here;
    collect(message, here, places);
    std::ranges::stable_sort(places, {}, &Place::size);
    return places;
}

void remove_entry(Message& message, const FieldDescriptor* field, int index) {
    const auto* reflection = message.GetReflection();
    const int last = reflection->FieldSize(message, field) - 1;
    for (int i = index; i < last; ++i) reflection->SwapElements(&message, field, i, i + 1);
    reflection->RemoveLast(&message, field);
}

/// False when the place is not there any more.
bool remove_at(Message& config, const Place& place) {
    Message* at = &config;
    for (std::size_t i = 0;; ++i) {
        const FieldDescriptor* field = place[i].first;
        const int index = place[i].second;
        const auto* reflection = at->GetReflection();
        const bool there = index < 0 ? reflection->HasField(*at, field)
                                     : index < reflection->FieldSize(*at, field);
        if (!there) return false;
        if (i + 1 < place.size()) {
            at = index < 0 ? reflection->MutableMessage(at, field)
                           : reflection->MutableRepeatedMessage(at, field, index);
        } else if (index < 0) {
            reflection->ClearField(at, field);
            return true;
        } else {
            remove_entry(*at, field, index);
            return true;
        }
    }
}

}  // namespace

v1::Config shrunk(v1::Config failing, Language language,
                  const std::function<bool(const v1::Config&)>& fails, unsigned attempts) {
    bool smaller = true;
    while (smaller) {
        smaller = false;
        for (const Place& place : places_of(failing)) {
            v1::Config candidate = failing;
            if (!remove_at(candidate, place)) continue;
            make_sayable(candidate, language);
            if (candidate.ByteSizeLong() >= failing.ByteSizeLong()) continue;
            if (attempts-- == 0) return failing;
            if (!fails(candidate)) continue;
            failing = std::move(candidate);
            smaller = true;
        }
    }
    return failing;
}

}  // namespace holdfast::config::testing
