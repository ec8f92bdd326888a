#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"

namespace holdfast::supervisor {

/// The daemons' state files: made, sized and opened here, never read. They lie in RUN_DIR/state, or
/// in /dev/shm where RUN_DIR is not in memory.
class StateFiles {
  public:
    [[nodiscard]] static core::Result<StateFiles> in(const std::string& run_dir);

    /// A predecessor left a file for this role.
    [[nodiscard]] bool exists(std::string_view role) const;
    /// The role's file with room for `bytes`. A file of at least that size is kept as it is; a
    /// smaller one is replaced, and what was in it is lost. ENOSPC: no space, the role runs
    /// without.
    [[nodiscard]] core::Result<core::UniqueFd> open(std::string_view role,
                                                    std::uint64_t bytes) const;
    /// For a configuration that needs more room than the role's file has: a larger one beside it,
    /// which `replace` makes the role's file and `drop_larger` throws away. Nothing where the
    /// present file is large enough, or there is none.
    [[nodiscard]] core::Result<core::UniqueFd> open_larger(std::string_view role,
                                                           std::uint64_t bytes) const;
    void replace_by_larger(std::string_view role) const;
    void drop_larger(std::string_view role) const;
    /// A clean stop: nothing is left to believe.
    void remove() const;

    [[nodiscard]] const std::string& folder() const { return folder_; }

  private:
    std::string folder_;
};

}  // namespace holdfast::supervisor
