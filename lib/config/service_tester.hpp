#pragma once

#include <array>
#include <cstddef>

#include <google/protobuf/arena.h>

#include "lib/config/resolve.hpp"

namespace holdfast::config {

/// Looks at a service as soon as it is read, when nothing outside of it decides what is found:
/// neither a group nor scripts, tracked files or BFD sessions. A test wants findings and no model,
/// and thus needs neither memory nor time to keep thousands of services.
class ServiceTester : public ServiceVisitor {
  public:
    explicit ServiceTester(Resolution& all) : all_(all) {}
    v1::VirtualServer& fresh() override;
    bool visit(v1::VirtualServer& service, ObjectPlaces& places) override;

  private:
    static constexpr std::size_t kMemory = 64UL * 1024;
    void remember(const v1::VirtualServer& service, const ObjectPlaces& places);

    Resolution& all_;
    std::array<char, kMemory> memory_;  // of usual services; larger ones get more
    google::protobuf::Arena arena_{memory_.data(), memory_.size()};
};

}  // namespace holdfast::config
