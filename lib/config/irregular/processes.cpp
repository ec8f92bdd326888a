// Settings of global_defs about processes, buffers and files: numbers that are clamped, lists, the
// file mode mask.
#include <array>

#include <charconv>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/irregular/setting_field.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/numbers.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr std::int64_t kLowestRealTime = 1;
constexpr std::int64_t kHighestRealTime = 99;
constexpr std::int64_t kMost32 = 4294967295;
constexpr unsigned kAllRights = 0777;

void refuse_number(Binder& binder, const Node& node, std::size_t word, std::string text) {
    binder.report().error(Complaint::invalid_number, "bad_value", node.place_of(word),
                          std::move(text));
}

/// A value outside of the kernel's range becomes its edge.
void parse_real_time_priority(Binder& binder, Targets targets, Node& node) {
    const auto number = read_integer(node.word(0), -kMost32, kMost32);
    if (!number.problem.empty()) {
        refuse_number(binder, node, 0, fmt::format("{}: {}", node.keyword, number.problem));
    }
    if (!number.value) return;
    const std::int64_t value = std::clamp(*number.value, kLowestRealTime, kHighestRealTime);
    if (value != *number.value) {
        refuse_number(binder, node, 0,
                      fmt::format("{}: {} is not between {} and {}; it becomes {}", node.keyword,
                                  *number.value, kLowestRealTime, kHighestRealTime, value));
    }
    SettingField(*targets.front(), node.keyword).set_number(value);
}

void parse_automatic_priority(Binder& binder, Targets targets, Node& node) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    if (node.words.empty()) {
        global.set_max_auto_priority(static_cast<std::int32_t>(kHighestRealTime));
        return;
    }
    const auto number = read_integer(node.word(0), -1, kHighestRealTime);
    if (!number.problem.empty()) {
        refuse_number(binder, node, 0, fmt::format("max_auto_priority: {}", number.problem));
    }
    if (number.value) global.set_max_auto_priority(static_cast<std::int32_t>(*number.value));
}

/// One processor that is not there, and none of the list counts.
void parse_processors(Binder& binder, Targets targets, Node& node) {
    SettingField field(*targets.front(), node.keyword);
    field.clear();
    const HostFacts* host = binder.request().host;
    const unsigned there = host != nullptr ? host->processors() : 0;
    const std::int64_t highest = there > 0 ? there - 1 : kMost32;
    for (std::size_t i = 0; i < node.words.size(); ++i) {
        const auto number = read_integer(node.word(i), 0, highest);
        if (!number.problem.empty()) {
            refuse_number(binder, node, i,
                          fmt::format("{}: {}; the list is ignored", node.keyword, number.problem));
            field.clear();
            return;
        }
        field.add_number(static_cast<std::uint32_t>(*number.value));
    }
}

