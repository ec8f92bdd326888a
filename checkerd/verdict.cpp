#include "checkerd/verdict.hpp"

#include <algorithm>

namespace holdfast::checkerd {
namespace {

Pause regular_pause(const Rules& rules, const VerdictState& state) {
    if (state.url_failed) {
        return {std::max(rules.delay_loop, rules.delay_before_retry), Pause::From::start};
    }
    return {rules.delay_loop, Pause::From::start};
}

Pause pause_before_retry(const Rules& rules) {
    return {rules.delay_before_retry, Pause::From::end};
}

Judgement became_up(const Rules& rules, VerdictState state) {
    state.up = true;
    state.judged = true;
    return {state, regular_pause(rules, state)};
}

/// One URL worked. When it was the failed one, all must pass again, from the first.
Judgement url_passed(const Rules& rules, VerdictState state) {
    const bool recovered = state.url_failed;
    state.url_failed = false;
    state.url = recovered ? 0 : state.url + 1;
    if (state.url >= rules.urls) {
        state.url = 0;
        return became_up(rules, state);
    }
    const bool hurry = rules.fast_recovery && (!state.judged || !state.up);
    return {state, hurry ? Pause{} : regular_pause(rules, state)};
}

Judgement on_success(const Rules& rules, VerdictState state) {
    state.failures = 0;
    return rules.urls > 0 ? url_passed(rules, state) : became_up(rules, state);
}

Judgement on_failure(const Rules& rules, VerdictState state) {
    const bool tolerated = state.up && state.judged && state.failures < rules.retry;
    if (tolerated) {
        ++state.failures;
        return {state, pause_before_retry(rules)};
    }
    state.up = false;
    state.judged = true;
    state.failures = 0;
    state.url_failed = rules.urls > 0;
    return {state, regular_pause(rules, state)};
}

Judgement on_cannot_test(const Rules& rules, const VerdictState& state) {
    const bool retrying = state.failures > 0;
    return {state, retrying ? pause_before_retry(rules) : regular_pause(rules, state)};
}

}  // namespace

VerdictState start_state(const Rules& rules) {
    return {.up = !rules.alpha};
}

VerdictState judged_anew(const VerdictState& old) {
    return {.up = old.up};
}

Judgement judge(const Rules& rules, const VerdictState& before, Outcome outcome) {
    switch (outcome) {
        case Outcome::success:
            return on_success(rules, before);
        case Outcome::failure:
            return on_failure(rules, before);
        case Outcome::cannot_test:
            break;
    }
    return on_cannot_test(rules, before);
}

}  // namespace holdfast::checkerd
