#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "lib/config/access.hpp"
#include "lib/config/diagnostics.hpp"
#include "lib/config/model_index.hpp"
#include "lib/config/outline.hpp"

namespace holdfast::config {

class Origins;
struct Written;
struct LegacyNode;
namespace yaml {
struct Line;
}

/// The lines of comment directly above something, and the one behind it on its line; without their
/// sign.
struct Comment {
    std::vector<std::string> above;
    std::string behind;
    Position at;
    bool used = false;
};

/// A comment as it stands in a text.
struct FoundComment {
    std::uint32_t line = 0;
    bool alone = false;  // nothing else stands on its line
    std::string text;
};

/// All comments of a text, in its order. Linear.
[[nodiscard]] std::vector<FoundComment> find_comments(std::string_view text, Language language);

/// The comments of a written configuration, which must outlive it, by the object, setting or entry
/// that they belong to.
class Comments {
  public:
    /// Reads the texts of the files again. A file that cannot be read has no comments.
    Comments(const Written& written, FileAccess& files);

    /// Puts the comments to what is about to be written.
    void annotate(LegacyNode& node);
    void annotate(std::vector<yaml::Line>& lines);

    /// The first lines of the main file, when a blank line ends them, or when what follows them was
    /// not written by itself. Once everything is annotated.
    [[nodiscard]] std::vector<std::string> header();

    /// What belongs to nothing, or to something that was not written.
    struct Lost {
        Position at;
        std::string text;
    };
    [[nodiscard]] std::vector<Lost> lost() const;

  private:
    using Message = google::protobuf::Message;
    /// An object (no keyword), a setting of it (no entry), or an entry of a setting.
    struct Key {
        const Message* holder = nullptr;
        std::string_view keyword;
        std::size_t entry = 0;  // counts from 1
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    struct Target {
        std::uint32_t line = 0;
        std::uint32_t column = 0;
        Key key;
    };

    std::map<const FileTrail*, std::vector<Target>> targets_of(const Written& written);
    void attach(const FileTrail& file, std::string_view text, const std::vector<Target>& targets);
    Comment* find(const Message* holder, std::string_view keyword, std::size_t entry = 0);
    void annotate_entries(yaml::Line& line);
    static void one_line_each(yaml::Line& list);
    template <class Node>
    static bool give(Comment* comment, Node& node);

    /// A list gives its entries' comments only when all its entries were written as they stood.
    [[nodiscard]] bool has_entries(const Message* holder, std::string_view keyword,
                                   std::size_t count) const;

    const Origins& origins_;
    ModelIndex index_;
    std::map<Key, Comment> comments_;
    std::vector<std::string> header_;
    Comment* first_ = nullptr;  // above the first thing of the main file
    std::vector<Lost> lost_;
};

}  // namespace holdfast::config
