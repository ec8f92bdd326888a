#include <fmt/format.h>

#include "ctl/show.hpp"

namespace holdfast::ctl {
namespace {

using messages::v1::VrrpStatus;

/// Lines under one router; a label stands before the first of its kind only.
class Lines {
  public:
    void add(std::string_view label, const std::string& text) {
        text_ += fmt::format("  {:<10} {}\n", label == last_ ? "" : label, text);
        last_ = label;
    }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string text_;
    std::string last_;
};

std::string duration(double seconds) {
    constexpr double kMinute = 60;
    constexpr double kHour = 60 * kMinute;
    constexpr double kDay = 24 * kHour;
    if (seconds < kMinute) return fmt::format("{:.2g} s", seconds < 0 ? 0 : seconds);
    if (seconds < kHour) return fmt::format("{:.0f} min", seconds / kMinute);
    if (seconds < kDay) return fmt::format("{:.1f} h", seconds / kHour);
    return fmt::format("{:.1f} days", seconds / kDay);
}

class Details {
  public:
    Details(const Answer& answer, const VrrpStatus::Instance& instance)
        : answer_(answer), instance_(instance) {}

    [[nodiscard]] std::string text() {
        add_state();
        add_sent();
        add_heard();
        add_refused();
        add_others();
        add_episodes();
        for (const auto& vote : instance_.votes()) lines_.add("trackers", vote);
        for (const auto& warning : instance_.warnings()) lines_.add("warning", warning);
        return fmt::format("\n{}\n{}", instance_.name(), lines_.text());
    }

  private:
    [[nodiscard]] std::string ago(double timestamp) const {
        return duration(answer_.vrrp.timestamp_seconds() - timestamp) + " ago";
    }

    void add_state() {
        if (instance_.has_last_transition()) {
            const auto& last = instance_.last_transition();
            lines_.add("state", fmt::format("{} -> {} {}: {}", state_word(last.old_state()),
                                            state_word(last.new_state()),
                                            ago(last.timestamp_seconds()), last.reason()));
        }
        for (const auto& cause : instance_.causes())
            lines_.add("cause", fmt::format("{}, since {}", cause.text(),
                                            ago(cause.since_timestamp_seconds())));
    }

    void add_sent() {
        std::string text =
            fmt::format("{} advertisements, {} of priority 0", instance_.advertisements_sent(),
                        instance_.priority_zero_sent());
        if (instance_.has_last_sent_timestamp_seconds())
            text += ", last " + ago(instance_.last_sent_timestamp_seconds());
        lines_.add("sent", text);
        for (const auto& each : instance_.send_errors())
            lines_.add("not sent",
                       fmt::format("{}: {} (errno {}), last {}", each.count(), each.text(),
                                   each.error(), ago(each.last_timestamp_seconds())));
    }

    void add_heard() {
        lines_.add("heard", fmt::format("{} advertisements, {} of priority 0",
                                        instance_.advertisements_received(),
                                        instance_.priority_zero_received()));
        for (const auto& each : instance_.heard()) {
            std::string text = fmt::format("{}: {}, priority {}, every {:g} s, last {}",
                                           each.address(), each.count(), each.priority(),
                                           static_cast<double>(each.advert_interval_us()) / 1e6,
                                           ago(each.last_timestamp_seconds()));
            if (each.addresses_differ()) {
                text += ", other addresses than here:";
                for (const std::string& address : each.addresses()) text += " " + address;
            }
            if (each.address_count() > static_cast<unsigned>(each.addresses_size()))
                text += fmt::format(" ({} in all)", each.address_count());
            lines_.add("heard", text);
        }
    }

    void add_refused() {
        for (const auto& each : instance_.refused()) {
            std::string text = fmt::format("{}: {}", each.count(), each.reason());
            if (!each.last_source().empty())
                text += fmt::format(", last from {} {}", each.last_source(),
                                    ago(each.last_timestamp_seconds()));
            lines_.add("refused", text);
        }
    }

    void add_others() {
        for (const auto& each : answer_.vrrp.unknown()) {
            if (!is_beside(each, instance_)) continue;
            const std::string what = each.vrid() == 0
                                         ? std::string("broken packets")
                                         : fmt::format("of virtual router id {}", each.vrid());
            lines_.add("not ours",
                       fmt::format("{}: {}, last from {} {}", each.count(), what,
                                   each.last_source(), ago(each.last_timestamp_seconds())));
        }
    }

    void add_episodes() {
        for (const auto& each : instance_.episodes()) {
            const std::string who = fmt::format("{} (priority {}) was Active as well", each.peer(),
                                                each.peer_priority());
            const std::string when = ago(each.start_timestamp_seconds());
            if (!each.has_end_timestamp_seconds()) {
                lines_.add("episode", fmt::format("{}, from {} until now", who, when));
                continue;
            }
            const double length = each.end_timestamp_seconds() - each.start_timestamp_seconds();
            lines_.add("episode", fmt::format("{}, from {} for {}: {}", who, when, duration(length),
                                              each.end()));
        }
    }

    const Answer& answer_;
    const VrrpStatus::Instance& instance_;
    Lines lines_;
};

}  // namespace

std::string vrrp_details(const Answer& answer) {
    std::string text;
    for (const auto& instance : answer.vrrp.instances()) text += Details(answer, instance).text();
    return text;
}

}  // namespace holdfast::ctl
