// Samples: the written ones are read, the others follow from the arguments column.
#include "tests/unit/config/keyword_samples.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

#include "lib/config/known_keywords.hpp"
#include "lib/config/model_index.hpp"
#include "lib/core/text.hpp"
#include "tests/unit/config/memory_access.hpp"
#include "tests/unit/config/written_config.hpp"

namespace holdfast::config::testing {

namespace {

constexpr const char* kParts[] = {"global", "vrrp", "network", "services", "bfd"};

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

std::vector<std::string> split_text(std::string_view text, std::string_view separator) {
    std::vector<std::string> parts;
    for (std::size_t at = text.find(separator); at != std::string_view::npos;
         at = text.find(separator)) {
        parts.emplace_back(core::trim(text.substr(0, at)));
        text.remove_prefix(at + separator.size());
    }
    parts.emplace_back(core::trim(text));
    return parts;
}

const std::map<std::string, std::string>& blocks() {
    static const auto kBlocks = [] {
        std::map<std::string, std::string> all;
        for (const auto& columns : table(kKeywordFolder / "blocks.tsv")) {
            all[columns.at(0)] = replace_all(columns.at(1), "\\n", "\n");
        }
        return all;
    }();
    return kBlocks;
}

std::string surround(const std::string& block, const std::string& before,
                     const std::string& statement) {
    const std::string given = before == "-" ? "" : replace_all(before, "\\n", "\n");
    const bool whole = given.find('%') != std::string::npos;
    std::string text = whole ? given : blocks().at(block);
    const std::string inside = whole || given.empty() ? statement : given + "\n" + statement;
    return text.replace(text.find('%'), 1, inside) + "\n";
}

std::string statement_of(const KeywordRow& row, const std::string& words) {
    if (row.keyword == "(entry)") return words;
    return words.empty() ? row.keyword : row.keyword + " " + words;
}

std::vector<std::pair<std::string, std::string>> read_fields(const std::string& column) {
    std::vector<std::pair<std::string, std::string>> fields;
    if (column == "-") return fields;
    for (const std::string& part : split_text(column, " ; ")) {
        const std::size_t equals = part.find('=');
        if (equals == std::string::npos) throw std::runtime_error("no '=' in " + column);
        fields.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    }
    return fields;
}

/// What a written row says about the derived samples of its keyword.
struct Derivation {
    std::string before = "-";
    bool none = false;
    std::set<std::string> replaced;
};

/// The derived samples of one row.
class Deriver {
  public:
    Deriver(const KeywordRow& row, const Derivation& how) : row_(row), how_(how) {
        if (const auto field = field_of(row)) {
            field_ = *field;
            has_field_ = true;
            const v1::Setting& setting = *field_.setting;
            plain_ =
                setting.syntax() != v1::IRREGULAR && field_.path.back()->message_type() == nullptr;
        }
    }

    std::vector<Sample> run() {
        if (how_.none) return {};
        if (blocks().contains(path_below(row_.block == "(top)" ? "" : row_.block, row_.keyword))) {
            derive_block();
        } else if (row_.keyword != "(entry)") {
            derive_words();
        }
        derive_missing_word();
        return std::move(samples_);
    }

  private:
    Sample& add(const std::string& words, bool accepted) {
        if (how_.replaced.contains(words)) return unused_ = Sample{};
        Sample& sample = samples_.emplace_back();
        sample.block = row_.block;
        sample.keyword = row_.keyword;
        sample.words = words.empty() ? "-" : replace_all(words, "\n", "\\n");
        sample.text = surround(row_.block, how_.before, statement_of(row_, words));
        sample.accepted = accepted;
        sample.derived = true;
        return sample;
    }
    void accept(const std::string& words, const std::string& value = {}) {
        Sample& sample = add(words, true);
        if (plain_ && !value.empty()) sample.fields.emplace_back("", value);
    }
    /// A refused value leaves what was there before, or what the field's option says.
    void refuse(const std::string& words) {
        Sample& sample = add(words, false);
        if (!plain_ || sample.text.empty()) return;
        const v1::Setting& setting = *field_.setting;
        std::string value;
        if (setting.has_refused()) {
            value = scaled(setting.refused());
        } else {
            value = value_at(written_config(surround(row_.block, how_.before, "")), field_);
        }
        sample.fields.emplace_back("", value);
    }

