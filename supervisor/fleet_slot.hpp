#pragma once

#include <memory>
#include <string>
#include <vector>

#include "supervisor/fleet.hpp"

namespace holdfast::supervisor {

/// One role's place in the fleet.
struct Fleet::Slot {
    Slot(const RoleSpec& spec, messages::v1::StartKind kind, loop::Loop&)
        : role(spec), next_start(kind) {}

    const RoleSpec& role;
    bool wanted = false;
    /// Started by a reload that has not committed: ready at most, until `release`.
    bool held = false;
    bool was_activated = false;
    bool degraded = false;
    unsigned restarts = 0;
    core::Instant pair_renewed{};
    messages::v1::StartKind next_start;
    ConfigPtr first_config;  // of a held one
    RestartPolicy policy;
    std::vector<std::string> missing;
    int raised = 0;  // steps of real-time priority that lateness added
    Scheduling scheduled;
    std::unique_ptr<loop::Timer> retry;
    std::unique_ptr<Incarnation> current;
    std::unique_ptr<Incarnation> successor;  // of a planned restart
    Finished finished;
};

}  // namespace holdfast::supervisor
