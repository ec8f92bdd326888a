// bfd_instance.
#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/irregular/setting_field.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kLongestName = 31;
constexpr std::int64_t kMaxWeight = 253;

/// Why a block with this name is skipped; empty when it is not.
std::string problem_of_name(Binder& binder, std::string_view name) {
    if (name.empty()) return "bfd_instance must have a name; the block is skipped";
    if (name.size() > kLongestName) {
        return fmt::format("the name {} is longer than {} characters; the block is skipped", name,
                           kLongestName);
    }
    if (!binder.claim("bfd_instance", name)) {
        return fmt::format("bfd_instance {} is there already; this block is skipped", name);
    }
    return {};
}

void parse_instance(Binder& binder, Targets, Node& node) {
    const std::string name(node.word(0));
    if (const std::string problem = problem_of_name(binder, name); !problem.empty()) {
        binder.report().error(Complaint::general, name.empty() ? "missing_name" : "duplicate",
                              node.place_of(0), problem);
        return;
    }
    auto& instance = *binder.config().add_bfd_instances();
    instance.set_name(name);
    ObjectPlaces& places = binder.places().bfd.emplace_back();
    places.block = node.place;
    binder.report().set_object("bfd_instance " + name);
    google::protobuf::Message* const targets[] = {&instance};
    binder.bind_block(targets, node, &places);
    binder.report().set_object({});
}
void write_instances(const google::protobuf::Message& block, LegacyText& out) {
    for (const auto& instance : block_as<v1::Config>(block).bfd_instances()) {
        const google::protobuf::Message* const parts[] = {&instance};
        out.open("bfd_instance", instance.name());
        write_settings("bfd_instance", parts, out);
        out.close();
    }
}

void parse_address(Binder& binder, Targets targets, Node& node) {
    const auto address = core::Address::from_text(node.word(0));
    if (!address) {
        binder.refuse(node, fmt::format("{}: '{}' is not an address", node.keyword, node.word(0)));
        return;
    }
    SettingField(*targets.front(), node.keyword).set_text(address->octets());
}

void parse_weight(Binder& binder, Targets targets, Node& node) {
    auto& instance = target_as<v1::BfdInstance>(targets);
    const auto number = read_integer(node.word(0), -kMaxWeight, kMaxWeight);
    if (!number.problem.empty()) {
        binder.refuse(node, fmt::format("weight: {}", number.problem), Complaint::invalid_number);
    }
    if (!number.value) return;
    instance.set_weight(static_cast<std::int32_t>(*number.value));
    instance.clear_reverse();
    if (node.word(1) == "reverse") {
        instance.set_reverse(true);
    } else if (node.words.size() > 1) {
        binder.report().error(
            Complaint::general, "bad_value", node.place_of(1),
            fmt::format("weight: '{}' is unknown; only reverse may follow", node.word(1)));
    }
}
void write_weight(const google::protobuf::Message& block, LegacyText& out) {
    const auto& instance = block_as<v1::BfdInstance>(block);
    if (!instance.has_weight()) return;
    if (instance.reverse()) {
        out.statement("weight", instance.weight(), "reverse");
    } else {
        out.statement("weight", instance.weight());
    }
}

constexpr Irregular kTable[] = {
    {"", "bfd_instance", parse_instance, write_instances},
    {"bfd_instance", "neighbor_ip", parse_address, write_as<"neighbor_ip">},
    {"bfd_instance", "neighbour_ip", parse_address},
    {"bfd_instance", "source_ip", parse_address, write_as<"source_ip">},
    {"bfd_instance", "weight", parse_weight, write_weight},
};

}  // namespace

std::span<const Irregular> bfd_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