    /// A number people write, as the field keeps it.
    [[nodiscard]] std::string scaled(double value) const {
        double factor = 1;
        if (has_field_ && field_.setting->syntax() == v1::SECONDS) factor = 1e6;
        if (has_field_ && field_.setting->syntax() == v1::MILLISECONDS) factor = 1e3;
        return fmt::format("{:.0f}", value * factor);
    }

    void derive_block() {
        Sample& sample = add("{ }", true);
        sample.words = "(block)";
        if (!sample.block.empty()) sample.text = bare_block(path_of_block());
    }
    [[nodiscard]] std::string path_of_block() const {
        return path_below(row_.block == "(top)" ? "" : row_.block, row_.keyword);
    }

    void derive_words() {
        static const std::regex kInteger(
            R"((\[?)u?int\[(-?\d+)\.\.(-?\d+)\]\]?( s| us| bytes)?(\]?)( \[reverse\])?)");
        static const std::regex kDecimal(R"(decimal (s|ms)(?: \(([^)]*)\))?)");
        static const std::regex kChoice(R"([A-Za-z0-9.-]+(\|[A-Za-z0-9.-]+)+)");
        std::smatch parts;
        const std::string& arguments = row_.arguments;
        if (std::regex_match(arguments, parts, kInteger)) {
            derive_integer(parts[2], parts[3]);
            if (!parts[1].str().empty()) accept("");
        } else if (std::regex_match(arguments, parts, kDecimal)) {
            derive_decimal(parts[2]);
        } else if (arguments == "[bool]") {
            derive_bool();
        } else if (arguments == "-") {
            accept("", "true");
            if (row_.has_flag('X')) accept("off", "true");
        } else if (arguments == "NAME" || arguments == "STRING") {
            accept("sample-word", "sample-word");
        } else if (std::regex_match(arguments, kChoice)) {
            for (const std::string_view word : core::split(arguments, '|'))
                accept(std::string(word));
            refuse("nonsense");
        }
    }

    void derive_integer(const std::string& lowest, const std::string& highest) {
        accept(lowest, scaled(std::stod(lowest)));
        accept(highest, scaled(std::stod(highest)));
        refuse(fmt::format("{}", std::stoll(lowest) - 1));
        refuse(fmt::format("{}", std::stoll(highest) + 1));
        refuse("nonsense");
    }

    void derive_decimal(const std::string& range) {
        static const std::regex kEdges(R"(([0-9.]+)\.\.([0-9.]+))");
        static const std::regex kMax(R"(max (\d+))");
        static const std::regex kDigits(R"((\d) decimals)");
        std::smatch parts;
        const int digits = std::regex_search(range, parts, kDigits) ? std::stoi(parts[1]) : 6;
        if (std::regex_search(range, parts, kEdges)) {
            accept(parts[1], scaled(std::stod(parts[1])));
            accept(parts[2], scaled(std::stod(parts[2])));
            refuse(parts[2].str() + "." + std::string(at(digits - 1), '0') + "1");
            const double below = std::stod(parts[1]) - std::pow(0.1, digits);
            if (below >= 0) refuse(below < 1e-9 ? "0" : fmt::format("{:.{}f}", below, digits));
        } else if (std::regex_search(range, parts, kMax)) {
            accept(parts[1], scaled(std::stod(parts[1])));
            refuse(fmt::format("{}", std::stoll(parts[1]) + 1));
        } else {
            accept("4.5", scaled(4.5));
        }
        if (range.find("> 0") != std::string::npos) refuse("0");
        // A digit too many is rounded away, with a complaint.
        add("1500." + std::string(at(digits), '0') + "4", false);
        if (std::regex_search(range, parts, kEdges) && std::stod(parts[2]) < 1500 &&
            !samples_.empty()) {
            samples_.pop_back();
            add("1." + std::string(at(digits), '0') + "4", false);
        }
        refuse("-1");
        refuse("nonsense");
    }

    void derive_bool() {
        accept("", "true");
        for (const char* word : {"true", "on", "yes"}) accept(word, "true");
        for (const char* word : {"false", "off", "no"}) accept(word, "false");
        refuse("True");
    }

    void derive_missing_word() {
        const std::string words = row_.arguments.find("{ ") != std::string::npos ? "{\n}" : "";
        if (row_.has_flag('M')) {
            add(words, false).missing_word_ends = true;
        } else if (row_.has_flag('C')) {
            add(words, false);
        }
    }

