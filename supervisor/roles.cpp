#include "supervisor/roles.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "proto/common.pb.h"

namespace holdfast::supervisor {
namespace {

using ipc::Peer;

constexpr std::array kIpvsdOnly = {Peer::ipvsd};
constexpr std::array kVrrpdAndCheckerd = {Peer::vrrpd, Peer::checkerd};

// ipvsd stands first: it is activated before the others at a cold start.
constexpr std::array kDaemons = {
    RoleSpec{Peer::ipvsd, messages::v1::ROLE_IPVSD, "ipvsd", sandbox::User::ipvsd, "holdfast-ipvsd",
             "keepalived_kern", "holdfast-ipvsd", "Keepalived_kernel", kVrrpdAndCheckerd, true,
             true},
    RoleSpec{Peer::vrrpd, messages::v1::ROLE_VRRPD, "vrrpd", sandbox::User::vrrpd, "holdfast-vrrpd",
             "keepalived_vrrp", "holdfast-vrrpd", "Keepalived_vrrp", kIpvsdOnly, true, true},
    RoleSpec{Peer::checkerd, messages::v1::ROLE_CHECKERD, "checkerd", sandbox::User::checkerd,
             "holdfast-checkd", "keepalived_ipvs", "holdfast-checkerd", "Keepalived_healthcheckers",
             kIpvsdOnly, true, true},
};
constexpr RoleSpec kParser = {Peer::parser,
                              messages::v1::ROLE_PARSER,
                              "parser",
                              sandbox::User::parser,
                              "holdfast-parser",
                              "keepalived_conf",
                              "holdfast-parser",
                              "Keepalived_config",
                              {},
                              false,
                              false};
constexpr RoleSpec kMailer = {Peer::mailer,
                              messages::v1::ROLE_UNSPECIFIED,
                              "mailer",
                              sandbox::User::mailer,
                              "holdfast-mailer",
                              "holdfast-mailer",
                              "holdfast-mailer",
                              "holdfast-mailer",
                              {},
                              false,
                              false};

}  // namespace

std::span<const RoleSpec> daemon_roles() {
    return kDaemons;
}

const RoleSpec& role_of(Peer peer) {
    const auto* found = std::ranges::find(kDaemons, peer, &RoleSpec::peer);
    if (found != kDaemons.end()) return *found;
    if (peer == Peer::parser) return kParser;
    if (peer == Peer::mailer) return kMailer;
    core::broken_invariant("no such role");
}

const RoleSpec* daemon_named(std::string_view name) {
    const auto* found = std::ranges::find(kDaemons, name, &RoleSpec::name);
    return found == kDaemons.end() ? nullptr : found;
}

core::Result<Program> open_program(const RoleSpec& role) {
    std::error_code failure;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failure);
    if (failure) return core::Error::from_errno(failure.value(), "read /proc/self/exe");
    const std::filesystem::path above = self.parent_path().parent_path();
    const std::filesystem::path places[] = {
        above / "libexec" / "holdfast" / role.name,
        above / role.name / role.name,  // Meson's own layout: build/vrrpd/vrrpd
        above / "helpers" / role.name / role.name,
    };
    for (const std::filesystem::path& place : places) {
        core::UniqueFd program(::open(place.c_str(), O_PATH | O_CLOEXEC));
        if (program && ::faccessat(AT_FDCWD, place.c_str(), X_OK, 0) == 0 &&
            std::filesystem::is_regular_file(place, failure)) {
            return Program{std::move(program), place.string()};
        }
    }
    return core::Error::from_errno(
        ENOENT, fmt::format("find the program of {} ({})", role.name, places[0].string()));
}

}  // namespace holdfast::supervisor
