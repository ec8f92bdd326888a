#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "lib/config/access.hpp"

namespace holdfast::config {

/// Numbers of the kernel that have names: "rt_tables", "rt_scopes", "rt_protos", "rt_realms",
/// "rt_dsfield" and "group" of iproute2, and the fixed tables "protocols" and "route_preferences".
/// Of each file the copy in `etc` replaces the one in `usr`; then every FILE.d/*.conf of both is
/// read, and `etc` wins. What the files do not name may have a name that is built in. Files are
/// read when a name is first asked for; a missing one is no mistake.
class NameTables {
  public:
    struct Folders {
        std::string etc = "/etc/iproute2";
        std::string usr;  // empty: /usr/share/iproute2, then /usr/lib/iproute2
        friend bool operator==(const Folders&, const Folders&) = default;
    };
    /// Without files only what is built in has names. They must outlive this.
    explicit NameTables(FileAccess* files = nullptr) : files_(files) {}

    /// Names that were asked for before stay as they were found.
    void read_from(Folders folders) { folders_ = std::move(folders); }
    [[nodiscard]] const Folders& folders() const { return folders_; }
    /// True when a file has been looked for.
    [[nodiscard]] bool is_used() const { return !tables_.empty(); }

    /// A name of this table, or a number as in C (10, 0x10, 010); nothing for anything else.
    [[nodiscard]] std::optional<std::uint32_t> find(std::string_view table, std::string_view word);

    /// The built-in name of a number, or the number itself.
    [[nodiscard]] static std::string text_of(std::string_view table, std::uint32_t number);

  private:
    using Names = std::unordered_map<std::string, std::uint32_t>;
    const Names& names_of(std::string_view table);
    void read_folder(const std::string& folder, std::string_view table, Names& names);
    bool read_file(const std::string& path, Names& names);

    FileAccess* files_;
    Folders folders_;
    std::map<std::string, Names, std::less<>> tables_;
};

/// A number as in C: 10, 0x10, 010. Nothing when it is none or does not fit.
[[nodiscard]] std::optional<std::uint64_t> read_any_base(std::string_view text, std::uint64_t max);

}  // namespace holdfast::config
