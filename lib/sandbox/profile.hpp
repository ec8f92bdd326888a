#pragma once

#include <cstdint>
#include <vector>

namespace holdfast::sandbox {

/// A purpose for which a process needs system calls; intents.cpp lists them for each.
enum class Intent : std::uint8_t {
    common,          // memory, time, waiting, reading and writing what is open, ending
    vrrp_multicast,  // joins groups, binds to own addresses, on sockets it was given
    probes,          // opens and connects TCP, UDP and ping sockets
    kernel_netlink,  // asks and changes the kernel on netlink and packet sockets that are open
    read_files,      // opens files for reading, resolves names
};

/// What a process keeps once it is inside; a value, one for each role.
struct Profile {
    std::vector<int> capabilities;  // numbers of linux/capability.h
    std::vector<Intent> intents;    // beyond `common`
    bool tcp = false;               // may connect and bind TCP sockets (Landlock)
    bool empty_root = true;         // chroot to the empty folder
    std::vector<int> readable;      // O_PATH descriptors: files and folders below these
};

[[nodiscard]] Profile vrrpd_profile();
[[nodiscard]] Profile checkerd_profile();
[[nodiscard]] Profile ipvsd_profile();
/// Connects to one mail server.
[[nodiscard]] Profile mailer_profile();
/// Reads below `readable`, by path, and asks the resolver.
[[nodiscard]] Profile parser_profile(std::vector<int> readable);

}  // namespace holdfast::sandbox
