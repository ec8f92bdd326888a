#pragma once

#include <cstddef>
#include <string_view>

#include <fmt/format.h>

#include "lib/log/logger.hpp"

namespace holdfast::ipvsd {

/// Errors of one occasion: the first ten are said in full, then how many more there are. An
/// interface that vanishes with two thousand addresses is one mishap, and fills no journal.
class FewLines {
  public:
    explicit FewLines(log::Logger& log) : log_(log) {}
    FewLines(const FewLines&) = delete;
    FewLines& operator=(const FewLines&) = delete;
    ~FewLines() {
        if (said_ <= kMost) return;
        log_.error(last_event_, fmt::format("and {} more like this", said_ - kMost));
    }

    void error(std::string_view event, std::string_view text) {
        last_event_ = event;
        if (++said_ <= kMost) log_.error(event, text);
    }

  private:
    static constexpr std::size_t kMost = 10;
    log::Logger& log_;
    std::string_view last_event_;  // a literal
    std::size_t said_ = 0;
};

}  // namespace holdfast::ipvsd
