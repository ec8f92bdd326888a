#pragma once

#include <functional>
#include <string>

#include "checkerd/verdict.hpp"

namespace holdfast::checkerd {

/// What one run of a check has to say.
struct Answer {
    Outcome outcome = Outcome::success;
    /// What happened, in words with errno or status and what was expected.
    std::string text;
};

/// One run of a check: started by its constructor, answers once, in a turn of the loop after that,
/// and is cancelled when destroyed. The answer may destroy the check.
class Check {
  public:
    using Answered = std::function<void(const Answer&)>;

    Check() = default;
    virtual ~Check() = default;
    Check(const Check&) = delete;
    Check& operator=(const Check&) = delete;
};

}  // namespace holdfast::checkerd
