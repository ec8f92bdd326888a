// The lines of virtual_routes and static_routes.
#include <fmt/format.h>

#include "lib/config/field_text.hpp"
#include "lib/config/irregular/irregular.hpp"
#include "lib/config/irregular/network.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

using google::protobuf::EnumDescriptor;

constexpr std::uint64_t kMillisecond = 1'000;
constexpr std::uint64_t kSecond = 1'000'000;
constexpr double kLongestTime = 4294967295.0;

constexpr LineReader::Manner kManner{"the route", "the route is dropped", true};

/// The value of an enum that is written as this word, 0 for none.
int number_of(const EnumDescriptor* type, std::string_view word) {
    for (int i = 0; i < type->value_count(); ++i) {
        for (const std::string& text : type->value(i)->options().GetExtension(v1::word).text()) {
            if (text == word) return type->value(i)->number();
        }
    }
    return 0;
}
std::string word_of(const EnumDescriptor* type, int number) {
    const auto* value = type->FindValueByNumber(number);
    const auto& texts = value->options().GetExtension(v1::word).text();
    return texts.empty() ? std::string() : texts.Get(0);
}

/// How a time without unit counts, in units of a second: the kernel keeps rtt in eighths and rttvar
/// in quarters of a millisecond.
std::uint64_t bare_units(std::string_view keyword) {
    if (keyword == "rtt") return 8'000;
    return keyword == "rttvar" ? 4'000 : 1'000;
}

class RouteReader {
  public:
    RouteReader(Binder& binder, const Node& line, v1::Route& route, bool is_static)
        : words_(binder, line, kManner), route_(route), is_static_(is_static) {}

    bool read() {
        bool usable = read_type();
        while (usable && !words_.done()) usable = read_next();
        if (usable) take_second_gateway();
        return usable;
    }

  private:
    using Taken = LineReader::Taken;

    bool read_type() {
        const int type = number_of(v1::RouteType_descriptor(), words_.word());
        if (type == 0) return true;
        route_.set_type(static_cast<v1::RouteType>(type));
        words_.skip();
        return words_.done() || read_destination();
    }

    bool read_destination() {
        const bool replaces = route_.has_destination();
        const WordResult result = set_from_word(route_, field_named(route_, "destination"),
                                                words_.word(), words_.binder().names());
        if (!result.used) {
            words_.complain(
                fmt::format("'{}' is neither a word of a route nor a destination", words_.word()),
                words_.word() == "gateway" ? "write via" : "");
        } else if (!result.problem.empty()) {
            words_.binder().report().error(Complaint::general, "bad_prefix_length", words_.place(),
                                           result.problem);
        }
        if (result.used && replaces) {
            words_.warn("replaced_destination",
                        fmt::format("{} replaces the destination before it", words_.word()));
        }
        words_.skip();
        return result.used;
    }

    bool read_next() {
        const std::string_view word = words_.word();
        if (word == "inet" || word == "inet6") return swallow();
        if (word == "or") return read_second_gateway();
        if (word == "as") return skip_as();
        if (word == "nexthop") return read_next_hops();
        if (const int placement = number_of(v1::RoutePlacement_descriptor(), word)) {
            route_.set_placement(static_cast<v1::RoutePlacement>(placement));
            words_.skip();
            return true;
        }
        const Route* field = words_.find(route_);
        const bool known = field != nullptr && (is_static_ || word != "track_group");
        return known ? read_field(*field) : read_destination();
    }

    bool read_field(const Route& field) {
        const std::string& keyword = field.setting->keyword();
        if (keyword == "encap") {
            return read_encapsulation(words_, *route_.mutable_encapsulation());
        }
        if (keyword == "realms") {
            if (!words_.go_to_value() || words_.take_realms(route_) != Taken::yes) return false;
            words_.skip();
            return true;
        }
        if (keyword == "via") return read_gateway(field);
        if (number_of(v1::RouteMetric_descriptor(), keyword) != 0) return read_metric(field);
        if (words_.take(route_, field) != Taken::yes) return false;
        if (keyword == "track_group") check_group();
        return true;
    }

    /// `via [inet|inet6] IP`
    bool read_gateway(const Route& field) {
        if (field.deprecated) return words_.take(route_, field) == Taken::yes;
        return read_address("gateway", route_);
    }
    bool read_address(const char* name, google::protobuf::Message& message) {
        if (!words_.go_to_value()) return false;
        const std::string family(words_.word());
        const bool given = family == "inet" || family == "inet6";
        if (given && !words_.go_to_value()) return false;
        const auto* field = field_named(message, name);
        if (words_.take_word(message, field, words_.word()) != Taken::yes) return false;
        const std::string octets = message.GetReflection()->GetString(message, field);
        if (given && octets.size() != (family == "inet6" ? 16 : 4)) {
            words_.complain(fmt::format("{} is no address of {}", words_.word(), family));
            return false;
        }
        words_.skip();
        return true;
    }

