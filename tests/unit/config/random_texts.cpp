// Texts of random models: names that need quotes, words that other readers take for numbers or
// marks, and what the fields want that hold something more special.
#include <array>
#include <map>

#include "lib/config/model_index.hpp"
#include "lib/config/prefix.hpp"
#include "lib/core/address.hpp"
#include "tests/unit/config/random_model.hpp"

namespace holdfast::config::testing {

using google::protobuf::FieldDescriptor;
using namespace std::string_view_literals;

namespace {

using Words = std::span<const std::string_view>;

constexpr auto kTexts =
    std::to_array<std::string_view>({"plain",    "two words",   "with-dash", "under_score",
                                     "dot.ted",  "#hash",       "bang!",     "{brace}",
                                     "it's",     "yes",         "no",        "on",
                                     "true",     "null",        "~",         "010",
                                     "1e3",      "0x1f",        "1_000",     "12:30:00",
                                     "::1",      "key: x",      "- item",    "a#b",
                                     "a #b",     "*star",       "&anchor",   "%percent",
                                     "@at",      "back\\",      "b\\n",      "\xc3\xa9t\xc3\xa9",
                                     "[list]",   "100%",        "tab\there", "| bar",
                                     "> fold",   "=",           "<<",        ".5",
                                     ".inf",     "2026-11-21",  "trailing ", " leading",
                                     "1:2",      "?",           "-",         "$HOME/x",
                                     "${name}",  ",",           "~SEQ(i,1)", "include",
                                     "a;b",      "}",           "{",         "\xf0\x9f\x98\x80",
                                     "---",      "...",         "key:",      "# x",
                                     "!tag",     "''",          "`",         "weight",
                                     "reverse",  "\x7f",        "\x01",      "a\rb",
                                     "\xc2\x85", "\xe2\x80\xa8"});
/// No word of keepalived.conf can hold these.
constexpr auto kTextsInYaml = std::to_array<std::string_view>(
    {"a \"quoted\" word", "two\nlines", "line\n", "\n", "\"", "${_PWD}", "$_INSTANCE", ""});
constexpr auto kNames = std::to_array<std::string_view>(
    {"web", "db", "vip", "two words", "010", "yes", "#hash", "\xc3\xa9t\xc3\xa9", "{brace}",
     "key: x", "a.b", "~", "weight", "group", "fwmark"});
constexpr auto kInterfaces = std::to_array<std::string_view>(
    {"eth0", "eth1.100", "bond0", "vrrp.51", "br-lan", "en\xc3\xa9", "wg#0", "010", "no", "{x}"});
constexpr auto kPaths = std::to_array<std::string_view>(
    {"/run/a", "/var/lib/with blank/x", "/tmp/#1", "/etc/{x}", "/", "/opt/\xc3\xa9", "/a:b"});
constexpr auto kCommands = std::to_array<std::string_view>({"/usr/bin/true",
                                                            "/bin/sh",
                                                            "-c",
                                                            "/opt/my scripts/check.sh",
                                                            "&&",
                                                            "||",
                                                            "|",
                                                            ";",
                                                            "[[",
                                                            "",
                                                            "\"",
                                                            "a\"b\\c'd",
                                                            "x\ny",
                                                            "$1",
                                                            "${_PWD}",
                                                            "%i",
                                                            "\\",
                                                            "'",
                                                            "a  b",
                                                            "{",
                                                            "}",
                                                            "#",
                                                            "!",
                                                            "\t",
                                                            "it's",
                                                            "\xc3\xa9",
                                                            "--flag=x y",
                                                            "*",
                                                            "\x7f"});
constexpr auto kHosts = std::to_array<std::string_view>(
    {"mail.example.org", "192.0.2.1", "2001:db8::1", "relay", "010", "no"});
constexpr auto kPasswords = std::to_array<std::string_view>(
    {"1111", "p ss", "#1!", "yes", "12345678", "0x10", "longer than eight"});
constexpr auto kSecrets = std::to_array<std::string_view>(
    {"0123456789abcdef 0123456789abcdef",
     "hex:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"});
constexpr auto kMasks = std::to_array<std::string_view>({"0177", "0000", "0777", "0022"});
constexpr auto kChecks = std::to_array<std::string_view>(
    {"read", "match", "wildcard_match", "brace_match", "+read", "-match"});
constexpr auto kUrls = std::to_array<std::string_view>(
    {"/", "/a b", "/#x", "/{id}", "/?a=1&b=2", "/\xc3\xa9", "/a:b", "/!"});
constexpr auto kPatterns = std::to_array<std::string_view>(
    {"^ok$", "a b", "v\\d+", "\"", "it's", "\\\\", "{2}", "#", "x\ty", "$", "[a-z]*"});
constexpr auto kDomains =
    std::to_array<std::string_view>({".", "example.org", "a.b.c.", "no", "010"});
constexpr auto kOctets =
    std::to_array<std::string_view>({"00ff", "0a0b0c", "68656c", "10", "1e10"});
constexpr auto kReplies = std::to_array<std::string_view>({"0axx", "xxxx", "00", "1e10", "x0"});
constexpr auto kLocators = std::to_array<std::string_view>({"1:2:3:4", "0:0:0:ffff", "12:30:0:59"});
constexpr auto kEngines = std::to_array<std::string_view>({"sip", "fifteen_letters", "no", "a b"});
constexpr auto kGranularities =
    std::to_array<std::string_view>({"255.255.255.0", "255.255.255.255", "64", "128", "1"});
constexpr auto kLabels = std::to_array<std::string_view>({"eth0:web", "no", "fifteen:letters"});
constexpr auto kChains = std::to_array<std::string_view>(
    {"INPUT", "OUTPUT", "no", "a b", "twenty-seven_characters_in_"});
constexpr auto kAccounts = std::to_array<std::string_view>(
    {"nobody", "www-data", "it's", "two words", "010", "#user", "\xc3\xa9t\xc3\xa9"});
constexpr auto kAlgorithms = std::to_array<std::string_view>({"cubic", "bbr", "no"});

/// What a field holds, by its full name behind the package.
struct Kind {
    std::string_view field;
    Words words;
};
constexpr Kind kKinds[] = {
    {"Script.argv", kCommands},
    {"Script.user", kAccounts},
    {"Script.group", kAccounts},
    {"Authentication.password", kPasswords},
    {"HmacKey.secret", kSecrets},
    {"GlobalDefs.umask", kMasks},
    {"GlobalDefs.include_check", kChecks},
    {"GlobalDefs.smtp_server", kHosts},
    {"HttpUrl.path", kUrls},
    {"HttpUrl.regex", kPatterns},
    {"DnsCheck.name", kDomains},
    {"UdpCheck.payload", kOctets},
    {"UdpCheck.reply", kReplies},
    {"Encapsulation.ila", kLocators},
    {"VirtualServer.persistence_engine", kEngines},
    {"VirtualServer.persistence_granularity", kGranularities},
    {"VirtualAddress.label", kLabels},
    {"Iptables.input_chain", kChains},
    {"Iptables.output_chain", kChains},
    {"Route.congestion_control", kAlgorithms},
    {"TrackFile.file", kPaths},
    {"Vmac.name", kInterfaces},
    {"Ipvlan.name", kInterfaces},
    {"VrrpInstance.vrf", kInterfaces},
    {"InterfaceSettings.name", kInterfaces},
    {"GlobalDefs.process_name", kInterfaces},
    {"GlobalDefs.vrrp_process_name", kInterfaces},
    {"GlobalDefs.checker_process_name", kInterfaces},
    {"GlobalDefs.bfd_process_name", kInterfaces},
    {"LvsSyncDaemon.instance", kNames},
    {"TrackedScript.name", kNames},
    {"TrackedObject.name", kNames},
    {"FileCheck.track_file", kNames},
    {"BfdCheck.name", kNames},
    {"VirtualServer.group", kNames},
    {"VirtualServer.label", kNames},
    {"ServiceGroup.name", kNames},
    {"VrrpScript.name", kNames},
    {"BfdInstance.name", kNames},
    {"TrackFile.name", kNames},
    {"TrackProcess.name", kNames},
    {"VrrpInstance.name", kNames},
    {"VrrpSyncGroup.name", kNames},
    {"VrrpSyncGroup.members", kNames},
    {"TrackGroup.name", kNames},
    {"TrackGroup.members", kNames},
    {"VirtualAddress.track_group", kNames},
    {"Route.track_group", kNames},
    {"Rule.track_group", kNames},
};

const Kind* kind_of(const FieldDescriptor* field) {
    static const std::map<std::string_view, const Kind*> kByName = [] {
        std::map<std::string_view, const Kind*> kinds;
        for (const Kind& kind : kKinds) kinds.emplace(kind.field, &kind);
        return kinds;
    }();
    const std::string_view name = field->full_name();
    const auto found =
        kByName.find(name.substr(v1::Config::descriptor()->file()->package().size() + 1));
    return found != kByName.end() ? found->second : nullptr;
}

std::string octets(Dice& dice, std::size_t count) {
    std::string text;
    while (text.size() < count) text += static_cast<char>(dice.below(256));
    return text;
}

std::string address(Dice& dice) {
    static constexpr auto kOthers =
        std::to_array<std::string_view>({"0.0.0.0", "255.255.255.255", "224.0.0.18", "::", "::1",
                                         "ff02::12", "fe80::1", "::ffff:192.0.2.1"});
    if (dice.once_in(8)) return core::Address::from_text(dice.one_of(kOthers)).value().octets();
    if (dice.once_in(2)) return "\x0a" + octets(dice, 3);
    return core::Address::from_text("2001:db8::").value().octets().substr(0, 8) + octets(dice, 8);
}

std::string prefix(Dice& dice) {
    if (dice.once_in(6)) return std::string(1, '\0');  // default
    Prefix prefix{core::Address::from_bytes(std::string_view(address(dice))), std::nullopt};
    const std::uint32_t bits = static_cast<std::uint32_t>(prefix.address->octets().size()) * 8;
    if (!dice.once_in(3)) prefix.length = static_cast<std::uint32_t>(dice.between(0, bits));
    return prefix.octets();
}

}  // namespace

std::string random_text(Dice& dice, const FieldDescriptor* field, Language language) {
    const v1::Setting& setting = setting_of(field);
    if (const Kind* kind = kind_of(field)) return dice.one_of(kind->words);
    if (setting.syntax() == v1::PREFIX) return prefix(dice);
    if (field->full_name().ends_with(".Vmac.address")) return octets(dice, dice.between(5, 6));
    if (field->full_name().ends_with(".HttpUrl.digest")) return octets(dice, 16);
    if (field->type() == FieldDescriptor::TYPE_BYTES) return address(dice);
    if (field->name().find("interface") != std::string::npos) return dice.one_of(kInterfaces);
    if (language == Language::yaml && dice.once_in(8)) return dice.one_of(kTextsInYaml);
    return dice.one_of(kTexts);
}

}  // namespace holdfast::config::testing
