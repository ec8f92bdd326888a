#pragma once

#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/config/access.hpp"
#include "lib/config/load.hpp"
#include "lib/config/rendering.hpp"

namespace holdfast::config::testing {

/// Files that exist only as text, and programs that are only names.
class MemoryFiles : public FileAccess {
  public:
    MemoryFiles() = default;
    explicit MemoryFiles(std::string main) {
        files["/etc/keepalived/keepalived.conf"] = std::move(main);
    }

    core::Result<std::string> read(const std::string& path) override {
        const auto file = files.find(path);
        if (file == files.end()) return core::Error::from_errno(ENOENT, "open " + path);
        return file->second;
    }
    core::Result<FileKind> inspect(const std::string& path) override {
        FileKind kind;
        kind.regular = true;
        kind.executable = programs.contains(path);
        if (!kind.executable && !files.contains(path)) {
            return core::Error::from_errno(ENOENT, "find " + path);
        }
        kind.safe_for_root = !unsafe.contains(path) && !open_to_all.contains(path);
        kind.mode = open_to_all.contains(path) ? 0777 : kind.executable ? 0755 : 0600;
        if (const auto mode = modes.find(path); mode != modes.end()) kind.mode = mode->second;
        return kind;
    }
    /// Only a `*` at the end is understood.
    std::vector<std::string> glob(const std::string& pattern) override {
        std::vector<std::string> found;
        const bool star = pattern.ends_with('*');
        const std::string start = star ? pattern.substr(0, pattern.size() - 1) : pattern;
        for (const auto& [path, text] : files) {
            if (star ? path.starts_with(start) : path == pattern) found.push_back(path);
        }
        return found;
    }

    std::map<std::string, std::string> files;
    std::set<std::string> programs = {"/usr/bin/true", "/usr/bin/false", "/usr/bin/killall",
                                      "/bin/sh", "/bin/bash"};
    std::set<std::string> unsafe;
    std::set<std::string> open_to_all;
    std::map<std::string, mode_t> modes;  // instead of the usual ones; all belongs to root
};

/// A host with a few interfaces and users.
class FakeHost : public HostFacts {
  public:
    [[nodiscard]] bool interface_exists(const std::string& name) const override {
        return interfaces.contains(name);
    }
    [[nodiscard]] std::optional<User> user(const std::string& name) const override {
        const auto found = users.find(name);
        if (found == users.end()) return std::nullopt;
        return User{found->second, found->second};
    }
    [[nodiscard]] std::optional<gid_t> group(const std::string& name) const override {
        if (const auto found = user(name)) return found->gid;
        return std::nullopt;
    }
    [[nodiscard]] unsigned processors() const override { return processor_count; }
    [[nodiscard]] std::string environment(const std::string& name) const override {
        return name == "PATH" ? "/usr/sbin:/usr/bin" : name == "SITE" ? "vienna" : "";
    }

    std::set<std::string> interfaces = {"lo", "eth0", "eth1", "eth2", "eno16777736"};
    unsigned processor_count = 8;
    std::map<std::string, uid_t> users = {{"root", 0}, {"nobody", 65534}};
};

inline LoadRequest request_for(const FakeHost& host) {
    LoadRequest request;
    request.file = "/etc/keepalived/keepalived.conf";
    request.config_id = "node1";
    request.working_folder = "/";
    request.host = &host;
    return request;
}

/// The whole loader over one text.
inline LoadResult load_text(std::string text) {
    const FakeHost host;
    MemoryFiles files(std::move(text));
    return load(request_for(host), files);
}

inline std::string rendered(const LoadResult& result) {
    std::string all;
    for (const Diagnostic& found : result.diagnostics) all += render(found);
    return all;
}

inline bool has_class(const LoadResult& result, std::string_view class_name) {
    for (const Diagnostic& found : result.diagnostics) {
        if (found.class_name == class_name) return true;
    }
    return false;
}

}  // namespace holdfast::config::testing
