// What can be tracked by name: vrrp_script, track_file and vrrp_track_process.
#include <limits>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_writer.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

constexpr std::int64_t kMaxScriptWeight = 253;
constexpr std::int64_t kMaxWeight = 254;
constexpr std::int64_t kMostProcesses = 65535;
constexpr double kLongestDelay = 3600;
constexpr std::uint64_t kSecond = 1'000'000;

/// False when an object of this kind has the name already; keepalived only logs that.
bool claim_name(Binder& binder, std::string_view kind, const Node& node) {
    if (binder.claim(kind, node.word(0))) return true;
    binder.report().warning(
        "duplicate", node.place_of(0),
        fmt::format("{} {} is there already; this block is skipped", kind, node.word(0)));
    return false;
}

template <class Object>
void bind_object(Binder& binder, Object& object, Node& node, std::vector<ObjectPlaces>& all) {
    object.set_name(std::string(node.word(0)));
    ObjectPlaces& places = all.emplace_back();
    places.block = node.place;
    google::protobuf::Message* const targets[] = {&object};
    binder.bind_block(targets, node, &places);
}

template <class Objects>
void write_objects(std::string_view block, const Objects& objects, LegacyText& out) {
    for (const auto& object : objects) {
        const google::protobuf::Message* const parts[] = {&object};
        out.open(block, object.name());
        write_settings(block, parts, out);
        out.close();
    }
}

// --- vrrp_script

void parse_command(Binder& binder, Targets targets, Node& node) {
    bind_command_line(binder, *target_as<v1::VrrpScript>(targets).mutable_script(), node);
}
void write_command(const google::protobuf::Message& block, LegacyText& out) {
    const auto& script = block_as<v1::VrrpScript>(block);
    if (script.has_script()) out.command_line("script", script.script());
}

void parse_script_weight(Binder& binder, Targets targets, Node& node) {
    auto& script = target_as<v1::VrrpScript>(targets);
    const auto number = read_integer(node.word(0), -kMaxScriptWeight, kMaxScriptWeight);
    if (!number.problem.empty()) {
        binder.refuse(node, fmt::format("weight: {}", number.problem), Complaint::invalid_number);
    }
    script.set_weight(static_cast<std::int32_t>(number.value.value_or(0)));
    script.clear_reverse();
    if (node.word(1) == "reverse") {
        script.set_reverse(true);
    } else if (node.words.size() > 1) {
        binder.report().error(
            Complaint::general, "bad_value", node.place_of(1),
            fmt::format("weight: '{}' is unknown; only reverse may follow", node.word(1)));
    }
}

template <class Object>
void write_weight(const google::protobuf::Message& block, LegacyText& out) {
    const auto& object = block_as<Object>(block);
    if (object.has_weight() && object.reverse()) {
        out.statement("weight", object.weight(), "reverse");
    } else if (object.has_weight()) {
        out.statement("weight", object.weight());
    } else if (object.reverse()) {
        out.problem("reverse cannot be said without a weight");
    }
}

void parse_user(Binder&, Targets targets, Node& node) {
    auto& script = target_as<v1::VrrpScript>(targets);
    script.set_user(std::string(node.word(0)));
    script.clear_group();
    if (node.words.size() > 1) script.set_group(std::string(node.word(1)));
}
void write_user(const google::protobuf::Message& block, LegacyText& out) {
    const auto& script = block_as<v1::VrrpScript>(block);
    if (!script.has_user()) {
        if (script.has_group()) out.problem("a group cannot be said without a user");
    } else if (script.has_group()) {
        out.statement("user", script.user(), script.group());
    } else {
        out.statement("user", script.user());
    }
}

void parse_vrrp_script(Binder& binder, Targets, Node& node) {
    if (!claim_name(binder, "vrrp_script", node)) return;
    binder.report().set_object(fmt::format("vrrp_script {}", node.word(0)));
    bind_object(binder, *binder.config().add_vrrp_scripts(), node, binder.places().scripts);
    binder.report().set_object({});
}
void write_vrrp_scripts(const google::protobuf::Message& block, LegacyText& out) {
    write_objects("vrrp_script", block_as<v1::Config>(block).vrrp_scripts(), out);
}

// --- track_file

template <class Object>
bool read_object_weight(Binder& binder, Object& object, const Node& node) {
    const auto number = read_integer(node.word(0), -kMaxWeight, kMaxWeight);
    if (!number.problem.empty()) {
        binder.refuse(node, fmt::format("weight: {}", number.problem), Complaint::invalid_number);
    }
    if (!number.value) return false;
    object.set_weight(static_cast<std::int32_t>(*number.value));
    if (node.word(1) == "reverse") {
        object.set_reverse(true);
    } else if (node.words.size() > 1) {
        binder.report().error(
            Complaint::general, "bad_value", node.place_of(1),
            fmt::format("weight: '{}' is unknown; only reverse may follow", node.word(1)));
    }
    return true;
}

