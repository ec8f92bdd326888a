#include "lib/sandbox/intents.hpp"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

namespace holdfast::sandbox {

namespace {

// Arguments of type int are compared in their low 32 bits: the kernel ignores the others.
constexpr std::uint64_t kInt = 0xffffffffULL;

scmp_arg_cmp equals(unsigned argument, int value) {
    return {argument, SCMP_CMP_MASKED_EQ, kInt, static_cast<std::uint32_t>(value)};
}
scmp_arg_cmp without(unsigned argument, int bits) {
    return {argument, SCMP_CMP_MASKED_EQ, static_cast<std::uint32_t>(bits), 0};
}
scmp_arg_cmp with(unsigned argument, int bits) {
    const std::uint64_t mask = static_cast<std::uint32_t>(bits);
    return {argument, SCMP_CMP_MASKED_EQ, mask, mask};
}
/// The type of a socket, whatever SOCK_NONBLOCK and SOCK_CLOEXEC say.
scmp_arg_cmp is_socket_type(unsigned argument, int type) {
    constexpr std::uint64_t kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    return {argument, SCMP_CMP_MASKED_EQ, kInt & ~kFlags, static_cast<std::uint32_t>(type)};
}

void add(std::vector<Rule>& rules, std::initializer_list<std::string_view> calls) {
    for (const std::string_view call : calls) rules.push_back({call, {}});
}

struct Option {
    int level;
    int name;
};
void add_options(std::vector<Rule>& rules, std::initializer_list<Option> options) {
    for (const Option& option : options) {
        rules.push_back({"setsockopt", {equals(1, option.level), equals(2, option.name)}});
    }
}

struct SocketKind {
    int family;
    int type;
    int protocol;
};
void add_sockets(std::vector<Rule>& rules, std::initializer_list<SocketKind> kinds) {
    for (const SocketKind& kind : kinds) {
        rules.push_back(
            {"socket",
             {equals(0, kind.family), is_socket_type(1, kind.type), equals(2, kind.protocol)}});
    }
}

std::vector<Rule> common() {
    std::vector<Rule> rules;
    // Waiting and time. The *_time64 twins are those of 32-bit machines.
    add(rules, {"epoll_wait", "epoll_pwait", "epoll_pwait2", "epoll_ctl", "poll", "ppoll",
                "ppoll_time64", "clock_gettime", "clock_gettime64", "gettimeofday", "time",
                "clock_nanosleep", "clock_nanosleep_time64", "nanosleep", "timerfd_settime",
                "timerfd_settime64", "restart_syscall"});
    // What is open already. No sendmsg: its control data cannot be looked at.
    add(rules,
        {"read", "readv", "write", "writev", "pread64", "recvmsg", "recvmmsg", "recvmmsg_time64",
         "recvfrom", "recv", "close", "lseek", "_llseek", "fstat", "fstat64", "getsockopt"});
    rules.push_back({"sendto", {without(3, MSG_FASTOPEN)}});
    rules.push_back({"send", {without(3, MSG_FASTOPEN)}});
    // glibc asks fstat as newfstatat with an empty path, and has no way back.
    rules.push_back({"newfstatat", {with(3, AT_EMPTY_PATH)}});
    for (const int command : {F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC, F_GET_SEALS}) {
        rules.push_back({"fcntl", {equals(1, command)}});
        rules.push_back({"fcntl64", {equals(1, command)}});
    }
    rules.push_back({"ioctl", {equals(1, FIONREAD)}});
    // Memory, never executable.
    add(rules, {"brk", "munmap", "mremap", "madvise", "futex", "futex_time64", "getrandom",
                "membarrier", "rseq", "set_robust_list", "sched_yield", "sysinfo"});
    for (const std::string_view call : {"mmap", "mmap2", "mprotect"}) {
        rules.push_back({call, {without(2, PROT_EXEC)}});
    }
    // Signals and the end.
    add(rules, {"rt_sigreturn", "sigreturn", "rt_sigprocmask", "rt_sigaction", "getpid", "gettid",
                "tgkill", "exit", "exit_group"});
    return rules;
}

std::vector<Rule> vrrp_multicast() {
    std::vector<Rule> rules;
    add_options(rules, {{IPPROTO_IP, IP_ADD_MEMBERSHIP},
                        {IPPROTO_IP, IP_DROP_MEMBERSHIP},
                        {IPPROTO_IP, IP_MULTICAST_IF},
                        {IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP},
                        {IPPROTO_IPV6, IPV6_DROP_MEMBERSHIP},
                        {IPPROTO_IPV6, IPV6_MULTICAST_IF}});
    // To a source address of its own: without, the kernel may take a virtual address. The length
    // keeps other kinds of sockets out.
    for (const int length : {int{sizeof(sockaddr_in)}, int{sizeof(sockaddr_in6)}}) {
        rules.push_back({"bind", {equals(2, length)}});
    }
    return rules;
}

std::vector<Rule> probes() {
    std::vector<Rule> rules;
    add(rules, {"connect", "bind", "shutdown", "getsockname", "getpeername"});
    rules.push_back({"sendmsg", {without(2, MSG_FASTOPEN)}});  // OpenSSL and glibc's resolver
    for (const int family : {AF_INET, AF_INET6}) {
        const int ping = family == AF_INET ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
        add_sockets(rules, {{family, SOCK_STREAM, 0},
                            {family, SOCK_STREAM, IPPROTO_TCP},
                            {family, SOCK_DGRAM, 0},
                            {family, SOCK_DGRAM, IPPROTO_UDP},
                            {family, SOCK_DGRAM, ping}});
    }
    constexpr int kIpv6Freebind = 78;  // linux/in6.h, which does not go with netinet/in.h
    add_options(rules, {{SOL_SOCKET, SO_BINDTODEVICE},
                        {SOL_SOCKET, SO_LINGER},
                        {SOL_SOCKET, SO_KEEPALIVE},
                        {SOL_SOCKET, SO_REUSEADDR},
                        {SOL_SOCKET, SO_REUSEPORT},
                        {SOL_SOCKET, SO_PRIORITY},
                        {SOL_SOCKET, SO_RCVBUF},
                        {SOL_SOCKET, SO_SNDBUF},
                        {IPPROTO_TCP, TCP_NODELAY},
                        {IPPROTO_TCP, TCP_USER_TIMEOUT},
                        {IPPROTO_TCP, TCP_SYNCNT},
                        {IPPROTO_IP, IP_RECVERR},
                        {IPPROTO_IP, IP_FREEBIND},
                        {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT},
                        {IPPROTO_IP, IP_TOS},
                        {IPPROTO_IPV6, IPV6_RECVERR},
                        {IPPROTO_IPV6, IPV6_V6ONLY},
                        {IPPROTO_IPV6, IPV6_TCLASS},
                        {IPPROTO_IPV6, kIpv6Freebind}});
    return rules;
}

std::vector<Rule> kernel_netlink() {
    std::vector<Rule> rules;
    add(rules, {"sendmsg", "sendmmsg", "getsockname"});
    constexpr int kSolNetlink = 270;
    rules.push_back({"setsockopt", {equals(1, kSolNetlink)}});
    add_options(rules, {{SOL_SOCKET, SO_RCVBUF},
                        {SOL_SOCKET, SO_SNDBUF},
                        {SOL_SOCKET, SO_RCVBUFFORCE},
                        {SOL_SOCKET, SO_SNDBUFFORCE}});
    return rules;
}

std::vector<Rule> read_files() {
    std::vector<Rule> rules;
    // What may be opened is Landlock's business and the user's, not the filter's.
    add(rules, {"open",      "openat",    "openat2",    "stat",     "stat64",     "lstat",
                "lstat64",   "fstatat64", "newfstatat", "statx",    "readlink",   "readlinkat",
                "access",    "faccessat", "faccessat2", "getdents", "getdents64", "getcwd",
                "chdir",     "fchdir",    "pread64",    "preadv",   "statfs",     "fstatfs",
                "fadvise64", "uname",     "dup",        "dup2",     "dup3",       "ftruncate",
                "getuid",    "geteuid",   "getgid",     "getegid",  "getgroups",  "prlimit64",
                "umask"});
    // Names are resolved with glibc: nscd, DNS, and the order of addresses from the kernel.
    add(rules, {"connect", "bind", "getsockname", "getpeername", "sendmsg", "sendmmsg", "select",
                "pselect6"});
    add_sockets(rules,
                {{AF_UNIX, SOCK_STREAM, 0}, {AF_UNIX, SOCK_DGRAM, 0}, {AF_NETLINK, SOCK_RAW, 0}});
    for (const int family : {AF_INET, AF_INET6}) {
        add_sockets(rules, {{family, SOCK_STREAM, 0},
                            {family, SOCK_STREAM, IPPROTO_TCP},
                            {family, SOCK_DGRAM, 0},
                            {family, SOCK_DGRAM, IPPROTO_UDP}});
    }
    add_options(rules, {{IPPROTO_IP, IP_RECVERR}, {IPPROTO_IPV6, IPV6_RECVERR}});
    rules.push_back({"ioctl", {equals(1, TCGETS)}});
    rules.push_back({"ioctl", {equals(1, SIOCGIFINDEX)}});  // is there such an interface?
    return rules;
}

}  // namespace

std::vector<Rule> rules_of(Intent intent) {
    switch (intent) {
        case Intent::common:
            return common();
        case Intent::vrrp_multicast:
            return vrrp_multicast();
        case Intent::probes:
            return probes();
        case Intent::kernel_netlink:
            return kernel_netlink();
        case Intent::read_files:
            return read_files();
    }
    return {};
}

const std::vector<std::string_view>& hostile_calls() {
    static const std::vector<std::string_view> calls{"execve",
                                                     "execveat",
                                                     "ptrace",
                                                     "process_vm_readv",
                                                     "process_vm_writev",
                                                     "bpf",
                                                     "mount",
                                                     "umount2",
                                                     "move_mount",
                                                     "open_tree",
                                                     "fsopen",
                                                     "fsmount",
                                                     "pivot_root",
                                                     "unshare",
                                                     "setns",
                                                     "pidfd_getfd",
                                                     "keyctl",
                                                     "add_key",
                                                     "request_key",
                                                     "userfaultfd",
                                                     "perf_event_open",
                                                     "io_uring_setup",
                                                     "io_uring_enter",
                                                     "io_uring_register",
                                                     "init_module",
                                                     "finit_module",
                                                     "delete_module",
                                                     "kexec_load",
                                                     "kexec_file_load",
                                                     "open_by_handle_at",
                                                     "reboot",
                                                     "swapon",
                                                     "swapoff",
                                                     "acct",
                                                     "iopl",
                                                     "ioperm",
                                                     "modify_ldt",
                                                     "personality"};
    return calls;
}

}  // namespace holdfast::sandbox