    static std::size_t at(int count) { return static_cast<std::size_t>(std::max(count, 0)); }

    const KeywordRow& row_;
    const Derivation& how_;
    FieldOfKeyword field_;
    bool has_field_ = false;
    bool plain_ = false;
    std::vector<Sample> samples_;
    Sample unused_;
};

Sample read_sample(const std::vector<std::string>& columns, const KeywordRow& row) {
    Sample sample;
    sample.block = columns.at(0);
    sample.keyword = columns.at(1);
    sample.words = columns.at(3);
    const std::string words = sample.words == "-" ? "" : replace_all(sample.words, "\\n", "\n");
    sample.text = surround(sample.block, columns.at(2), statement_of(row, words));
    sample.accepted = columns.at(4) == "-";
    if (!sample.accepted) sample.classes = split_text(columns.at(4), "+");
    sample.fields = read_fields(columns.at(5));
    sample.keepalived = columns.at(6);
    return sample;
}

void set_differences(std::vector<Sample>& samples) {
    std::map<std::string, std::string> known;
    for (const auto& columns : table(kKeywordFolder / "differences.tsv")) {
        known[columns.at(0) + "\t" + columns.at(1) + "\t" + columns.at(2)] = columns.at(3);
    }
    for (Sample& sample : samples) {
        if (!sample.derived) continue;
        for (const std::string& words : {std::string("*"), sample.words}) {
            const auto found = known.find(sample.block + "\t" + sample.keyword + "\t" + words);
            if (found != known.end()) sample.keepalived = found->second;
        }
    }
}

/// "2.2.8" and "after 2.4.3" are younger than what we compare with.
bool is_newer(const std::string& since) {
    std::vector<int> parts;
    for (const std::string_view part : core::split(since, '.')) {
        const auto number = core::parse_number<int>(part);
        if (!number) return true;
        parts.push_back(*number);
    }
    return parts > std::vector<int>{2, 2, 7};
}

}  // namespace

std::vector<std::vector<std::string>> table(const std::filesystem::path& file) {
    std::vector<std::vector<std::string>> rows;
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line.front() == '#') continue;
        std::vector<std::string> columns;
        for (const std::string_view column : core::split(line, '\t')) columns.emplace_back(column);
        rows.push_back(std::move(columns));
    }
    return rows;
}

std::vector<KeywordRow> keyword_rows() {
    std::vector<KeywordRow> rows;
    for (const auto& columns : table(HOLDFAST_KEYWORDS)) {
        rows.push_back({columns.at(0), columns.at(1), columns.at(2), columns.at(3), columns.at(4)});
    }
    return rows;
}

std::string bare_block(const std::string& block) {
    return blocks().contains(block) ? surround(block, "-", "") : "";
}

std::vector<Sample> all_samples() {
    std::map<std::string, KeywordRow> rows;
    for (const KeywordRow& row : keyword_rows()) rows[row.name()] = row;
    std::map<std::string, Derivation> derivations;
    std::vector<Sample> samples;
    for (const char* part : kParts) {
        for (const auto& columns : table(kKeywordFolder / (std::string(part) + ".tsv"))) {
            const std::string name = columns.at(0) + "\t" + columns.at(1);
            if (!rows.contains(name)) throw std::runtime_error("keywords.tsv has no " + name);
            if (columns.size() != 7) throw std::runtime_error("not 7 columns: " + name);
            Derivation& how = derivations[name];
            if (columns.at(3) == "*") {
                how.before = columns.at(2);
            } else if (columns.at(3) == "!") {
                how.none = true;
            } else {
                how.replaced.insert(columns.at(3) == "-" ? "" : columns.at(3));
                samples.push_back(read_sample(columns, rows.at(name)));
            }
        }
    }
    for (const auto& row : keyword_rows()) {
        for (Sample& derived : Deriver(row, derivations[row.name()]).run()) {
            samples.push_back(std::move(derived));
        }
    }
    set_differences(samples);
    for (Sample& sample : samples) {
        const KeywordRow& row = rows.at(sample.block + "\t" + sample.keyword);
        if (is_newer(row.since)) sample.keepalived = "? younger than 2.2.7";
        if (!field_of(row)) sample.keepalived = "? no field yet";
    }
    return samples;
}

}  // namespace holdfast::config::testing
