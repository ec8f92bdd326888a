#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "checkerd/monitor.hpp"
#include "checkerd/saved_state.hpp"

namespace holdfast::checkerd {

/// All checks at work, in the configuration's order: one verdict for each (check, server).
class TargetTable {
  public:
    /// What a predecessor knew of a check; nothing if there was none.
    using Predecessor = std::function<std::optional<Saved>(core::ObjectId)>;

    explicit TargetTable(const Monitor::Surroundings& surroundings) : surroundings_(surroundings) {}

    /// What a new set of checks did.
    struct Applied {
        std::size_t unchanged = 0;
        std::vector<core::ObjectId> changed;  // new ones and those with new settings
        std::vector<core::ObjectId> removed;
    };
    /// An unchanged check stays the same object with its schedule and counters. A changed one is
    /// judged anew while its verdict holds. A new one asks `predecessor`.
    Applied apply(std::vector<CheckSpec> specs, const Predecessor& predecessor);

    [[nodiscard]] const std::vector<std::unique_ptr<Monitor>>& monitors() const {
        return monitors_;
    }
    [[nodiscard]] const Monitor* find(core::ObjectId id) const;
    /// Ends all checks.
    void clear();

  private:
    std::unique_ptr<Monitor> make(CheckSpec spec, std::unique_ptr<Monitor> old,
                                  const Predecessor& predecessor) const;

    const Monitor::Surroundings& surroundings_;
    std::vector<std::unique_ptr<Monitor>> monitors_;
    std::unordered_map<core::ObjectId, const Monitor*> by_id_;
};

}  // namespace holdfast::checkerd
