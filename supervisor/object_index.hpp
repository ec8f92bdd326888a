#pragma once

#include <cstdint>
#include <unordered_map>

#include "proto/config.pb.h"

namespace holdfast::supervisor {

/// The objects of one configuration that daemons report about, by id: thousands of routers report
/// at the same moment. The configuration must outlive it.
class ObjectIndex {
  public:
    ObjectIndex() = default;
    explicit ObjectIndex(const config::v1::Config& config);

    /// nullptr: no such object.
    [[nodiscard]] const config::v1::VrrpInstance* instance(std::uint64_t id) const;
    [[nodiscard]] const config::v1::VrrpSyncGroup* group(std::uint64_t id) const;
    [[nodiscard]] const config::v1::VrrpScript* script(std::uint64_t id) const;
    [[nodiscard]] const config::v1::VirtualServer* service(std::uint64_t id) const;

  private:
    std::unordered_map<std::uint64_t, const config::v1::VrrpInstance*> instances_;
    std::unordered_map<std::uint64_t, const config::v1::VrrpSyncGroup*> groups_;
    std::unordered_map<std::uint64_t, const config::v1::VrrpScript*> scripts_;
    std::unordered_map<std::uint64_t, const config::v1::VirtualServer*> services_;
};

}  // namespace holdfast::supervisor
