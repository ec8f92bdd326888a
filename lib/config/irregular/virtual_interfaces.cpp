// use_vmac and use_ipvlan: interfaces that are made for an instance.
#include <net/if.h>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/numbers.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kMacLength = 6;
/// 00:00:5e:00:01 and 00:00:5e:00:02 belong to the standard (RFC 9568 7.3).
constexpr std::string_view kStandardMac{"\x00\x00\x5e\x00", 4};

/// Five or six pairs of hexadecimal digits.
std::optional<std::string> read_mac(std::string_view text) {
    std::string octets;
    for (const std::string_view part : core::split(text, ':')) {
        unsigned value = 0;
        const auto [end, failure] =
            std::from_chars(part.data(), part.data() + part.size(), value, 16);
        const bool good = failure == std::errc{} && end == part.data() + part.size();
        if (!good || part.empty() || part.size() > 2) return std::nullopt;
        octets += static_cast<char>(value);
    }
    if (octets.size() + 1 != kMacLength && octets.size() != kMacLength) return std::nullopt;
    return octets;
}

std::string mac_text(std::string_view octets) {
    std::string text;
    for (const char octet : octets) {
        text += fmt::format("{}{:02x}", text.empty() ? "" : ":", static_cast<unsigned char>(octet));
    }
    return text;
}

bool is_interface_name(std::string_view name) {
    return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
           name.find_first_of("/: \t") == std::string_view::npos;
}

/// Reads the words behind use_vmac or use_ipvlan, in whatever order they stand.
class WordReader {
  public:
    WordReader(Binder& binder, const Node& node) : binder_(binder), node_(node) {}

    [[nodiscard]] bool at_end() const { return at_ >= node_.words.size(); }
    std::string_view next() { return node_.word(at_++); }
    void complain(std::string text) {
        binder_.report().error(Complaint::general, "bad_value",
                               node_.place_of(at_ > 0 ? at_ - 1 : 0), std::move(text));
    }

    /// The value behind `name` or `group`.
    std::optional<std::string> value_of(std::string_view option) {
        if (!at_end()) return std::string(next());
        complain(fmt::format("{}: a value is missing behind '{}'", node_.keyword, option));
        return std::nullopt;
    }

    template <class Message>
    void take_name(Message& message, std::string_view name) {
        if (message.has_name()) {
            complain(fmt::format("{}: the name is {} already; '{}' is ignored", node_.keyword,
                                 message.name(), name));
        } else if (!is_interface_name(name)) {
            complain(fmt::format("{}: '{}' is no name for an interface; it is ignored",
                                 node_.keyword, name));
        } else {
            message.set_name(std::string(name));
        }
    }

  private:
    Binder& binder_;
    const Node& node_;
    std::size_t at_ = 0;
};

void take_mac(WordReader& words, v1::Vmac& vmac, std::string_view word) {
    const auto mac = read_mac(word);
    if (!mac) {
        words.complain(fmt::format("use_vmac: '{}' is no MAC address; it is ignored", word));
    } else if ((static_cast<unsigned char>(mac->front()) & 1U) != 0) {
        words.complain(fmt::format("use_vmac: {} is a multicast address; it is ignored", word));
    } else if (mac->starts_with(kStandardMac) && ((*mac)[4] == 1 || (*mac)[4] == 2)) {
        words.complain(
            fmt::format("use_vmac: {} belongs to the standard's own addresses; it is ignored, and "
                        "the right one of them is used",
                        word));
    } else {
        vmac.set_address(*mac);
    }
}

