// Forwarding methods with the options of tunnels, wherever they may stand.
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "lib/config/irregular/endpoints.hpp"
#include "lib/config/numbers.hpp"

namespace holdfast::config {

namespace {

template <class Value, std::size_t Count>
using WordTable = std::array<std::pair<std::string_view, Value>, Count>;

constexpr WordTable<v1::ForwardingMethod, 3> kMethods = {
    {{"NAT", v1::NAT}, {"DR", v1::DR}, {"TUN", v1::TUN}}};
constexpr WordTable<v1::TunnelType, 3> kTypes = {
    {{"ipip", v1::TUNNEL_IPIP}, {"gue", v1::TUNNEL_GUE}, {"gre", v1::TUNNEL_GRE}}};
constexpr WordTable<v1::TunnelChecksum, 3> kChecksums = {
    {{"nocsum", v1::CHECKSUM_NONE}, {"csum", v1::CHECKSUM_FULL}, {"remcsum", v1::CHECKSUM_REMOTE}}};

template <class Value, std::size_t Count>
std::optional<Value> value_of(const WordTable<Value, Count>& table, std::string_view word) {
    for (const auto& [text, value] : table) {
        if (text == word) return value;
    }
    return std::nullopt;
}

template <class Value, std::size_t Count>
std::string_view word_of(const WordTable<Value, Count>& table, Value value) {
    for (const auto& [text, each] : table) {
        if (each == value) return text;
    }
    return {};
}

/// Reads `type gue port 5555 csum`. As keepalived it stops at the first word it cannot use.
class TunnelWords {
  public:
    TunnelWords(Binder& binder, const Node& node, v1::Tunnel& tunnel)
        : binder_(binder), node_(node), tunnel_(tunnel) {}

    void read() {
        while (at_ < node_.words.size()) {
            if (!take_option()) return;
        }
    }

  private:
    bool take_option() {
        const std::string_view word = node_.word(at_);
        if (const auto checksum = value_of(kChecksums, word)) {
            tunnel_.set_checksum(*checksum);
            ++at_;
            return true;
        }
        if (word != "type" && word != "port") {
            return refuse(at_, fmt::format("'{}' is no option of a tunnel", word),
                          "it is one of type, port, nocsum, csum, remcsum");
        }
        if (at_ + 1 >= node_.words.size()) {
            return refuse(at_, fmt::format("a word is missing behind {}", word), {});
        }
        const bool taken = word == "type" ? take_type() : take_port();
        at_ += 2;
        return taken;
    }

    bool take_type() {
        const auto type = value_of(kTypes, node_.word(at_ + 1));
        if (!type) {
            return refuse(at_ + 1, fmt::format("'{}' is no type of tunnel", node_.word(at_ + 1)),
                          "it is one of ipip, gue, gre");
        }
        tunnel_.set_type(*type);
        return true;
    }

    bool take_port() {
        const auto port = read_integer(node_.word(at_ + 1), 1, 65535);
        if (!port.problem.empty() || !port.value) {
            return refuse(at_ + 1, fmt::format("port of the tunnel: {}", port.problem), {});
        }
        tunnel_.set_port(static_cast<std::uint32_t>(*port.value));
        return true;
    }

    bool refuse(std::size_t word, std::string text, std::string_view hint) {
        binder_.report()
            .error(Complaint::general, "bad_tunnel", node_.place_of(word),
                   fmt::format("{}: {}", node_.keyword, text))
            .hint = std::string(hint);
        return false;
    }

    Binder& binder_;
    const Node& node_;
    v1::Tunnel& tunnel_;
    std::size_t at_ = 1;
};

}  // namespace

std::string_view problem_of(const v1::Tunnel& tunnel) {
    const bool is_gue = tunnel.type() == v1::TUNNEL_GUE;
    if (is_gue && !tunnel.has_port()) return "a tunnel of type gue needs a port";
    if (!is_gue && tunnel.has_port()) return "only a tunnel of type gue has a port";
    const bool is_ipip = !tunnel.has_type() || tunnel.type() == v1::TUNNEL_IPIP;
    if (is_ipip && tunnel.has_checksum() && tunnel.checksum() != v1::CHECKSUM_NONE) {
        return "a tunnel of type ipip has no checksum";
    }
    if (tunnel.type() == v1::TUNNEL_GRE && tunnel.checksum() == v1::CHECKSUM_REMOTE) {
        return "a tunnel of type gre has no remote checksum";
    }
    return {};
}

std::optional<Forwarding> read_forwarding(Binder& binder, const Node& node) {
    const auto method = value_of(kMethods, node.word(0));
    if (!method) {
        binder.report()
            .error(Complaint::general, "bad_value", node.place_of(0),
                   fmt::format("{}: '{}' is unknown and ignored", node.keyword, node.word(0)))
            .hint = "it is one of NAT, DR, TUN";
        return std::nullopt;
    }
    Forwarding read{*method, {}};
    if (node.words.size() > 1) TunnelWords(binder, node, read.tunnel).read();
    return read;
}

void write_forwarding(LegacyText& out, std::string_view keyword, v1::ForwardingMethod method,
                      const v1::Tunnel& tunnel) {
    std::vector<std::string> words = {std::string(word_of(kMethods, method))};
    if (tunnel.has_type()) {
        words.emplace_back("type");
        words.emplace_back(word_of(kTypes, tunnel.type()));
    }
    if (tunnel.has_port()) {
        words.emplace_back("port");
        words.push_back(std::to_string(tunnel.port()));
    }
    if (tunnel.has_checksum()) words.emplace_back(word_of(kChecksums, tunnel.checksum()));
    out.statement_of(keyword, words);
}

}  // namespace holdfast::config