    /// `KEYWORD [lock] VALUE`
    bool read_metric(const Route& field) {
        const std::string keyword(field.setting->keyword());
        if (!words_.go_to_value()) return false;
        if (words_.word() == "lock") {
            route_.add_locked(
                static_cast<v1::RouteMetric>(number_of(v1::RouteMetric_descriptor(), keyword)));
            if (!words_.go_to_value()) return false;
        }
        const bool is_time = field.setting->syntax() == v1::IRREGULAR;
        const bool usable =
            is_time ? read_time(field)
                    : words_.take_word(route_, field.path.back(), words_.word()) == Taken::yes;
        words_.skip();
        return usable;
    }

    /// A decimal number with s or ms; without unit, the kernel's own one.
    bool read_time(const Route& field) {
        std::string_view word = words_.word();
        ReadNumber<std::uint64_t> time;
        const auto cut = [&](std::string_view unit) {
            return word.substr(0, word.size() - unit.size());
        };
        if (word.ends_with("ms") || word.ends_with("MS")) {
            time = read_decimal(cut("ms"), kMillisecond, 0, 0, kLongestTime);
        } else if (word.ends_with('s') || word.ends_with('S')) {
            time = read_decimal(cut("s"), kSecond, 6, 0, kLongestTime);
        } else {
            const std::uint64_t units = bare_units(field.setting->keyword());
            time = read_decimal(word, kSecond, 0, 0,
                                field.setting->max() * static_cast<double>(units));
            if (time.value) *time.value /= units;
        }
        if (!time.value) {
            words_.complain(fmt::format("{}: {}", field.setting->keyword(), time.problem));
            return false;
        }
        if (!time.problem.empty()) {
            words_.binder().report().error(Complaint::invalid_number, "bad_value", words_.place(),
                                           time.problem + "; it is rounded");
        }
        route_.GetReflection()->SetUInt64(&route_, field.path.back(), *time.value);
        return true;
    }

    /// keepalived drops the word behind these two when they stand alone.
    bool swallow() {
        const std::string family(words_.word());
        words_.skip();
        if (!words_.done()) {
            words_.warn(
                "word_ignored",
                fmt::format("'{}' is ignored, as keepalived does behind {}", words_.word(), family),
                fmt::format("{} belongs behind via", family));
        }
        words_.skip();
        return true;
    }

    bool skip_as() {
        words_.complain("'as' is for MPLS routes, which cannot be configured");
        return false;
    }

    bool read_second_gateway() {
        words_.binder()
            .report()
            .error(Complaint::deprecated, "deprecated", words_.place(), "or is deprecated")
            .hint = "write nexthop via IP nexthop via IP";
        return read_address("gateway", second_);
    }
    /// `via A or B` are two ways.
    void take_second_gateway() {
        if (!second_.has_gateway()) return;
        if (route_.has_gateway()) {
            route_.add_next_hops()->set_gateway(route_.gateway());
            route_.clear_gateway();
        }
        *route_.add_next_hops() = second_;
    }

    void check_group() {
        const std::string& name = route_.track_group();
        if (words_.binder().is_claimed("track_group", name)) return;
        words_.complain(fmt::format("there is no track_group {} before this line", name));
        route_.clear_track_group();
    }

    bool read_next_hops() {
        while (words_.word() == "nexthop") {
            words_.skip();
            v1::NextHop& hop = *route_.add_next_hops();
            while (!words_.done() && words_.word() != "nexthop") {
                if (!read_of_next_hop(hop)) return false;
            }
        }
        return true;
    }

    bool read_of_next_hop(v1::NextHop& hop) {
        const Route* field = words_.find(hop);
        if (field == nullptr) {
            words_.complain(fmt::format("'{}' is no word of a next hop", words_.word()),
                            "what concerns the whole route stands before the first nexthop");
            return false;
        }
        const std::string& keyword = field->setting->keyword();
        if (keyword == "via") return read_address("gateway", hop);
        if (keyword == "encap") return read_encapsulation(words_, *hop.mutable_encapsulation());
        if (keyword != "realms") return words_.take(hop, *field) == Taken::yes;
        if (!words_.go_to_value() || words_.take_realms(hop) != Taken::yes) return false;
        words_.skip();
        return true;
    }

