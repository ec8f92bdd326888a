#pragma once

#include <csignal>

namespace holdfast::supervisor {

/// Keeps every signal from this thread for as long as it exists; what arrives meanwhile is
/// delivered afterwards. A fork belongs in between: until the child has put its signals in order it
/// still has our handlers, and these write into the loop that it shares with us, so that a signal
/// meant for the child would end the supervisor.
class SignalsHeld {
  public:
    SignalsHeld() {
        sigset_t all;
        sigfillset(&all);
        ::sigprocmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsHeld() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
    SignalsHeld(const SignalsHeld&) = delete;
    SignalsHeld& operator=(const SignalsHeld&) = delete;

  private:
    sigset_t before_{};
};

}  // namespace holdfast::supervisor