void parse_vmac(Binder& binder, Targets targets, Node& node) {
    auto& vmac = *target_as<v1::VrrpInstance>(targets).mutable_vmac();
    vmac.set_enabled(true);
    WordReader words(binder, node);
    while (!words.at_end()) {
        const std::string_view word = words.next();
        if (word == "netlink_notify_msg") {
            vmac.set_netlink_notify(true);
        } else if (word == "name") {
            if (const auto name = words.value_of(word)) words.take_name(vmac, *name);
        } else if (word == "group") {
            if (auto group = words.value_of(word)) vmac.set_group(std::move(*group));
        } else if (word.find(':') != std::string_view::npos) {
            take_mac(words, vmac, word);
        } else {
            words.take_name(vmac, word);
        }
    }
}
void write_vmac(const google::protobuf::Message& block, LegacyText& out) {
    const auto& vmac = block_as<v1::VrrpInstance>(block).vmac();
    if (!vmac.enabled()) return;
    std::vector<std::string> words;
    if (vmac.has_name()) words.insert(words.end(), {"name", vmac.name()});
    if (vmac.has_address()) words.push_back(mac_text(vmac.address()));
    if (vmac.netlink_notify()) words.emplace_back("netlink_notify_msg");
    if (vmac.has_group()) words.insert(words.end(), {"group", vmac.group()});
    out.statement_of("use_vmac", words);
}

bool take_address(v1::Ipvlan& ipvlan, WordReader& words, std::string_view word) {
    const std::size_t slash = word.find('/');
    const auto address = core::Address::from_text(word.substr(0, slash));
    if (!address) return false;
    if (slash != std::string_view::npos) {
        const auto longest = static_cast<std::int64_t>(core::octets_of(address->family()) * 8);
        const auto length = read_integer(word.substr(slash + 1), 0, longest);
        if (!length.problem.empty()) {
            words.complain(fmt::format("use_ipvlan: {}; the address is ignored", length.problem));
            return true;
        }
        ipvlan.set_prefix_length(static_cast<std::uint32_t>(*length.value));
    }
    ipvlan.set_address(address->octets());
    return true;
}

void parse_ipvlan(Binder& binder, Targets targets, Node& node) {
    auto& instance = target_as<v1::VrrpInstance>(targets);
    if (instance.has_ipvlan()) {
        binder.refuse(node, "use_ipvlan is given already; this one is ignored");
        return;
    }
    auto& ipvlan = *instance.mutable_ipvlan();
    ipvlan.set_enabled(true);
    WordReader words(binder, node);
    while (!words.at_end()) {
        const std::string_view word = words.next();
        if (word == "bridge") {
            ipvlan.set_type(v1::IPVLAN_BRIDGE);
        } else if (word == "private") {
            ipvlan.set_type(v1::IPVLAN_PRIVATE);
        } else if (word == "vepa") {
            ipvlan.set_type(v1::IPVLAN_VEPA);
        } else if (word == "name") {
            if (const auto name = words.value_of(word)) words.take_name(ipvlan, *name);
        } else if (word == "group") {
            if (auto group = words.value_of(word)) ipvlan.set_group(std::move(*group));
        } else if (!take_address(ipvlan, words, word)) {
            words.take_name(ipvlan, word);
        }
    }
}
void write_ipvlan(const google::protobuf::Message& block, LegacyText& out) {
    const auto& ipvlan = block_as<v1::VrrpInstance>(block).ipvlan();
    if (!ipvlan.enabled()) return;
    std::vector<std::string> words;
    if (ipvlan.has_type()) {
        words.emplace_back(ipvlan.type() == v1::IPVLAN_BRIDGE    ? "bridge"
                           : ipvlan.type() == v1::IPVLAN_PRIVATE ? "private"
                                                                 : "vepa");
    }
    if (ipvlan.has_name()) words.insert(words.end(), {"name", ipvlan.name()});
    if (ipvlan.has_address()) {
        words.push_back(address_text(ipvlan.address()) +
                        (ipvlan.has_prefix_length() ? fmt::format("/{}", ipvlan.prefix_length())
                                                    : std::string()));
    }
    if (ipvlan.has_group()) words.insert(words.end(), {"group", ipvlan.group()});
    out.statement_of("use_ipvlan", words);
}

constexpr Irregular kTable[] = {
    {"vrrp_instance", "use_vmac", parse_vmac, write_vmac},
    {"vrrp_instance", "use_ipvlan", parse_ipvlan, write_ipvlan},
};

}  // namespace

std::span<const Irregular> virtual_interface_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
