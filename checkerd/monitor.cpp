#include "checkerd/monitor.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::checkerd {
namespace {

/// A standing of other settings, or one that no longer fits them, is judged anew.
VerdictState fitting(const CheckSpec& spec, const Saved& predecessor) {
    const VerdictState& verdict = predecessor.standing.verdict;
    if (predecessor.fingerprint != spec.fingerprint) return judged_anew(verdict);
    const bool fits = verdict.url < std::max(spec.rules.urls, 1U) &&
                      verdict.failures <= spec.rules.retry &&
                      !(verdict.url_failed && (verdict.up || spec.rules.urls == 0));
    return fits ? verdict : judged_anew(verdict);
}

const char* word(bool up) {
    return up ? "up" : "down";
}

std::string times(std::uint32_t count) {
    return count == 1 ? "once" : fmt::format("{} times", count);
}

}  // namespace

Monitor::Monitor(const Surroundings& surroundings, CheckSpec spec)
    : surroundings_(surroundings),
      spec_(std::move(spec)),
      timer_(surroundings.loop, [this] { run(); }) {
    standing_.verdict = start_state(spec_.rules);
    standing_.since_timestamp_seconds = surroundings_.loop.wall_clock_seconds();
    schedule(first_run(surroundings_.loop.now(), spec_.warmup, surroundings_.random));
}

Monitor::Monitor(const Surroundings& surroundings, CheckSpec spec, const Saved& predecessor)
    : Monitor(surroundings, std::move(spec)) {
    if (spec_.kind == Kind::not_carried_out) return;
    const core::Instant first = standing_.next_run;
    standing_ = predecessor.standing;
    standing_.verdict = fitting(spec_, predecessor);
    standing_.last_error = as_error_text(standing_.last_error);
    if (predecessor.fingerprint != spec_.fingerprint) {
        schedule(first);
        return;
    }
    schedule(resumed_run(surroundings_.loop.now(), predecessor.standing.next_run,
                         std::max(spec_.rules.delay_loop, spec_.rules.delay_before_retry),
                         surroundings_.random));
}

void Monitor::schedule(core::Instant next) {
    standing_.next_run = next;
    if (spec_.kind != Kind::not_carried_out) timer_.at(next);
}

void Monitor::run() {
    started_ = surroundings_.loop.now();
    check_ = surroundings_.make(surroundings_.loop, spec_, standing_.verdict.url,
                                [this](const Answer& answer) { on_answer(answer); });
}

void Monitor::on_answer(const Answer& given) {
    const Answer answer = given;  // it belongs to the check, which ends here
    check_.reset();
    const core::Instant finished = surroundings_.loop.now();
    const VerdictState before = standing_.verdict;
    const Judgement judgement = judge(spec_.rules, before, answer.outcome);
    standing_.verdict = judgement.state;
    ++standing_.runs;
    if (answer.outcome == Outcome::failure) ++standing_.failures;
    note(answer, before);
    schedule(next_run(started_, finished, judgement.pause));
    surroundings_.ran(*this);
}

/// Tells people and ipvsd what is new.
void Monitor::note(const Answer& answer, const VerdictState& before) {
    const bool changed = before.up != standing_.verdict.up;
    const bool was_untestable = standing_.cannot_test;
    const std::string old_error = standing_.last_error;
    standing_.cannot_test = answer.outcome == Outcome::cannot_test;
    if (changed) standing_.since_timestamp_seconds = surroundings_.loop.wall_clock_seconds();
    if (answer.outcome == Outcome::failure) standing_.last_error = as_error_text(answer.text);
    if (standing_.cannot_test) standing_.last_error = as_error_text("cannot test: " + answer.text);
    // While other URLs have still to pass, the reason for being down remains.
    if (answer.outcome == Outcome::success && standing_.verdict.up) standing_.last_error.clear();

    log_testability(answer, was_untestable);
    if (changed) {
        log_change(answer, before);
    } else {
        log_attempt(answer);
    }
    if (changed || old_error != standing_.last_error) surroundings_.changed(*this);
}

void Monitor::log_change(const Answer& answer, const VerdictState& before) const {
    const std::chrono::duration<double, std::milli> took = surroundings_.loop.now() - started_;
    const bool down = !standing_.verdict.up;
    const std::string repeated = down ? ", failed " + times(before.failures + 1) : "";
    log_line(log::Level::notice, "CHECK_STATE",
             fmt::format("{} {}->{}: {} (took {:.1f} ms{})", subject_of(spec_), word(before.up),
                         word(standing_.verdict.up), as_error_text(answer.text), took.count(),
                         repeated));
}

void Monitor::log_testability(const Answer& answer, bool before) const {
    if (standing_.cannot_test == before) return;
    const char* const stays = word(standing_.verdict.up);
    if (standing_.cannot_test) {
        log_line(log::Level::warning, "CHECK_CANNOT_TEST",
                 fmt::format("{} stays {}, this host cannot test it: {}", subject_of(spec_), stays,
                             as_error_text(answer.text)));
    } else {
        log_line(log::Level::notice, "CHECK_CAN_TEST",
                 fmt::format("{} is tested again", subject_of(spec_)));
    }
}

/// A result that changed nothing, for those who asked for all failures.
void Monitor::log_attempt(const Answer& answer) const {
    if (answer.outcome != Outcome::failure) return;
    const auto level = spec_.log_all_failures ? log::Level::info : log::Level::debug;
    log_line(level, "CHECK_FAILED",
             fmt::format("{} stays {}: {}", subject_of(spec_), word(standing_.verdict.up),
                         as_error_text(answer.text)));
}

void Monitor::log_line(log::Level level, std::string_view event, std::string_view text) const {
    surroundings_.log.write(level, event, text,
                            {{"CHECK", core::to_text(spec_.id)},
                             {"SERVER", spec_.server_name},
                             {"SERVICE", spec_.service_name}});
}

}  // namespace holdfast::checkerd