void parse_file_weight(Binder& binder, Targets targets, Node& node) {
    auto& file = target_as<v1::TrackFile>(targets);
    if (file.has_weight() && file.weight() != 1) {
        binder.refuse(node,
                      fmt::format("weight is {} already; this one is ignored", file.weight()));
        return;
    }
    if (!read_object_weight(binder, file, node)) file.set_weight(1);
}

void parse_file(Binder& binder, Targets targets, Node& node) {
    auto& file = target_as<v1::TrackFile>(targets);
    if (file.has_file()) {
        binder.refuse(node, fmt::format("file is {} already; this one is ignored", file.file()));
    } else {
        file.set_file(std::string(node.word(0)));
    }
}
void write_file(const google::protobuf::Message& block, LegacyText& out) {
    const auto& file = block_as<v1::TrackFile>(block);
    if (file.has_file()) out.statement("file", file.file());
}

void parse_init_file(Binder& binder, Targets targets, Node& node) {
    auto& file = target_as<v1::TrackFile>(targets);
    file.set_initial_value(0);
    for (std::size_t i = 0; i < node.words.size(); ++i) {
        const std::string_view word = node.word(i);
        if (word == "overwrite") {
            file.set_overwrite(true);
            continue;
        }
        const auto number = read_integer(word, std::numeric_limits<std::int32_t>::min(),
                                         std::numeric_limits<std::int32_t>::max());
        if (!number.problem.empty()) {
            binder.report().error(Complaint::general, "bad_value", node.place_of(i),
                                  fmt::format("init_file: '{}' is unknown", word));
            continue;
        }
        if (*number.value > kMaxWeight || *number.value < -kMaxWeight) {
            binder.report().error(
                Complaint::general, "bad_value", node.place_of(i),
                fmt::format("init_file: {} is beyond what a priority can take", word));
        }
        file.set_initial_value(static_cast<std::int32_t>(*number.value));
    }
}
void write_init_file(const google::protobuf::Message& block, LegacyText& out) {
    const auto& file = block_as<v1::TrackFile>(block);
    if (!file.has_initial_value()) {
        if (file.overwrite()) out.problem("overwrite cannot be said without a number");
    } else if (file.overwrite()) {
        out.statement("init_file", file.initial_value(), "overwrite");
    } else {
        out.statement("init_file", file.initial_value());
    }
}

void parse_track_file(Binder& binder, Targets, Node& node) {
    if (!claim_name(binder, "track_file", node)) return;
    binder.report().set_object(fmt::format("track_file {}", node.word(0)));
    bind_object(binder, *binder.config().add_track_files(), node, binder.places().track_files);
    binder.report().set_object({});
}
void write_track_files(const google::protobuf::Message& block, LegacyText& out) {
    write_objects("track_file", block_as<v1::Config>(block).track_files(), out);
}

// --- vrrp_track_process

void parse_process(Binder& binder, Targets targets, Node& node) {
    auto& process = target_as<v1::TrackProcess>(targets);
    if (process.command_size() > 0) {
        binder.refuse(
            node, fmt::format("process is {} already; this one is ignored", process.command(0)));
        return;
    }
    for (std::size_t i = 0; i < node.words.size(); ++i) {
        process.add_command(std::string(node.word(i)));
    }
}
void write_process(const google::protobuf::Message& block, LegacyText& out) {
    const auto& process = block_as<v1::TrackProcess>(block);
    if (process.command_size() == 0) return;
    out.statement_of("process", {process.command().begin(), process.command().end()});
}

void parse_parameter_match(Binder& binder, Targets targets, Node& node) {
    auto& process = target_as<v1::TrackProcess>(targets);
    if (node.words.empty()) {
        process.set_parameter_match(v1::PARAMETERS_EXACT);
    } else if (node.word(0) == "initial") {
        process.set_parameter_match(v1::PARAMETERS_INITIAL);
    } else if (node.word(0) == "partial") {
        process.set_parameter_match(v1::PARAMETERS_PARTIAL);
    } else {
        binder.report()
            .error(Complaint::general, "bad_value", node.place_of(0),
                   fmt::format("param_match: '{}' is unknown and ignored", node.word(0)))
            .hint = "it is one of initial, partial, or stands alone";
    }
}
void write_parameter_match(const google::protobuf::Message& block, LegacyText& out) {
    const auto& process = block_as<v1::TrackProcess>(block);
    if (!process.has_parameter_match()) return;
    switch (process.parameter_match()) {
        case v1::PARAMETERS_INITIAL:
            out.statement("param_match", "initial");
            break;
        case v1::PARAMETERS_PARTIAL:
            out.statement("param_match", "partial");
            break;
        case v1::PARAMETERS_EXACT:
            out.statement("param_match");
            break;
    }
}

