#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "lib/config/blocks.hpp"
#include "lib/config/load.hpp"
#include "lib/config/model_index.hpp"
#include "lib/config/names.hpp"
#include "lib/config/origins.hpp"

namespace holdfast::config {

/// Where a real server and its checks were written, in their order.
struct ServerPlaces {
    Place block;
    std::vector<Place> checks;
};

/// Where an object and its settings were written, for what is found when all is read.
struct ObjectPlaces {
    Place block;
    std::vector<std::pair<std::string_view, Place>> settings;
    std::vector<ServerPlaces> servers;  // of a service, in their order
    int servers_with_method = 0;        // so many have what lvs_method said behind them
    /// Of a block of data: its entries, in the order of the repeated field they went into.
    std::vector<std::pair<std::string_view, std::vector<Place>>> entries;

    void add(std::string_view keyword, const Place& place) {
        if (settings.empty()) settings.reserve(kUsual);
        settings.emplace_back(keyword, place);
    }
    void add_entry(std::string_view keyword, const Place& place) {
        for (auto& [name, places] : entries) {
            if (name == keyword) return places.push_back(place);
        }
        entries.push_back({keyword, {place}});
    }
    /// The place of the nth entry, or of the whole block when it was not noted.
    [[nodiscard]] const Place& entry(std::string_view keyword, int n) const {
        for (const auto& [name, places] : entries) {
            if (name == keyword && static_cast<std::size_t>(n) < places.size()) {
                return places[static_cast<std::size_t>(n)];
            }
        }
        return of(keyword);
    }
    /// The place of a setting, or of the whole object when it was not written.
    [[nodiscard]] const Place& of(std::string_view keyword) const {
        for (const auto& [name, place] : settings) {
            if (name == keyword) return place;
        }
        return block;
    }
    [[nodiscard]] bool has(std::string_view keyword) const { return &of(keyword) != &block; }
    [[nodiscard]] const Place& of_server(int server) const {
        const auto at = static_cast<std::size_t>(server);
        return at < servers.size() ? servers[at].block : block;
    }
    [[nodiscard]] const Place& of_check(int server, int check) const {
        const auto at = static_cast<std::size_t>(server);
        const auto of = static_cast<std::size_t>(check);
        return at < servers.size() && of < servers[at].checks.size() ? servers[at].checks[of]
                                                                     : of_server(server);
    }

  private:
    static constexpr std::size_t kUsual = 6;
};

/// A service that listens on a group, which nobody carries out yet.
struct GroupUse {
    std::string group;
    std::string name;  // of the service
    int protocol = 0;
    bool ipv6 = false;
    Place place;
};

/// In the order of the Config's repeated fields. A service's servers and checks follow their order
/// in the file.
struct Places {
    ObjectPlaces global;
    ObjectPlaces top;  // entries of blocks of data at the top level
    std::unordered_map<std::uint64_t, Place> addresses;  // resolved: by the id of the address
    std::vector<ObjectPlaces> instances;
    std::vector<ObjectPlaces> groups;
    std::vector<ObjectPlaces> scripts;
    std::vector<ObjectPlaces> track_files;
    std::vector<ObjectPlaces> track_processes;
    std::vector<ObjectPlaces> services;
    std::vector<ObjectPlaces> service_groups;
    std::vector<GroupUse> group_uses;
    std::vector<ObjectPlaces> bfd;
    std::unordered_map<std::string, int> interfaces;  // their numbers in the Config, by name
};

/// Who wants to see services while the file is still being read.
class ServiceVisitor {
  public:
    virtual ~ServiceVisitor() = default;
    /// An empty service; the one before it is gone.
    virtual v1::VirtualServer& fresh() = 0;
    /// True when nobody needs the service any more.
    virtual bool visit(v1::VirtualServer& service, ObjectPlaces& places) = 0;
};

class LegacyText;

using Targets = std::span<google::protobuf::Message* const>;
struct Irregular;

/// How a statement is bound, found once for each keyword of each block.
struct Binding {
    const Irregular* irregular = nullptr;
    const Route* route = nullptr;
    std::uint8_t target = 0;  // the one of the targets that has the route
    bool ready = false;
};

/// Puts statements into the model: regular ones by the `setting` options of the fields, the others
/// by hand-written parsers named after block and keyword (irregular/).
class Binder {
  public:
    Binder(const LoadRequest& request, v1::Config& config, Places& places, Reporter& report)
        : request_(request),
          config_(config),
          places_(places),
          report_(report),
          bindings_(kKnownKeywordCount) {}

