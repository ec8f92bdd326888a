#include "lib/config/yaml/expand.hpp"

#include <set>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "lib/config/yaml/merge.hpp"
#include "lib/config/yaml/shape.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config::yaml {

namespace {

void complain(Reporter& report, const Mark& at, std::string_view class_name, std::string text,
              std::string hint = {}) {
    report.error(Complaint::general, class_name, at.place(), std::move(text)).hint =
        std::move(hint);
}

/// The map at a path like "ipvs.services"; nothing when it is not there or no map.
Node* map_at(Node& root, std::string_view path) {
    Node* at = &root;
    for (const std::string_view name : core::split(path, '.')) {
        Entry* entry = at->find(name);
        if (entry == nullptr || !entry->value.is_map()) return nullptr;
        at = &entry->value;
    }
    return at;
}

/// Takes a map out of the root; null when it is not there. Another type is an error.
Node taken(Node& root, std::string_view key, Reporter& report) {
    Entry* entry = root.find(key);
    if (entry == nullptr) return {};
    Node map = std::move(entry->value);
    root.erase(key);
    if (map.is_map() || map.is_null()) return map;
    complain(report, map.mark, "wrong_type", fmt::format("{} wants a map", key));
    return {};
}

bool is_map_or_nothing(const Node& node, const std::string& path, Reporter& report) {
    if (node.is_map() || node.is_null()) return true;
    complain(report, node.mark, "wrong_type", fmt::format("{} wants a map", path));
    return false;
}

void apply_overrides(Node& root, const LoadRequest& request, Reporter& report) {
    const Node overrides = taken(root, "overrides", report);
    const std::string& node = request.config_id;
    const std::string short_name = node.substr(0, node.find('.'));
    for (const Entry& entry : overrides.entries) {
        if (!is_map_or_nothing(entry.value, "overrides." + entry.key, report)) continue;
        if (entry.key == node || entry.key == short_name) {
            merge(root, entry.value, Clash::replace, {}, report);
        }
    }
}

/// Takes what is no global setting out of `defaults`; what is one stays.
Node split_defaults(Node& defaults, const Map* global) {
    Node rest = Node::map();
    rest.mark = defaults.mark;
    std::vector<Entry> kept;
    for (Entry& entry : defaults.entries) {
        const Key* key = global != nullptr ? global->find(entry.key) : nullptr;
        if (key == nullptr) {
            rest.entries.push_back(std::move(entry));
        } else if (key->below && entry.value.is_map()) {
            Node inner = split_defaults(entry.value, key->below.get());
            if (!inner.entries.empty()) {
                rest.entries.push_back({entry.key, entry.mark, std::move(inner)});
            }
            if (!entry.value.entries.empty()) kept.push_back(std::move(entry));
        } else {
            kept.push_back(std::move(entry));
        }
    }
    defaults.entries = std::move(kept);
    return rest;
}

const Map* global_defaults() {
    const Key* vrrp = Shape::of_model().root().find("vrrp");
    const Key* defaults = vrrp != nullptr && vrrp->below ? vrrp->below->find("defaults") : nullptr;
    return defaults != nullptr ? defaults->below.get() : nullptr;
}

void apply_defaults(Node& root, std::vector<Template>& templates, Reporter& report) {
    Node* vrrp = map_at(root, "vrrp");
    Entry* defaults = vrrp != nullptr ? vrrp->find("defaults") : nullptr;
    if (defaults == nullptr || !is_map_or_nothing(defaults->value, "vrrp.defaults", report)) return;
    const Node common = split_defaults(defaults->value, global_defaults());
    if (defaults->value.entries.empty()) vrrp->erase("defaults");
    templates.push_back({common, "vrrp.defaults", false});
    Node* instances = map_at(root, "vrrp.instances");
    if (instances == nullptr) return;
    for (Entry& instance : instances->entries) {
        if (instance.value.is_null()) {
            instance.value.kind = Node::Kind::map;
            instance.value.mark = instance.mark;
        }
        if (instance.value.is_map()) merge(instance.value, common, Clash::keep, {}, report);
    }
}

/// Gives the checks of a service or pool to its servers that have none of their own.
void hand_out_checks(Node& service) {
    Entry* checks = service.find("checks");
    if (checks == nullptr) return;
    const Entry common = *checks;
    service.erase("checks");
    Entry* servers = service.find("servers");
    if (servers == nullptr) return;
    for (Node& server : servers->value.items) {
        if (server.is_scalar()) {
            Node map = Node::map();
            map.mark = server.mark;
            map.add("address", std::move(server));
            server = std::move(map);
        }
        if (server.is_map() && server.find("checks") == nullptr) server.entries.push_back(common);
    }
}

class Pools {
  public:
    Pools(Node& root, Reporter& report)
        : report_(report), pools_(taken(root, "server_pools", report)) {
        for (const Entry& pool : pools_.entries) {
            places_.emplace(pool.key, names_.size());
            names_.push_back(pool.key);
            is_map_or_nothing(pool.value, "server_pools." + pool.key, report);
        }
    }

    void apply(Entry& service) {
        if (!service.value.is_map()) return;
        if (Entry* named = service.value.find("pool")) {
            const Node name = std::move(named->value);
            service.value.erase("pool");
            fill(service, name);
        }
        hand_out_checks(service.value);
    }

    void finish(std::vector<Template>& templates) {
        for (Entry& pool : pools_.entries) {
            if (!used_.contains(pool.key)) {
                report_.warning("unused", pool.mark.place(),
                                fmt::format("server_pools.{} is used by no service", pool.key));
            }
            hand_out_checks(pool.value);
            templates.push_back({std::move(pool.value), "server_pools." + pool.key, true});
        }
    }

  private:
    void fill(Entry& service, const Node& name) {
        const auto found = name.is_scalar() ? places_.find(name.text) : places_.end();
        const Entry* pool = found != places_.end() ? &pools_.entries[found->second] : nullptr;
        if (pool == nullptr) {
            const auto near =
                hints_++ < kMostHints ? core::closest(name.text, names_) : std::nullopt;
            report_.set_object("virtual_server " + service.key);
            complain(report_, name.mark, "undefined_name",
                     fmt::format("ipvs.services.{}.pool: there is no \"{}\" in server_pools",
                                 service.key, name.text),
                     near ? fmt::format("did you mean \"{}\"?", *near) : std::string());
            report_.set_object({});
            return;
        }
        used_.insert(pool->key);
        if (pool->value.is_map()) merge(service.value, pool->value, Clash::keep, {}, report_);
    }

    static constexpr std::size_t kMostHints = 100;  // each one is a search among all names

    Reporter& report_;
    Node pools_;
    std::vector<std::string> names_;
    std::unordered_map<std::string, std::size_t> places_;  // in pools_
    std::size_t hints_ = 0;
    std::set<std::string> used_;
};

}  // namespace

std::vector<Template> expand(Node& root, const LoadRequest& request, Reporter& report) {
    std::vector<Template> templates;
    apply_overrides(root, request, report);
    apply_defaults(root, templates, report);
    Pools pools(root, report);
    if (Node* services = map_at(root, "ipvs.services")) {
        for (Entry& service : services->entries) pools.apply(service);
    }
    pools.finish(templates);
    return templates;
}

}  // namespace holdfast::config::yaml
