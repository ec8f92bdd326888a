#include "lib/log/logger.hpp"

#include <fmt/format.h>

#include <utility>

#include "lib/log/sinks.hpp"

namespace holdfast::log {

namespace {

class NullLogger final : public Logger {
  protected:
    void put(Level, std::string_view, std::string_view, std::span<const Field>) override {}
};

}  // namespace

void Logger::write(Level level, std::string_view event, std::string_view text,
                   std::initializer_list<Field> fields) {
    if (level > level_) return;
    put(level, event, text, {fields.begin(), fields.size()});
}

void CountingLogger::put(Level level, std::string_view event, std::string_view text,
                         std::span<const Field> fields) {
    if (dropped_ > 0) {
        const std::string told = fmt::format("{} lines before this one were lost", dropped_);
        if (deliver(Level::warning, "LOG_DROPPED", told, {})) dropped_ = 0;
    }
    if (!deliver(level, event, text, fields)) ++dropped_;
}

std::unique_ptr<Logger> make_logger(Sink sink) {
    if (!sink.descriptor) return make_null_logger();
    if (sink.journal) {
        return make_journal_logger(std::move(sink.descriptor), std::move(sink.identifier));
    }
    return make_console_logger(std::move(sink.descriptor));
}

std::unique_ptr<Logger> make_null_logger() {
    return std::make_unique<NullLogger>();
}

}  // namespace holdfast::log
