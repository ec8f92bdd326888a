#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "checkerd/check_spec.hpp"
#include "checkerd/monitor.hpp"

namespace holdfast::checkerd {

/// Checks that answer when and as the test says.
class FakeChecks {
  public:
    struct Running {
        core::ObjectId id;
        std::uint32_t url = 0;
        Check::Answered answered;
    };

    MakeCheck maker() {
        return [this](loop::Loop&, const CheckSpec& spec, std::uint32_t url,
                      Check::Answered answered) {
            running_.push_back({spec.id, url, std::move(answered)});
            started_.push_back(url);
            return std::unique_ptr<Check>(std::make_unique<One>(*this, spec.id));
        };
    }

    /// The check that is running, which must be the only one.
    void answer(Outcome outcome, const std::string& text) {
        answer_of(running_.front().id, outcome, text);
    }
    void answer_of(core::ObjectId id, Outcome outcome, const std::string& text) {
        for (const Running& each : running_) {
            if (each.id != id) continue;
            const Check::Answered answered = each.answered;
            answered({outcome, text});
            return;
        }
        core::broken_invariant("no such check is running");
    }

    [[nodiscard]] const std::vector<Running>& running() const { return running_; }
    /// The URLs of all runs so far.
    [[nodiscard]] const std::vector<std::uint32_t>& started() const { return started_; }

  private:
    struct One : Check {
        One(FakeChecks& all, core::ObjectId id) : all_(all), id_(id) {}
        ~One() override {
            std::erase_if(all_.running_, [this](const Running& each) { return each.id == id_; });
        }
        FakeChecks& all_;
        core::ObjectId id_;
    };

    std::vector<Running> running_;
    std::vector<std::uint32_t> started_;
};

/// Keeps "LEVEL EVENT text".
class MemoryLog : public log::Logger {
  public:
    [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
    void clear() { lines_.clear(); }

  protected:
    void put(log::Level, std::string_view event, std::string_view text,
             std::span<const log::Field>) override {
        lines_.push_back(std::string(event) + " " + std::string(text));
    }

  private:
    std::vector<std::string> lines_;
};

}  // namespace holdfast::checkerd
