#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/address.hpp"
#include "lib/core/result.hpp"

namespace holdfast::config {

struct Position;

/// What a path names, as far as the loader cares.
struct FileKind {
    bool regular = false;
    bool folder = false;
    bool executable = false;    // any execute bit
    bool safe_for_root = true;  // no component can be written by anybody but root
    bool set_id_root = false;
    mode_t mode = 0;
    uid_t uid = 0;
    gid_t gid = 0;
};

/// The files of a configuration. The parser program reads below its sandbox, tests and fuzzers give
/// texts of their own. All paths are absolute.
class FileAccess {
  public:
    virtual ~FileAccess() = default;
    /// The whole content. Errors carry an errno.
    virtual core::Result<std::string> read(const std::string& path) = 0;
    /// The first octets, at most `limit`. Errors carry an errno.
    virtual core::Result<std::string> read_start(const std::string& path, std::size_t limit) {
        core::Result<std::string> whole = read(path);
        if (whole && whole->size() > limit) whole->resize(limit);
        return whole;
    }
    /// Without opening it, symbolic links followed. Errors carry an errno.
    virtual core::Result<FileKind> inspect(const std::string& path) = 0;
    /// Paths that fit the pattern (`*`, `?`, `[...]`, `{a,b}`), sorted; a pattern without wildcard
    /// gives itself if it exists.
    virtual std::vector<std::string> glob(const std::string& pattern) = 0;
    /// The calls that follow are for what stands at this place, such as an include statement.
    virtual void named_by(const Position& place) { static_cast<void>(place); }
};

struct User {
    uid_t uid = 0;
    gid_t gid = 0;
};

/// What else a configuration refers to on this host.
class HostFacts {
  public:
    virtual ~HostFacts() = default;
    [[nodiscard]] virtual bool interface_exists(const std::string& name) const = 0;
    /// The addresses of an interface, in the kernel's order; none when that is not known.
    struct InterfaceAddress {
        core::Address address;
        std::uint32_t prefix_length = 0;
    };
    [[nodiscard]] virtual std::vector<InterfaceAddress> addresses_of(const std::string&) const {
        return {};
    }
    [[nodiscard]] virtual std::optional<User> user(const std::string& name) const = 0;
    [[nodiscard]] virtual std::optional<gid_t> group(const std::string& name) const = 0;
    /// How many processors are at work; 0 when nobody knows.
    [[nodiscard]] virtual unsigned processors() const { return 0; }
    /// For ${_ENV NAME}; empty when unset.
    [[nodiscard]] virtual std::string environment(const std::string& name) const = 0;
};

}  // namespace holdfast::config