    LineReader words_;
    v1::Route& route_;
    v1::NextHop second_;
    bool is_static_;
};

bool is_locked(const v1::Route& route, std::string_view keyword) {
    const int metric = number_of(v1::RouteMetric_descriptor(), keyword);
    for (const int locked : route.locked()) {
        if (locked == metric) return true;
    }
    return false;
}

/// Whole milliseconds with their unit, others as the kernel counts them, the rest in seconds.
std::string time_text(std::string_view keyword, std::uint64_t us) {
    if (us % kMillisecond == 0) return fmt::format("{}ms", us / kMillisecond);
    const std::uint64_t step = kSecond / bare_units(keyword);
    return us % step == 0 ? std::to_string(us / step) : decimal_text(us) + "s";
}

void append_next_hop(const v1::NextHop& hop, std::vector<std::string>& words) {
    words.emplace_back("nexthop");
    append_words(hop, words);
    if (hop.has_encapsulation()) append_encapsulation(hop.encapsulation(), words);
    append_realms(hop, words);
}

void append_metric(const v1::Route& route, const google::protobuf::FieldDescriptor* field,
                   std::vector<std::string>& words) {
    const v1::Setting& setting = setting_of(field);
    std::vector<std::string> pair;
    if (setting.syntax() == v1::IRREGULAR) {
        pair = {setting.keyword(),
                time_text(setting.keyword(), route.GetReflection()->GetUInt64(route, field))};
    } else {
        append_field(route, field, pair);
    }
    if (is_locked(route, setting.keyword())) pair.insert(pair.begin() + 1, "lock");
    words.insert(words.end(), pair.begin(), pair.end());
}

std::vector<std::string> words_of(const v1::Route& route) {
    std::vector<std::string> words;
    if (route.has_type()) words.push_back(word_of(v1::RouteType_descriptor(), route.type()));
    words.push_back(*word_of_field(route, field_named(route, "destination")));
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    route.GetReflection()->ListFields(route, &fields);
    for (const auto* field : fields) {
        const v1::Setting& setting = setting_of(field);
        if (!setting.has_keyword() || setting.keyword() == "to") continue;
        if (number_of(v1::RouteMetric_descriptor(), setting.keyword()) != 0) {
            append_metric(route, field, words);
        } else if (setting.syntax() != v1::IRREGULAR) {
            append_field(route, field, words);
        }
    }
    append_realms(route, words);
    if (route.has_encapsulation()) append_encapsulation(route.encapsulation(), words);
    if (route.has_placement()) {
        words.push_back(word_of(v1::RoutePlacement_descriptor(), route.placement()));
    }
    for (const v1::NextHop& hop : route.next_hops()) append_next_hop(hop, words);
    return words;
}

void parse_virtual(Binder& binder, Targets targets, Node& node) {
    auto& instance = target_as<v1::VrrpInstance>(targets);
    for (const Node& line : node.children) {
        v1::Route route;
        if (!RouteReader(binder, line, route, false).read()) continue;
        *instance.add_virtual_routes() = std::move(route);
        binder.places().instances.back().add_entry("virtual_routes", line.place);
    }
}
void parse_static(Binder& binder, Targets, Node& node) {
    for (const Node& line : node.children) {
        v1::Route route;
        if (!RouteReader(binder, line, route, true).read()) continue;
        *binder.config().add_static_routes() = std::move(route);
        binder.places().top.add_entry("static_routes", line.place);
    }
}

template <class Routes>
void write_block(std::string_view keyword, const Routes& routes, LegacyText& out) {
    if (routes.empty()) return;
    out.open(keyword);
    for (const v1::Route& route : routes) {
        if (route.has_destination()) {
            write_line(words_of(route), out);
        } else {
            out.problem("a route without destination cannot be written");
        }
    }
    out.close();
}
void write_virtual(const google::protobuf::Message& block, LegacyText& out) {
    write_block("virtual_routes", block_as<v1::VrrpInstance>(block).virtual_routes(), out);
}
void write_static(const google::protobuf::Message& block, LegacyText& out) {
    write_block("static_routes", block_as<v1::Config>(block).static_routes(), out);
}

constexpr Irregular kTable[] = {
    {"vrrp_instance", "virtual_routes", parse_virtual, write_virtual},
    {"", "static_routes", parse_static, write_static},
};

}  // namespace

std::span<const Irregular> route_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
