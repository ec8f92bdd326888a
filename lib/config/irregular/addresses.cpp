// The lines of virtual_ipaddress.
#include <linux/rtnetlink.h>

#include <array>
#include <initializer_list>

#include <fmt/format.h>

#include "lib/config/irregular/irregular.hpp"
#include "lib/config/legacy_text.hpp"
#include "lib/config/numbers.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kMaxLabel = 15;

struct Scope {
    std::string_view name;
    std::uint32_t value;
};
constexpr std::array kScopes = {Scope{"global", RT_SCOPE_UNIVERSE}, Scope{"site", RT_SCOPE_SITE},
                                Scope{"link", RT_SCOPE_LINK}, Scope{"host", RT_SCOPE_HOST},
                                Scope{"nowhere", RT_SCOPE_NOWHERE}};

struct Prefix {
    core::Address address;
    std::uint32_t length = 0;
};

/// IP[/LEN]; a bad length is an error and the host's is used.
std::optional<Prefix> read_prefix(Binder& binder, const Node& line, std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = core::Address::from_text(text.substr(0, slash));
    if (!address) return std::nullopt;
    const auto longest = static_cast<std::uint32_t>(core::octets_of(address->family()) * 8);
    Prefix prefix{*address, longest};
    if (slash == std::string_view::npos) return prefix;
    const auto length = read_integer(text.substr(slash + 1), 0, longest);
    if (length.value && length.problem.empty()) {
        prefix.length = static_cast<std::uint32_t>(*length.value);
    } else {
        binder.report().error(
            Complaint::invalid_number, "bad_prefix_length", line.place,
            fmt::format("prefix length of {}: {}; {} is used", text, length.problem, longest));
    }
    return prefix;
}

std::optional<std::uint32_t> read_scope(std::string_view word) {
    for (const Scope& scope : kScopes) {
        if (scope.name == word) return scope.value;
    }
    return core::parse_number<std::uint32_t>(word);
}

/// 192.0.2.10/24: "+" sets the host bits, "-" clears them.
std::string broadcast_of(const Prefix& prefix, bool ones) {
    const std::uint32_t address = ntohl(prefix.address.to_in_addr().s_addr);
    const std::uint32_t mask = prefix.length == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix.length);
    return core::Address::v4(ones ? address | ~mask : address & mask).octets();
}

/// Reads the options behind an address one by one.
class OptionReader {
  public:
    OptionReader(Binder& binder, const Node& line, const Prefix& prefix,
                 v1::VirtualAddress& address)
        : binder_(binder), line_(line), prefix_(prefix), address_(address) {}

    /// False when the address must be dropped.
    bool read_all() {
        for (at_ = 0; at_ < line_.words.size() && usable_; ++at_) read_one(line_.words[at_].text);
        return usable_;
    }

  private:
    std::string_view value() {
        if (at_ + 1 < line_.words.size()) return line_.words[++at_].text;
        complain(fmt::format("{} wants a value", line_.words[at_].text));
        return {};
    }
    void complain(std::string text) {
        Place place = line_.place_of(at_);
        binder_.report().error(Complaint::general, "bad_address_option", place, std::move(text));
    }
    void not_yet() {
        const std::string what = std::string(line_.words[at_].text) + " of an address";
        binder_.report().warning("not_carried_out", line_.place_of(at_),
                                 what + " is accepted, not carried out yet");
    }

    void read_one(std::string_view option) {
        if (option == "dev") {
            address_.set_interface(std::string(value()));
        } else if (option == "scope") {
            if (const auto scope = read_scope(value()))
                address_.set_scope(*scope);
            else
                complain("unknown scope; it is ignored");
        } else if (option == "brd" || option == "broadcast") {
            read_broadcast(value());
        } else if (option == "label") {
            read_label(value());
        } else if (option == "peer") {
            if (const auto peer = read_prefix(binder_, line_, value())) {
                address_.set_peer(peer->address.octets());
                address_.set_prefix_length(peer->length);
            } else {
                complain("peer wants an address");
            }
        } else if (option == "home") {
            address_.set_home(true);
        } else if (option == "-nodad") {
            address_.set_dad(true);
        } else if (option == "no_track") {
            address_.set_no_track(true);
            not_yet();
        } else if (option == "preferred_lft") {
            const std::string_view lifetime = value();
            address_.set_deprecated(lifetime == "0");
        } else if (option == "mngtmpaddr" || option == "noprefixroute" || option == "autojoin" ||
                   option == "use_vmac") {
            not_yet();
        } else {
            complain(fmt::format("'{}' is no option of an address; it is ignored", option));
        }
    }

