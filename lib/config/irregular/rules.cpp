// The lines of virtual_rules and static_rules.
#include <limits>

#include <fmt/format.h>

#include "lib/config/field_text.hpp"
#include "lib/config/irregular/irregular.hpp"
#include "lib/config/irregular/network.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr LineReader::Manner kManner{"the rule", "the rule is dropped", true};

v1::RuleAction action_of(std::string_view word) {
    const auto* type = v1::RuleAction_descriptor();
    for (int i = 0; i < type->value_count(); ++i) {
        for (const std::string& text : type->value(i)->options().GetExtension(v1::word).text()) {
            if (text == word) return static_cast<v1::RuleAction>(type->value(i)->number());
        }
    }
    return v1::RULE_ACTION_UNSPECIFIED;
}

class RuleReader {
  public:
    RuleReader(Binder& binder, const Node& line, v1::Rule& rule, bool is_static)
        : words_(binder, line, kManner), rule_(rule), is_static_(is_static) {}

    bool read() {
        bool usable = true;
        while (usable && !words_.done()) usable = read_next();
        return usable;
    }

  private:
    using Taken = LineReader::Taken;

    bool read_next() {
        const std::string_view word = words_.word();
        if (word == "inet" || word == "inet6") return swallow();
        if (word == "type") return read_type();
        if (action_of(word) != v1::RULE_ACTION_UNSPECIFIED) return read_action();
        const Route* field = words_.find(rule_);
        if (field != nullptr && (is_static_ || word != "track_group")) return read_field(*field);
        words_.complain(fmt::format("'{}' is no word of a rule", word),
                        word == "ip_proto" ? "write ipproto" : "");
        return false;
    }

    bool read_field(const Route& field) {
        const std::string& keyword = field.setting->keyword();
        if (keyword == "table" || keyword == "l3mdev" || keyword == "goto") {
            return is_without_action() && words_.take(rule_, field) == Taken::yes;
        }
        if (keyword == "fwmark") return read_value(&RuleReader::read_mark);
        if (keyword == "realms") return read_value(&RuleReader::read_realms);
        if (keyword == "uidrange") return read_range(*rule_.mutable_uids(), kMaxUid);
        if (keyword == "sport") return read_range(*rule_.mutable_source_ports(), kMaxPort);
        if (keyword == "dport") return read_range(*rule_.mutable_destination_ports(), kMaxPort);
        if (words_.take(rule_, field) != Taken::yes) return false;
        if (keyword == "track_group") check_group();
        return true;
    }

    bool is_without_action() {
        if (!rule_.has_table() && !rule_.l3mdev() && !rule_.has_goto_preference() &&
            !rule_.has_action()) {
            return true;
        }
        words_.complain("a rule has one action only");
        return false;
    }

    bool read_action() {
        if (!is_without_action()) return false;
        rule_.set_action(action_of(words_.word()));
        words_.skip();
        return true;
    }

    /// `type` may stand in front of an action that is no table.
    bool read_type() {
        if (!words_.go_to_value()) return false;
        if (words_.word() == "goto" || action_of(words_.word()) != v1::RULE_ACTION_UNSPECIFIED) {
            return true;
        }
        words_.complain(fmt::format("'{}' is no action of a rule", words_.word()),
                        "it is goto, nop, blackhole, unreachable or prohibit");
        return false;
    }

    /// keepalived drops the word behind these two.
    bool swallow() {
        const std::string family(words_.word());
        words_.skip();
        if (!words_.done()) {
            words_.warn("word_ignored", fmt::format("'{}' is ignored, as keepalived does behind {}",
                                                    words_.word(), family));
        }
        words_.skip();
        return true;
    }

    bool read_value(bool (RuleReader::*take)()) {
        if (!words_.go_to_value() || !(this->*take)()) return false;
        words_.skip();
        return true;
    }
    bool read_realms() { return words_.take_realms(rule_) == Taken::yes; }

    /// N or N/MASK
    bool read_mark() {
        const std::string_view word = words_.word();
        const std::size_t slash = word.find('/');
        const auto mark = read_any_base(word.substr(0, slash), kMaxUid);
        const std::string_view mask_text =
            slash == std::string_view::npos ? std::string_view("0") : word.substr(slash + 1);
        const auto mask = mask_text.empty() ? 0 : read_any_base(mask_text, kMaxUid);
        if (!mark || !mask) {
            words_.complain(fmt::format("fwmark: '{}' is not MARK or MARK/MASK", word));
            return false;
        }
        rule_.set_fwmark(static_cast<std::uint32_t>(*mark));
        rule_.clear_fwmark_mask();
        if (slash != std::string_view::npos) {
            rule_.set_fwmark_mask(static_cast<std::uint32_t>(*mask));
        }
        return true;
    }

