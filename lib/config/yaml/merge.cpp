#include "lib/config/yaml/merge.hpp"

#include <unordered_map>

#include <fmt/format.h>

#include "lib/config/yaml/shape.hpp"

namespace holdfast::config::yaml {

namespace {

/// Finds entries of a map that grows at its end.
class Index {
  public:
    explicit Index(Node& map) : map_(map) {
        for (std::size_t i = 0; i < map.entries.size(); ++i) places_.emplace(map.entries[i].key, i);
    }
    Entry* find(const std::string& key) {
        const auto found = places_.find(key);
        return found != places_.end() ? &map_.entries[found->second] : nullptr;
    }
    void add(const Entry& entry) {
        places_.emplace(entry.key, map_.entries.size());
        map_.entries.push_back(entry);
    }
    /// Puts another entry in the place of this one.
    void exchange(Entry& old, const Entry& added) {
        const auto place = static_cast<std::size_t>(&old - map_.entries.data());
        places_.erase(old.key);
        places_.emplace(added.key, place);
        old = added;
    }

  private:
    Node& map_;
    std::unordered_map<std::string, std::size_t> places_;
};

/// Where the same value is said the other way: `password` and `password_file`.
Entry* find_alternative(Index& index, const Entry& entry) {
    if (!entry.value.is_scalar()) return nullptr;
    std::string key = entry.key;
    if (key.ends_with(kFileSuffix)) {
        key.resize(key.size() - kFileSuffix.size());
    } else {
        key += kFileSuffix;
    }
    Entry* const found = index.find(key);
    return found != nullptr && found->value.is_scalar() ? found : nullptr;
}

void settle(Entry& old, const Entry& added, Clash clash, const std::string& path,
            Reporter& report) {
    if (added.value.is_null() && clash != Clash::replace) return;
    if (old.value.is_null() || clash == Clash::replace) {
        old.value = added.value;
        old.mark = added.mark;
    } else if (clash == Clash::refuse) {
        report
            .error(
                Complaint::general, "defined_twice", added.mark.place(),
                fmt::format("{} is defined twice; the first is in {}", path, place_text(old.mark)))
            .hint = "overrides replace what is there; everything else is said once";
    }
}

}  // namespace

std::string place_text(const Mark& mark) {
    if (mark.source == nullptr) return "the configuration";
    return fmt::format("{}:{}", mark.source->trail()->path, mark.line);
}

void merge(Node& into, const Node& from, Clash clash, const std::string& path, Reporter& report) {
    Index index(into);
    for (const Entry& entry : from.entries) {
        Entry* old = index.find(entry.key);
        if (old == nullptr) {
            Entry* const other = clash != Clash::refuse ? find_alternative(index, entry) : nullptr;
            if (other == nullptr) {
                index.add(entry);
            } else if (clash == Clash::replace) {
                index.exchange(*other, entry);
            }
            continue;
        }
        const std::string here = path.empty() ? entry.key : path + "." + entry.key;
        if (old->value.is_map() && entry.value.is_map()) {
            merge(old->value, entry.value, clash, here, report);
        } else {
            settle(*old, entry, clash, here, report);
        }
    }
}

}  // namespace holdfast::config::yaml
