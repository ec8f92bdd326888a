#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/config/binder.hpp"
#include "lib/config/names.hpp"
#include "lib/config/yaml/scalars.hpp"
#include "lib/config/yaml/shape.hpp"
#include "lib/config/yaml/tree.hpp"

namespace holdfast::config::yaml {

/// What a front end works on.
struct Reading {
    const LoadRequest& request;
    FileAccess& files;
    v1::Config& config;
    Places& places;
    Reporter& report;
    Origins* origins;  // nothing: nobody asks
};

/// Puts a merged tree into a written Config: strict, everything in one pass, with the place of each
/// object and setting for the stages that follow. What is wrong is left out and found.
class Reader {
  public:
    explicit Reader(Reading& all) : all_(all), names_(&all.files) {}

    void read(const Node& root);
    /// Reads what no service or instance took over, only to find mistakes in it.
    void try_out(const Node& map, const google::protobuf::Descriptor* message, std::string path);

    // For the forms.
    void error(std::string_view class_name, const Mark& at, std::string text,
               std::string hint = {});
    void refuse(const Node& node, Refusal refusal);
    /// The text of a scalar; nothing, and a finding, for other nodes. `wanted`: "an address".
    const std::string* text_of(const Node& node, std::string_view wanted);
    /// A value under a key of the map of `owner`, as if it stood there.
    void read_key(const Map& map, std::string_view key, const Node& node,
                  google::protobuf::Message& owner);
    void read_map(const Map& map, const Node& node, google::protobuf::Message& message);
    /// `name` must be a name in this repeated field of the Config; checked at the end.
    void refer(std::string_view config_field, const std::string& name, const Mark& at);

    [[nodiscard]] Reading& all() { return all_; }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    /// Goes one key deeper for as long as it lives.
    class Step {
      public:
        Step(Reader& reader, std::string_view key);
        ~Step() { reader_.path_.resize(length_); }
        Step(const Step&) = delete;
        Step& operator=(const Step&) = delete;

      private:
        Reader& reader_;
        std::size_t length_;
    };
    struct Reference {
        std::string_view config_field;
        std::string name;
        Mark at;
        std::string path;
        std::string object;
    };

    void read_entry(const Map& map, const Entry& entry, google::protobuf::Message& message);
    void take(const Key& key, const Node& node, google::protobuf::Message& message);
    /// The entry of a list that stands in the map around it, and the list itself is there as well.
    [[nodiscard]] bool clashes_with_list(const Key& key,
                                         const google::protobuf::Message& message) const;
    void said_twice(const Node& node);
    void take_field(const Key& key, const Node& node, google::protobuf::Message& message);
    void take_below(const Key& key, const Node& node, google::protobuf::Message& message);
    void take_list(const Key& key, const Node& node, google::protobuf::Message& owner);
    void take_names(const Key& key, const Node& node, google::protobuf::Message& owner);
    void take_message(const Node& node, google::protobuf::Message& message);
    void take_scalar(const Key& key, const Node& node, google::protobuf::Message& owner);
    std::optional<Refusal> read_named_number(const Node& node, google::protobuf::Message& owner,
                                             const google::protobuf::FieldDescriptor* field);
    std::optional<Refusal> set_scalar(const Node& node, google::protobuf::Message& owner,
                                      const google::protobuf::FieldDescriptor* field);
    void take_file(const Key& key, const Node& node, google::protobuf::Message& owner);
    void check_kinds(const Map& map, const Node& node);
    /// A secret stands there or in a file.
    void check_files(const Map& map, const Node& node);
    void unknown_key(const Map& map, const Entry& entry);
    void note_places(const Key& key, const Entry& entry, google::protobuf::Message& message);
    /// Whether a hint is worth its search: not behind a hundred of them.
    bool take_hint() { return hints_++ < kMostHints; }
    void warn_if_not_carried_out(const google::protobuf::FieldDescriptor* field,
                                 const Place& place);
    void check_references();

    static constexpr std::size_t kMostHints = 100;

    Reading& all_;
    NameTables names_;
    std::string path_;
    ObjectPlaces* places_ = nullptr;                           // of the object that is being read
    const google::protobuf::FieldDescriptor* list_ = nullptr;  // whose entry is being read
    std::vector<Reference> references_;
    /// Lists that were read where a single entry might stand in the map instead.
    std::set<std::pair<const google::protobuf::Message*, const google::protobuf::FieldDescriptor*>>
        listed_;
    std::set<const google::protobuf::FieldDescriptor*> not_carried_out_;
    std::size_t hints_ = 0;
    std::set<Mark> complained_;  // a text that stands for several objects is doubted once
};

}  // namespace holdfast::config::yaml