    void read_broadcast(std::string_view word) {
        if (prefix_.address.family() != core::Family::ipv4) {
            complain("an IPv6 address has no broadcast address; it is ignored");
        } else if (word == "+" || word == "-") {
            address_.set_broadcast(broadcast_of(prefix_, word == "+"));
        } else if (const auto given = core::Address::from_text(word);
                   given && given->family() == core::Family::ipv4) {
            address_.set_broadcast(given->octets());
        } else {
            complain(fmt::format("'{}' is no broadcast address; it is ignored", word));
        }
    }
    void read_label(std::string_view word) {
        address_.set_label(std::string(word));
        if (word.size() <= kMaxLabel) return;
        complain(fmt::format("the label {} is longer than {} octets; the address is dropped", word,
                             kMaxLabel));
        usable_ = false;
    }

    Binder& binder_;
    const Node& line_;
    const Prefix& prefix_;
    v1::VirtualAddress& address_;
    std::size_t at_ = 0;
    bool usable_ = true;
};

std::string scope_text(std::uint32_t value) {
    for (const Scope& scope : kScopes) {
        if (scope.value == value) return std::string(scope.name);
    }
    return std::to_string(value);
}

}  // namespace

std::vector<std::string> words_of_address(const v1::VirtualAddress& address) {
    const std::string length = "/" + std::to_string(address.prefix_length());
    std::vector<std::string> words;
    const auto add = [&](std::initializer_list<std::string> more) {
        words.insert(words.end(), more);
    };
    add({address_text(address.address()) + (address.has_peer() ? "" : length)});
    if (address.has_peer()) add({"peer", address_text(address.peer()) + length});
    if (address.has_broadcast()) add({"brd", address_text(address.broadcast())});
    if (address.has_interface()) add({"dev", address.interface()});
    if (address.has_scope()) add({"scope", scope_text(address.scope())});
    if (address.has_label()) add({"label", address.label()});
    if (address.home()) add({"home"});
    if (address.dad()) add({"-nodad"});
    if (address.no_track()) add({"no_track"});
    if (address.has_deprecated()) {
        add({"preferred_lft", address.deprecated() ? "0" : "forever"});
    }
    return words;
}

bool fits_family(v1::VrrpInstance& instance, core::Family family) {
    const bool ipv6 = family == core::Family::ipv6;
    if (!instance.has_ipv6()) instance.set_ipv6(ipv6);
    return instance.ipv6() == ipv6;
}

void bind_address_line(Binder& binder, v1::VrrpInstance& instance, const Node& line,
                       bool excluded) {
    const auto prefix = read_prefix(binder, line, line.keyword);
    if (!prefix) {
        binder.report().error(Complaint::general, "bad_address", line.place,
                              fmt::format("'{}' is not an address; it is ignored", line.keyword));
        return;
    }
    if (!excluded && !fits_family(instance, prefix->address.family())) {
        auto& error = binder.report().error(
            Complaint::general, "other_family", line.place,
            fmt::format("{} is not of the instance's family; it is ignored", line.keyword));
        error.hint = "put it into virtual_ipaddress_excluded or into an instance of its own";
        return;
    }
    v1::VirtualAddress address;
    address.set_address(prefix->address.octets());
    address.set_prefix_length(prefix->length);
    if (excluded) address.set_excluded(true);
    if (OptionReader(binder, line, *prefix, address).read_all()) {
        *instance.add_addresses() = std::move(address);
    }
}

}  // namespace holdfast::config
