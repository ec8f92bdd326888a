#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/config/access.hpp"

namespace holdfast::config {

/// The files of this host, as the present process may see them.
class SystemFiles : public FileAccess {
  public:
    core::Result<std::string> read(const std::string& path) override;
    core::Result<std::string> read_start(const std::string& path, std::size_t limit) override;
    core::Result<FileKind> inspect(const std::string& path) override;
    std::vector<std::string> glob(const std::string& pattern) override;
};

/// Interfaces of this network namespace, users and groups of this host, our environment.
class SystemHost : public HostFacts {
  public:
    [[nodiscard]] bool interface_exists(const std::string& name) const override;
    /// As they were when somebody first asked.
    [[nodiscard]] std::vector<InterfaceAddress> addresses_of(
        const std::string& interface) const override;
    [[nodiscard]] std::optional<User> user(const std::string& name) const override;
    [[nodiscard]] std::optional<gid_t> group(const std::string& name) const override;
    /// Counted once, and best before a sandbox is entered.
    [[nodiscard]] unsigned processors() const override;
    [[nodiscard]] std::string environment(const std::string& name) const override;

  private:
    using Addresses = std::unordered_map<std::string, std::vector<InterfaceAddress>>;
    mutable std::optional<Addresses> addresses_;  // by interface
};

}  // namespace holdfast::config
