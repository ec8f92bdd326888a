#include "parser/mail_server.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>

namespace holdfast::parser {
namespace {

struct FreeAddresses {
    void operator()(addrinfo* found) const noexcept { ::freeaddrinfo(found); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

/// The error is getaddrinfo's.
int look_up(const std::string& name, int flags, Addresses& out) {
    // A start must not wait for a name server that is not there yet.
    ::setenv("RES_OPTIONS", "timeout:2 attempts:1", 0);
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    const int failure = ::getaddrinfo(name.c_str(), nullptr, &hints, &found);
    out.reset(found);
    return failure;
}

std::string octets_of(const addrinfo& entry) {
    if (entry.ai_family == AF_INET) {
        sockaddr_in address{};
        std::memcpy(&address, entry.ai_addr, sizeof address);
        std::string octets(sizeof address.sin_addr, '\0');
        std::memcpy(octets.data(), &address.sin_addr, octets.size());
        return octets;
    }
    if (entry.ai_family != AF_INET6) return {};
    sockaddr_in6 address{};
    std::memcpy(&address, entry.ai_addr, sizeof address);
    std::string octets(sizeof address.sin6_addr, '\0');
    std::memcpy(octets.data(), &address.sin6_addr, octets.size());
    return octets;
}

/// The name that the name service gives this host, else the kernel's.
std::string host_name() {
    utsname system{};
    if (::uname(&system) != 0) return "localhost";
    Addresses found;
    if (look_up(system.nodename, AI_CANONNAME, found) != 0 || found->ai_canonname == nullptr) {
        return system.nodename;
    }
    return found->ai_canonname;
}

std::string user_name() {
    const passwd* entry = ::getpwuid(::getuid());
    return entry != nullptr ? entry->pw_name : "root";
}

std::optional<std::string> find_server(config::v1::GlobalDefs& global) {
    constexpr int kMostAddresses = 16;
    Addresses found;
    const int failure = look_up(global.smtp_server(), 0, found);
    if (failure != 0) {
        return fmt::format("smtp_server: no address of {}: {}; no mails are sent",
                           global.smtp_server(), ::gai_strerror(failure));
    }
    for (const addrinfo* entry = found.get(); entry != nullptr; entry = entry->ai_next) {
        const std::string octets = octets_of(*entry);
        if (octets.empty() || global.smtp_addresses_size() == kMostAddresses) continue;
        global.add_smtp_addresses(octets);
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> complete_mail(config::v1::GlobalDefs& global) {
    if (!global.has_smtp_server() || global.notification_email().empty()) return std::nullopt;
    const bool named = global.has_router_id() && global.has_smtp_helo_name() &&
                       global.has_notification_email_from();
    const std::string host = named ? std::string() : host_name();
    if (!global.has_router_id()) global.set_router_id(host);
    if (!global.has_smtp_helo_name()) global.set_smtp_helo_name(host);
    if (!global.has_notification_email_from()) {
        global.set_notification_email_from(fmt::format("{}@{}", user_name(), host));
    }
    return find_server(global);
}

}  // namespace holdfast::parser