bool same_letters(std::string_view word, std::string_view upper) {
    return std::ranges::equal(word, upper, {}, [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
}

/// MTU, ADVERT and a size in any order; keepalived always takes the first word for the size.
void parse_receive_buffers(Binder& binder, Targets targets, Node& node) {
    auto& global = target_as<v1::GlobalDefs>(targets);
    global.clear_rx_bufs_policy();
    global.clear_rx_bufs_size();
    const auto refuse = [&](std::string text) { binder.refuse(node, std::move(text)); };
    for (const Word& word : node.words) {
        if (same_letters(word.text, "MTU")) {
            global.set_rx_bufs_policy(v1::RECEIVE_BUFFER_MTU);
        } else if (same_letters(word.text, "ADVERT")) {
            if (global.rx_bufs_policy() == v1::RECEIVE_BUFFER_MTU) {
                refuse("vrrp_rx_bufs_policy: MTU and ADVERT exclude each other; ADVERT is ignored");
            } else {
                global.set_rx_bufs_policy(v1::RECEIVE_BUFFER_ADVERT);
            }
        } else if (const auto size = read_integer(node.word(0), 0, kMost32); size.problem.empty()) {
            global.set_rx_bufs_size(static_cast<std::uint32_t>(*size.value));
        } else {
            refuse_number(binder, node, 0, fmt::format("vrrp_rx_bufs_policy: {}", size.problem));
        }
    }
    if (global.has_rx_bufs_size() && global.has_rx_bufs_policy()) {
        refuse(
            "vrrp_rx_bufs_policy: a size and a policy exclude each other; the policy is ignored");
        global.clear_rx_bufs_policy();
    }
}
void write_receive_buffers(const google::protobuf::Message& block, LegacyText& out) {
    const auto& global = block_as<v1::GlobalDefs>(block);
    if (global.has_rx_bufs_size()) {
        out.statement("vrrp_rx_bufs_policy", global.rx_bufs_size());
    } else if (global.has_rx_bufs_policy()) {
        out.statement("vrrp_rx_bufs_policy",
                      global.rx_bufs_policy() == v1::RECEIVE_BUFFER_MTU ? "MTU" : "ADVERT");
    }
}

void parse_receive_multiplier(Binder& binder, Targets targets, Node& node) {
    if (node.words.size() != 1) {
        binder.refuse(node, "vrrp_rx_bufs_multiplier takes one word; it is ignored");
        return;
    }
    const auto number = read_integer(node.word(0), 1, kMost32);
    if (!number.problem.empty()) {
        refuse_number(binder, node, 0, fmt::format("vrrp_rx_bufs_multiplier: {}", number.problem));
    }
    if (number.value) {
        target_as<v1::GlobalDefs>(targets).set_rx_bufs_multiplier(
            static_cast<std::uint32_t>(*number.value));
    }
}

struct RightsName {
    std::string_view name;
    unsigned bits;
};
constexpr RightsName kRights[] = {
    {"IRUSR", 0400}, {"IWUSR", 0200}, {"IXUSR", 0100}, {"IRWXU", 0700},
    {"IRGRP", 0040}, {"IWGRP", 0020}, {"IXGRP", 0010}, {"IRWXG", 0070},
    {"IROTH", 0004}, {"IWOTH", 0002}, {"IXOTH", 0001}, {"IRWXO", 0007},
};

/// A number as C writes it: 0x hexadecimal, 0 octal.
std::optional<unsigned> read_mask_number(std::string_view word) {
    int base = 10;
    if (word.starts_with("0x") || word.starts_with("0X")) {
        base = 16;
        word.remove_prefix(2);
    } else if (word.starts_with('0')) {
        base = 8;
    }
    unsigned value = 0;
    const auto [end, failure] =
        std::from_chars(word.data(), word.data() + word.size(), value, base);
    if (failure != std::errc{} || end != word.data() + word.size() || value > kAllRights) {
        return std::nullopt;
    }
    return value;
}

/// Names of rights, with `|` between them and blanks where one likes.
std::optional<unsigned> read_mask_names(const Node& node, std::string& unknown) {
    unsigned mask = 0;
    for (const Word& word : node.words) {
        for (const std::string_view name : core::split(word.text, '|')) {
            if (name.empty()) continue;
            const auto found = std::ranges::find(kRights, name, &RightsName::name);
            if (found == std::end(kRights)) {
                unknown = name;
                return std::nullopt;
            }
            mask |= found->bits;
        }
    }
    return mask;
}

void parse_umask(Binder& binder, Targets targets, Node& node) {
    const std::string_view first = node.word(0);
    const bool is_number = !first.empty() && first.front() >= '0' && first.front() <= '9';
    std::string unknown(first);
    const auto mask = is_number ? read_mask_number(first) : read_mask_names(node, unknown);
    if (!mask) {
        auto& error = binder.report().error(
            Complaint::general, "bad_value", node.place_of(0),
            fmt::format("umask: '{}' is neither a mask nor the name of a right", unknown));
        error.hint = "write an octal number such as 0177, or names such as IRWXG | IRWXO";
        return;
    }
    target_as<v1::GlobalDefs>(targets).set_umask(fmt::format("0{:03o}", *mask));
}

constexpr std::array<std::string_view, 4> kIncludeChecks = {"read", "match", "wildcard_match",
                                                            "brace_match"};

/// Words without a sign say all of it, so that one of them twice is a mistake.
void parse_include_check(Binder& binder, Targets targets, Node& node) {
    auto& words = *target_as<v1::GlobalDefs>(targets).mutable_include_check();
    words.Clear();
    if (node.words.empty()) {
        for (const std::string_view name : kIncludeChecks) words.Add(std::string(name));
        return;
    }
    for (std::size_t i = 0; i < node.words.size(); ++i) {
        const std::string_view word = node.word(i);
        const bool sign = word.starts_with('+') || word.starts_with('-');
        const std::string_view name = sign ? word.substr(1) : word;
        const auto complain = [&](std::string text) {
            return &binder.report().error(Complaint::general, "bad_value", node.place_of(i),
                                          std::move(text));
        };
        if (std::ranges::find(kIncludeChecks, name) == kIncludeChecks.end()) {
            auto* error = complain(fmt::format("include_check: '{}' is unknown and ignored", name));
            const std::vector<std::string> known(kIncludeChecks.begin(), kIncludeChecks.end());
            error->hint = fmt::format("it is one of {}", core::join(known, ", "));
            if (name == "readable") error->hint = "keepalived calls it read";
        } else if (!sign && std::ranges::find(words, word) != words.end()) {
            complain(fmt::format("include_check: {} is there more than once", word));
        } else {
            words.Add(std::string(word));
        }
    }
}

constexpr Irregular kTable[] = {
    {"global_defs", "vrrp_rt_priority", parse_real_time_priority, write_as<"vrrp_rt_priority">},
    {"global_defs", "checker_rt_priority", parse_real_time_priority,
     write_as<"checker_rt_priority">},
    {"global_defs", "bfd_rt_priority", parse_real_time_priority, write_as<"bfd_rt_priority">},
    {"global_defs", "max_auto_priority", parse_automatic_priority, write_as<"max_auto_priority">},
    {"global_defs", "vrrp_cpu_affinity", parse_processors, write_as<"vrrp_cpu_affinity">},
    {"global_defs", "checker_cpu_affinity", parse_processors, write_as<"checker_cpu_affinity">},
    {"global_defs", "bfd_cpu_affinity", parse_processors, write_as<"bfd_cpu_affinity">},
    {"global_defs", "vrrp_rx_bufs_policy", parse_receive_buffers, write_receive_buffers},
    {"global_defs", "vrrp_rx_bufs_multiplier", parse_receive_multiplier,
     write_as<"vrrp_rx_bufs_multiplier">},
    {"global_defs", "umask", parse_umask, write_as<"umask">},
    {"global_defs", "include_check", parse_include_check, write_as<"include_check">},
};

}  // namespace

std::span<const Irregular> process_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
