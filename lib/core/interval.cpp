#include "lib/core/interval.hpp"

#include <fmt/format.h>

namespace holdfast::core {

std::string to_text(Interval interval) {
    const auto count = interval.count();
    if (count % 1'000'000 == 0) return fmt::format("{}s", count / 1'000'000);
    if (count % 1'000 == 0) return fmt::format("{}ms", count / 1'000);
    return fmt::format("{}us", count);
}

}  // namespace holdfast::core