    /// A-B
    bool read_range(v1::NumberRange& range, std::uint32_t highest) {
        const std::string keyword(words_.word());
        if (!words_.go_to_value()) return false;
        const std::string_view word = words_.word();
        const std::size_t dash = word.find('-');
        std::optional<std::uint32_t> first;
        std::optional<std::uint32_t> last;
        if (dash != std::string_view::npos) {
            first = core::parse_number<std::uint32_t>(word.substr(0, dash));
            last = core::parse_number<std::uint32_t>(word.substr(dash + 1));
        }
        if (!first || !last || *first > highest || *last > highest) {
            words_.complain(fmt::format("{}: '{}' is no range", keyword, word),
                            dash == std::string_view::npos
                                ? fmt::format("write {} {}-{}", keyword, word, word)
                                : std::string());
            return false;
        }
        if (*last < *first) {
            words_.warn("empty_range", fmt::format("{}: {} ends before it begins", keyword, word));
        }
        range.set_first(*first);
        range.set_last(*last);
        words_.skip();
        return true;
    }

    void check_group() {
        if (words_.binder().is_claimed("track_group", rule_.track_group())) return;
        words_.complain(
            fmt::format("there is no track_group {} before this line", rule_.track_group()));
        rule_.clear_track_group();
    }

    static constexpr std::uint32_t kMaxPort = 65535;
    static constexpr std::uint32_t kMaxUid = std::numeric_limits<std::uint32_t>::max();

    LineReader words_;
    v1::Rule& rule_;
    bool is_static_;
};

void append_range(const char* keyword, const v1::NumberRange& range,
                  std::vector<std::string>& words) {
    words.emplace_back(keyword);
    words.push_back(fmt::format("{}-{}", range.first(), range.last()));
}

/// The selectors first and the action last, as people write it.
std::vector<std::string> words_of(const v1::Rule& rule) {
    std::vector<std::string> words;
    append_words(rule, words);
    if (rule.has_fwmark()) {
        words.emplace_back("fwmark");
        words.push_back(rule.has_fwmark_mask()
                            ? fmt::format("{:#x}/{:#x}", rule.fwmark(), rule.fwmark_mask())
                            : std::to_string(rule.fwmark()));
    }
    append_realms(rule, words);
    if (rule.has_uids()) append_range("uidrange", rule.uids(), words);
    if (rule.has_source_ports()) append_range("sport", rule.source_ports(), words);
    if (rule.has_destination_ports()) append_range("dport", rule.destination_ports(), words);
    if (rule.has_action()) {
        const auto* value = v1::RuleAction_descriptor()->FindValueByNumber(rule.action());
        words.push_back(value->options().GetExtension(v1::word).text(0));
    }
    return words;
}

void parse_virtual(Binder& binder, Targets targets, Node& node) {
    auto& instance = target_as<v1::VrrpInstance>(targets);
    for (const Node& line : node.children) {
        v1::Rule rule;
        if (!RuleReader(binder, line, rule, false).read()) continue;
        *instance.add_virtual_rules() = std::move(rule);
        binder.places().instances.back().add_entry("virtual_rules", line.place);
    }
}
void parse_static(Binder& binder, Targets, Node& node) {
    for (const Node& line : node.children) {
        v1::Rule rule;
        if (!RuleReader(binder, line, rule, true).read()) continue;
        *binder.config().add_static_rules() = std::move(rule);
        binder.places().top.add_entry("static_rules", line.place);
    }
}

template <class Rules>
void write_block(std::string_view keyword, const Rules& rules, LegacyText& out) {
    if (rules.empty()) return;
    out.open(keyword);
    for (const v1::Rule& rule : rules) write_line(words_of(rule), out);
    out.close();
}
void write_virtual(const google::protobuf::Message& block, LegacyText& out) {
    write_block("virtual_rules", block_as<v1::VrrpInstance>(block).virtual_rules(), out);
}
void write_static(const google::protobuf::Message& block, LegacyText& out) {
    write_block("static_rules", block_as<v1::Config>(block).static_rules(), out);
}

constexpr Irregular kTable[] = {
    {"vrrp_instance", "virtual_rules", parse_virtual, write_virtual},
    {"", "static_rules", parse_static, write_static},
};

}  // namespace

std::span<const Irregular> rule_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
