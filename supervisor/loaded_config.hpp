#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/ipc/channel.hpp"
#include "lib/ipc/sealed_memory.hpp"
#include "proto/config.pb.h"
#include "supervisor/findings.hpp"

namespace holdfast::supervisor {

/// One role's part of a configuration, as it travels: sealed memory and what it must hold.
struct ConfigMemory {
    core::UniqueFd memory;
    ipc::Digest digest;
};

/// One generation of the configuration: a sealed part for each daemon and the supervisor's own
/// copy, against which every request of a daemon is checked. Immutable once loaded.
struct LoadedConfig {
    std::uint64_t generation = 0;
    config::v1::Config own;
    ConfigMemory vrrpd;
    ConfigMemory checkerd;
    ConfigMemory ipvsd;
    /// A ShownConfig: what was written, for people. Nobody here reads it.
    ConfigMemory written;
    /// What the parser found; a reload compares errors with these.
    Findings diagnostics;

    [[nodiscard]] const ConfigMemory& part_of(ipc::Peer role) const;
    /// How many things a daemon may have to talk about.
    [[nodiscard]] std::size_t objects() const;
    /// Whether there is anything for this daemon to do.
    [[nodiscard]] bool needs(ipc::Peer role) const;
};
using ConfigPtr = std::shared_ptr<const LoadedConfig>;

/// Pure: the range checks of the supervisor's own copy. The parser met the files and is not
/// believed: what it wrote must at least be of the right form.
[[nodiscard]] core::Status check_ranges(const config::v1::Config& config);

/// The configuration in protobuf's text form, for the log; fields marked secret are left out.
[[nodiscard]] std::string dump_of(config::v1::Config config);

/// -P and -C: takes the other half's objects away.
void keep_only(bool vrrp, bool services, config::v1::Config& config);

}  // namespace holdfast::supervisor
