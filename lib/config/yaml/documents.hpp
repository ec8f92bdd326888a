#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/config/load.hpp"
#include "lib/config/source.hpp"
#include "lib/config/yaml/tree.hpp"

namespace holdfast::config::yaml {

/// Reads the files of a configuration - the main one, what `include` names, conf.d/*.yaml beside it
/// - and merges them to one tree. Owns their texts: nodes and places refer to them.
class Documents {
  public:
    Documents(const LoadRequest& request, FileAccess& files, Reporter& report)
        : request_(request), report_(report), reader_(files, report) {}

    /// Nothing when a text cannot be read at all.
    [[nodiscard]] std::optional<Node> read();

  private:
    void take(const LoadedFile& file, bool is_main);
    void take_includes(const Node& list, const LoadedFile& from);
    bool check_version(Node& root, const Source& source, bool is_main);
    void error(const Mark& at, std::string_view class_name, std::string text,
               std::string hint = {});

    const LoadRequest& request_;
    Reporter& report_;
    FileReader reader_;
    std::vector<std::unique_ptr<Source>> sources_;
    std::set<std::string> taken_;  // paths
    std::size_t nodes_ = 0;
    Node root_ = Node::map();
    bool broken_ = false;
};

/// True when the main file of a request is YAML, by its first line that is neither blank nor a
/// comment: a key with a colon, or three dashes.
[[nodiscard]] bool is_yaml(const LoadRequest& request, FileAccess& files);
[[nodiscard]] bool looks_like_yaml(std::string_view text);

}  // namespace holdfast::config::yaml
