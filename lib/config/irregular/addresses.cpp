// The lines of virtual_ipaddress, virtual_ipaddress_excluded and static_ipaddress.
#include "lib/config/irregular/network.hpp"

#include <limits>

#include <fmt/format.h>

#include "lib/config/address_text.hpp"
#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/line_binder.hpp"
#include "lib/config/numbers.hpp"
#include "lib/config/prefix.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kMaxLabel = 15;
/// With a longer prefix there is no broadcast address.
constexpr std::uint32_t kLongestForBroadcast = 30;
constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::uint64_t kForever = std::numeric_limits<std::uint32_t>::max();

constexpr LineReader::Manner kManner{"the address", "it is ignored", false};

enum class Kind : std::uint8_t { advertised, excluded, fixed };

/// Reads an address and its options one by one.
class AddressReader {
  public:
    AddressReader(Binder& binder, const Node& line, Kind kind, v1::VirtualAddress& address)
        : words_(binder, line, kManner), kind_(kind), address_(address) {}

    /// False when the address must be dropped.
    bool read() {
        if (!read_address()) return false;
        while (!words_.done() && usable_) read_option();
        return usable_;
    }

  private:
    bool is_ipv6() const { return address_.address().size() == 16; }

    bool read_address() {
        const ReadPrefix read = read_address_with_length(words_.word());
        if (!read.prefix) {
            words_.binder().report().error(
                Complaint::general, "bad_address", words_.place(),
                fmt::format("'{}' is not an address; it is ignored", words_.word()));
            return false;
        }
        if (!read.problem.empty()) {
            words_.binder().report().error(Complaint::invalid_number, "bad_prefix_length",
                                           words_.place(), read.problem);
        }
        address_.set_address(read.prefix->address->octets());
        if (read.prefix->length) address_.set_prefix_length(*read.prefix->length);
        words_.skip();
        return true;
    }

    void complain(std::string text) {
        words_.binder().report().error(Complaint::general, "bad_address_option", words_.place(),
                                       std::move(text));
    }
    void drop(const std::string& text) {
        complain(text + "; the address is dropped");
        usable_ = false;
    }

    /// The words of an address are not all for every kind of it.
    bool is_option(const Route& route) const {
        const std::string& keyword = route.setting->keyword();
        if (keyword == "track_group") return kind_ == Kind::fixed;
        return keyword != "use_vmac" || kind_ != Kind::fixed;
    }

    void read_option() {
        const Route* route = words_.find(address_);
        if (route == nullptr || !is_option(*route)) {
            complain(fmt::format("'{}' is no option of an address; it is ignored", words_.word()));
            words_.skip();
            return;
        }
        const std::string& keyword = route->setting->keyword();
        if (keyword == "dev" && address_.has_interface()) {
            drop("an address has one interface only");
        } else if (keyword == "broadcast") {
            read_value(&AddressReader::read_broadcast);
        } else if (keyword == "peer") {
            read_value(&AddressReader::read_peer);
        } else if (keyword == "preferred_lft") {
            read_value(&AddressReader::read_lifetime);
        } else if (words_.take(address_, *route) == LineReader::Taken::missing) {
            usable_ = false;
        } else {
            check_option(keyword);
        }
    }

    void read_value(void (AddressReader::*take)(std::string_view)) {
        if (!words_.go_to_value()) {
            usable_ = false;
            return;
        }
        (this->*take)(words_.word());
        words_.skip();
    }

    void check_option(std::string_view keyword) {
        if (keyword == "label" && address_.label().size() > kMaxLabel) {
            drop(fmt::format("the label {} is longer than {} octets", address_.label(), kMaxLabel));
        } else if (keyword == "label" && is_ipv6()) {
            complain("an IPv6 address has no label; it is ignored");
            address_.clear_label();
        } else if (keyword == "scope" && is_ipv6() && address_.has_scope()) {
            complain("the scope of an IPv6 address follows from the address; it is ignored");
            address_.clear_scope();
        } else if (keyword == "track_group" &&
                   !words_.binder().is_claimed("track_group", address_.track_group())) {
            complain(fmt::format("there is no track_group {} before this line; it is ignored",
                                 address_.track_group()));
            address_.clear_track_group();
        }
    }

    void read_broadcast(std::string_view word) {
        if (is_ipv6()) return drop("an IPv6 address has no broadcast address");
        if (word == "+" || word == "-") {
            if (address_.has_prefix_length() && address_.prefix_length() <= kLongestForBroadcast) {
                address_.set_broadcast_rule(word == "+" ? v1::HOST_BITS_SET
                                                        : v1::HOST_BITS_CLEARED);
                address_.clear_broadcast_address();
            } else {
                complain("the prefix is too long for a broadcast address; it is ignored");
            }
            return;
        }
        const auto given = core::Address::from_text(word);
        if (!given || given->family() != core::Family::ipv4) {
            return drop(fmt::format("'{}' is no broadcast address", word));
        }
        address_.set_broadcast_address(given->octets());
        address_.clear_broadcast_rule();
    }

    void read_peer(std::string_view word) {
        const ReadPrefix peer = read_address_with_length(word);
        if (!peer.prefix) {
            return complain(fmt::format("'{}' is no address of a peer; it is ignored", word));
        }
        if (peer.prefix->address->octets().size() != address_.address().size()) {
            return complain(fmt::format("the peer {} is of the other family; it is ignored", word));
        }
        if (address_.has_prefix_length()) {
            complain(
                "with a peer the prefix length belongs to the peer's address; that of the "
                "address itself is ignored");
            address_.clear_prefix_length();
        }
        if (!peer.problem.empty()) complain(peer.problem);
        address_.set_peer(peer.prefix->address->octets());
        address_.clear_peer_prefix_length();
        if (peer.prefix->length) address_.set_peer_prefix_length(*peer.prefix->length);
    }