void parse_process_weight(Binder& binder, Targets targets, Node& node) {
    auto& process = target_as<v1::TrackProcess>(targets);
    if (process.weight() != 0) {
        binder.refuse(node,
                      fmt::format("weight is {} already; this one is ignored", process.weight()));
        return;
    }
    read_object_weight(binder, process, node);
}

std::optional<std::uint32_t> read_count(Binder& binder, const Node& node, std::int64_t lowest) {
    const auto number = read_integer(node.word(0), lowest, kMostProcesses);
    if (number.problem.empty()) return static_cast<std::uint32_t>(*number.value);
    binder.refuse(node, fmt::format("{}: {}; it is ignored", node.keyword, number.problem),
                  Complaint::invalid_number);
    return std::nullopt;
}

void parse_quorum(Binder& binder, Targets targets, Node& node) {
    auto& process = target_as<v1::TrackProcess>(targets);
    const auto quorum = read_count(binder, node, 1);
    if (!quorum) return;
    if (process.has_quorum_max() && *quorum > process.quorum_max()) {
        binder.refuse(node, fmt::format("quorum {} is more than quorum_max {}; it is ignored",
                                        *quorum, process.quorum_max()));
        return;
    }
    process.set_quorum(*quorum);
}
void parse_quorum_max(Binder& binder, Targets targets, Node& node) {
    auto& process = target_as<v1::TrackProcess>(targets);
    const auto most = read_count(binder, node, 0);
    if (!most) return;
    if (*most > 0 && process.has_quorum() && *most < process.quorum()) {
        binder.refuse(node, fmt::format("quorum_max {} is less than quorum {}; it is ignored",
                                        *most, process.quorum()));
        return;
    }
    process.set_quorum_max(*most);
    if (*most == 0) process.clear_quorum();  // 0 makes the quorum 0 as well
}
void write_quorum(const google::protobuf::Message& block, LegacyText& out) {
    const auto& process = block_as<v1::TrackProcess>(block);
    if (process.has_quorum()) out.statement("quorum", process.quorum());
    if (process.has_quorum_max()) out.statement("quorum_max", process.quorum_max());
}

/// Sets both delays, whatever was said about them before.
void parse_delay(Binder& binder, Targets targets, Node& node) {
    const auto time = read_decimal(node.word(0), kSecond, 6, 0.000001, kLongestDelay);
    if (!time.problem.empty()) {
        binder.refuse(node, fmt::format("delay: {}", time.problem), Complaint::invalid_number);
    }
    if (!time.value) return;
    auto& process = target_as<v1::TrackProcess>(targets);
    process.set_delay_us(*time.value);
    process.clear_fork_delay_us();
    process.clear_terminate_delay_us();
}
void write_delay(const google::protobuf::Message& block, LegacyText& out) {
    const auto& process = block_as<v1::TrackProcess>(block);
    if (process.has_delay_us()) out.statement("delay", decimal_text(process.delay_us()));
}

void parse_track_process(Binder& binder, Targets, Node& node) {
    if (!claim_name(binder, "vrrp_track_process", node)) return;
    binder.report().set_object(fmt::format("vrrp_track_process {}", node.word(0)));
    bind_object(binder, *binder.config().add_track_processes(), node,
                binder.places().track_processes);
    binder.report().set_object({});
}
void write_track_processes(const google::protobuf::Message& block, LegacyText& out) {
    write_objects("vrrp_track_process", block_as<v1::Config>(block).track_processes(), out);
}

constexpr Irregular kTable[] = {
    {"", "vrrp_script", parse_vrrp_script, write_vrrp_scripts},
    {"vrrp_script", "script", parse_command, write_command},
    {"vrrp_script", "weight", parse_script_weight, write_weight<v1::VrrpScript>},
    {"vrrp_script", "user", parse_user, write_user},
    {"", "track_file", parse_track_file, write_track_files},
    {"", "vrrp_track_file", parse_track_file},
    {"track_file", "file", parse_file, write_file},
    {"track_file", "weight", parse_file_weight, write_weight<v1::TrackFile>},
    {"track_file", "init_file", parse_init_file, write_init_file},
    {"vrrp_track_file", "file", parse_file},
    {"vrrp_track_file", "weight", parse_file_weight},
    {"vrrp_track_file", "init_file", parse_init_file},
    {"", "vrrp_track_process", parse_track_process, write_track_processes},
    {"vrrp_track_process", "process", parse_process, write_process},
    {"vrrp_track_process", "param_match", parse_parameter_match, write_parameter_match},
    {"vrrp_track_process", "weight", parse_process_weight, write_weight<v1::TrackProcess>},
    {"vrrp_track_process", "quorum", parse_quorum, write_quorum},
    {"vrrp_track_process", "quorum_max", parse_quorum_max},
    {"vrrp_track_process", "delay", parse_delay, write_delay},
};

}  // namespace

std::span<const Irregular> tracker_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
