#include "checkerd/schedule.hpp"

#include <sys/random.h>

#include <algorithm>
#include <memory>
#include <random>

namespace holdfast::checkerd {
namespace {

std::uint64_t seed_from_kernel() {
    std::uint64_t seed = 0;
    // 8 octets never block or come in parts once the pool is ready; without them every start would
    // merely spread its checks alike.
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = std::mt19937_64::default_seed;
    return seed;
}

}  // namespace

RandomInterval make_random_interval() {
    const auto engine = std::make_shared<std::mt19937_64>(seed_from_kernel());
    return [engine](core::Interval up_to) {
        std::uniform_int_distribution<core::Interval::rep> within(
            0, std::max<core::Interval::rep>(up_to.count(), 0));
        return core::Interval(within(*engine));
    };
}

core::Instant first_run(core::Instant now, core::Interval warmup, const RandomInterval& random) {
    return now + random(warmup);
}

core::Instant next_run(core::Instant started, core::Instant finished, const Pause& pause) {
    if (pause.length == core::Interval::zero()) return finished;
    const core::Interval length = std::max(pause.length, kShortestPause);
    if (pause.from == Pause::From::end) return finished + length;
    return std::max(finished, started + length);
}

core::Instant resumed_run(core::Instant now, core::Instant predecessors_next,
                          core::Interval delay_loop, const RandomInterval& random) {
    // A time further away than the check's own rhythm cannot be the predecessor's.
    const bool credible = predecessors_next <= now + delay_loop;
    if (credible && predecessors_next >= now) return predecessors_next;
    return now + random(std::min<core::Interval>(delay_loop, std::chrono::seconds(1)));
}

}  // namespace holdfast::checkerd