    void read_lifetime(std::string_view word) {
        const auto seconds = word == "forever"
                                 ? ReadNumber<std::int64_t>{static_cast<std::int64_t>(kForever), {}}
                                 : read_integer(word, 0, static_cast<std::int64_t>(kForever));
        if (!seconds.problem.empty()) {
            return complain(fmt::format("preferred_lft: {}; it is ignored", seconds.problem));
        }
        address_.set_preferred_lifetime_us(static_cast<std::uint64_t>(*seconds.value) * kSecond);
        if (*seconds.value == 0 || *seconds.value == static_cast<std::int64_t>(kForever)) return;
        words_.warn("not_carried_out",
                    "a preferred lifetime is accepted, not carried out yet; the address is "
                    "preferred for ever");
    }

    LineReader words_;
    Kind kind_;
    v1::VirtualAddress& address_;
    bool usable_ = true;
};

bool family_fits(Binder& binder, v1::VrrpInstance& instance, const Node& line,
                 const v1::VirtualAddress& address) {
    const auto family = address.address().size() == 16 ? core::Family::ipv6 : core::Family::ipv4;
    if (fits_family(instance, family)) return true;
    binder.report()
        .error(Complaint::general, "other_family", line.place,
               fmt::format("{} is not of the instance's family; it is ignored", line.keyword))
        .hint = "put it into virtual_ipaddress_excluded or into an instance of its own";
    return false;
}

void parse_addresses(Binder& binder, Targets targets, Node& node) {
    auto& instance = target_as<v1::VrrpInstance>(targets);
    for (const Node& line : node.children) {
        v1::VirtualAddress address;
        if (!AddressReader(binder, line, Kind::advertised, address).read()) continue;
        if (!family_fits(binder, instance, line, address)) continue;
        *instance.add_addresses() = std::move(address);
        binder.places().instances.back().add_entry("virtual_ipaddress", line.place);
    }
}

void parse_excluded(Binder& binder, Targets targets, Node& node) {
    auto& instance = target_as<v1::VrrpInstance>(targets);
    for (const Node& line : node.children) {
        v1::VirtualAddress address;
        if (!AddressReader(binder, line, Kind::excluded, address).read()) continue;
        *instance.add_excluded_addresses() = std::move(address);
        binder.places().instances.back().add_entry("virtual_ipaddress_excluded", line.place);
    }
}

void parse_static(Binder& binder, Targets, Node& node) {
    for (const Node& line : node.children) {
        v1::VirtualAddress address;
        if (!AddressReader(binder, line, Kind::fixed, address).read()) continue;
        *binder.config().add_static_addresses() = std::move(address);
        binder.places().top.add_entry("static_ipaddress", line.place);
    }
}

std::string prefix_text(const std::string& octets, bool has_length, std::uint32_t length) {
    Prefix prefix{core::Address::from_bytes(std::string_view(octets)), std::nullopt};
    if (has_length) prefix.length = length;
    return prefix.text();
}

std::vector<std::string> words_of(const v1::VirtualAddress& address) {
    std::vector<std::string> words = {
        prefix_text(address.address(), address.has_prefix_length(), address.prefix_length())};
    const auto add = [&](std::string keyword, std::string word) {
        words.push_back(std::move(keyword));
        words.push_back(std::move(word));
    };
    if (address.has_peer()) {
        add("peer", prefix_text(address.peer(), address.has_peer_prefix_length(),
                                address.peer_prefix_length()));
    }
    if (address.has_broadcast_address()) add("brd", address_text(address.broadcast_address()));
    if (address.has_broadcast_rule()) {
        add("brd", address.broadcast_rule() == v1::HOST_BITS_SET ? "+" : "-");
    }
    if (address.has_preferred_lifetime_us()) {
        const std::uint64_t seconds = address.preferred_lifetime_us() / kSecond;
        add("preferred_lft", seconds == kForever ? "forever" : std::to_string(seconds));
    }
    append_words(address, words);
    return words;
}

template <class Addresses>
void write_block(std::string_view keyword, const Addresses& addresses, LegacyText& out) {
    if (addresses.empty()) return;
    out.open(keyword);
    for (const auto& address : addresses) write_line(words_of(address), out);
    out.close();
}

void write_addresses(const google::protobuf::Message& block, LegacyText& out) {
    write_block("virtual_ipaddress", block_as<v1::VrrpInstance>(block).addresses(), out);
}
void write_excluded(const google::protobuf::Message& block, LegacyText& out) {
    write_block("virtual_ipaddress_excluded",
                block_as<v1::VrrpInstance>(block).excluded_addresses(), out);
}
void write_static(const google::protobuf::Message& block, LegacyText& out) {
    write_block("static_ipaddress", block_as<v1::Config>(block).static_addresses(), out);
}

constexpr Irregular kTable[] = {
    {"vrrp_instance", "virtual_ipaddress", parse_addresses, write_addresses},
    {"vrrp_instance", "virtual_ipaddress_excluded", parse_excluded, write_excluded},
    {"", "static_ipaddress", parse_static, write_static},
};

}  // namespace

bool fits_family(v1::VrrpInstance& instance, core::Family family) {
    const bool ipv6 = family == core::Family::ipv6;
    if (!instance.has_ipv6()) instance.set_ipv6(ipv6);
    return instance.ipv6() == ipv6;
}

std::span<const Irregular> address_irregulars() {
    return kTable;
}

}  // namespace holdfast::config
