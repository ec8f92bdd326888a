#pragma once

#include <map>
#include <string>

#include "lib/log/logger.hpp"

namespace holdfast::config::v1 {
class Config;
}

namespace holdfast::supervisor {

/// The kernel settings that only /proc/sys can change: set as the configuration asks, each with its
/// old value noted in RUN_DIR/sysctls before, restored when nobody asks any more, at the end, or at
/// the next start after a kill. What cannot be written is a warning with its name. It also says
/// which settings for all interfaces keep virtual MAC addresses from working, and changes none of
/// them.
class Sysctls {
  public:
    /// `log` must outlive it. `folder`: /proc/sys, but for tests.
    Sysctls(log::Logger& log, std::string run_dir, std::string folder = "/proc/sys");

    void use(const config::v1::Config& config);
    void restore();

    /// Changed settings ("net/ipv4/...") with their old values.
    [[nodiscard]] const std::map<std::string, std::string>& changed() const { return old_; }

  private:
    [[nodiscard]] std::string read(const std::string& name) const;
    bool write(const std::string& name, const std::string& value) const;
    void set(const std::string& name, const std::string& value);
    void put_back(const std::string& name);
    void note() const;
    void warn_of_virtual_addresses(const config::v1::Config& config) const;

    log::Logger& log_;
    std::string file_;
    std::string folder_;
    std::map<std::string, std::string> old_;
};

}  // namespace holdfast::supervisor
