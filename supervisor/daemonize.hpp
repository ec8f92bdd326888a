#pragma once

#include "lib/core/unique_fd.hpp"

namespace holdfast::supervisor {

/// The way back to the process that was started from the shell and waits for us.
class Background {
  public:
    /// Forks into the background with a session of its own. Returns in the new process only; the
    /// old one waits until `report` and exits with that status, so that a refused start is seen by
    /// who started it and pid files stand when the command returns.
    /// Standard input and output are let go at once, so that nobody who reads them waits for the
    /// daemon's end; standard error with `report`, unless it is kept for the log.
    [[nodiscard]] static Background enter(bool keep_error);
    /// For a start in the foreground: nobody waits.
    [[nodiscard]] static Background none() { return Background(); }

    /// The start is decided; later calls do nothing.
    void report(int status);

  private:
    core::UniqueFd waiting_;
    bool keep_error_ = false;
};

}  // namespace holdfast::supervisor
