#include "ipvsd/written_values.hpp"

#include <fmt/format.h>
#include <net/if.h>

#include <cerrno>

#include "lib/netlink/values.hpp"

namespace holdfast::ipvsd {
namespace {

core::Address anything(core::Family family) {
    return family == core::Family::ipv4 ? core::Address() : core::Address::from(in6_addr{});
}

}  // namespace

core::Error refused(std::string_view object, std::string_view why) {
    return core::Error(fmt::format("{}: {}", object, why), EINVAL);
}

bool is_name(const std::string& interface) {
    return interface.size() < IFNAMSIZ;
}

std::optional<WrittenPrefix> written_prefix(const std::string& octets) {
    WrittenPrefix prefix;
    if (octets.empty() || octets.size() == 1) return prefix;
    const std::size_t size = octets.size() < 16 ? 4 : 16;
    prefix.address = core::Address::from_bytes(std::string_view(octets).substr(0, size));
    if (!prefix.address || octets.size() > size + 1) return std::nullopt;
    prefix.length = octet(static_cast<std::uint32_t>(size * 8));
    if (octets.size() > size) prefix.length = static_cast<std::uint8_t>(octets.back());
    if (prefix.length > size * 8) return std::nullopt;
    return prefix;
}

netlink::Prefix as_selector(const WrittenPrefix& written) {
    if (!written.address || written.length == 0) return {};
    return {*written.address, written.length};
}

netlink::Prefix as_network(const WrittenPrefix& written, core::Family family) {
    if (!written.address || written.length == 0) return {anything(family), 0};
    return {netlink::network_of(*written.address, written.length), written.length};
}

}  // namespace holdfast::ipvsd