    /// From now on notes where everything stands. `origins` must outlive the binder.
    void note_origins(Origins& origins) { origins_ = &origins; }

    /// Names of numbers are looked for in these files, which must outlive the binder.
    void read_names_from(FileAccess& files) { names_ = NameTables(&files); }

    /// From now on shows every service as it ends. `visitor` must outlive the binder.
    void show_services_to(ServiceVisitor& visitor) { visitor_ = &visitor; }
    /// A service to fill; then it is either kept or forgotten.
    [[nodiscard]] v1::VirtualServer& begin_service();
    void end_service(v1::VirtualServer& service);
    void forget_service();

    /// A statement of the top level, with all that stands in it.
    void take(Node& root);

    /// Every child of a block. The keyword is looked for in each target, in order.
    void bind_block(Targets targets, Node& block, ObjectPlaces* places);
    void bind_statement(Targets targets, Node& node, ObjectPlaces* places);

    /// A complaint of keepalived about this statement's words.
    void refuse(const Node& node, std::string text, Complaint complaint = Complaint::general);
    void warn_not_carried_out(const Node& node);
    /// One warning for each old spelling, an error when keepalived complains about it as well.
    void warn_old_name(const Node& node, const v1::Setting& setting);
    /// Words behind the `used` first ones are not looked at.
    void warn_surplus(const Node& node, std::size_t used);
    /// Complains about words that are missing in a block that is not carried out.
    void check_words(const Node& block);

    const LoadRequest& request() const { return request_; }
    v1::Config& config() { return config_; }
    Places& places() { return places_; }
    Reporter& report() { return report_; }
    /// Looks into the folders that global_defs has named when a name is first asked for.
    NameTables& names();
    /// How this keyword leads to a field of a message; nothing when it does not.
    const Route* route_of(const google::protobuf::Descriptor* message, std::string_view keyword) {
        return index_.find(message, keyword);
    }

    /// False when an object of this kind and name was there before.
    bool claim(std::string_view kind, std::string_view name) {
        return claimed_.insert(std::string(kind) + " " + std::string(name)).second;
    }
    [[nodiscard]] bool is_claimed(std::string_view kind, std::string_view name) const {
        return claimed_.contains(std::string(kind) + " " + std::string(name));
    }

  private:
    const Binding& binding_of(Targets targets, const Node& node);
    bool has_needed_word(const Node& node);
    void bind_field(google::protobuf::Message& message, const Route& route, Node& node,
                    ObjectPlaces* places);
    void bind_number(google::protobuf::Message& message,
                     const google::protobuf::FieldDescriptor* field, const v1::Setting& setting,
                     const Node& node);
    void bind_time(google::protobuf::Message& message,
                   const google::protobuf::FieldDescriptor* field, const v1::Setting& setting,
                   const Node& node, std::uint64_t unit_us);
    void bind_word(google::protobuf::Message& message,
                   const google::protobuf::FieldDescriptor* field, const v1::Setting& setting,
                   const Node& node);
    void bind_data(google::protobuf::Message& message,
                   const google::protobuf::FieldDescriptor* field, const Node& node, bool words);
    void note_origin(Targets targets, const Node& node);
    /// What is to be said about a field whatever its words are.
    void warn_of_setting(const Route& route, const Node& node);
    void warn_second_statement(const Node& node);

    const LoadRequest& request_;
    v1::Config& config_;
    Places& places_;
    Reporter& report_;
    ModelIndex index_;
    NameTables names_;
    Origins* origins_ = nullptr;
    ServiceVisitor* visitor_ = nullptr;
    std::vector<Binding> bindings_;  // by the keyword's number
    std::unordered_set<std::string> claimed_;
    std::unordered_set<const KnownKeyword*> not_carried_out_;
    std::unordered_set<const KnownKeyword*> old_names_;
};

/// A hand-written parser of one statement, and its writer. `targets` are the messages of its block.
struct Irregular {
    std::string_view block;
    std::string_view keyword;
    void (*parse)(Binder& binder, Targets targets, Node& node);
    /// Writes zero or more whole statements that lead to what is set in `block`, the first of the
    /// messages that `parse` gets (for a keyword of the top level the Config). Null when another
    /// entry writes it, or the keyword adds nothing to the model.
    void (*write)(const google::protobuf::Message& block, LegacyText& out) = nullptr;
};

}  // namespace holdfast::config
