// The lists of system calls: our own libraries must work with every other call killing, and what an
// attacker would do must not. Under sanitizers the filter refuses nothing, so there is no test.
#ifndef HOLDFAST_SANITIZED

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "lib/ipc/channel.hpp"
#include "lib/ipc/sealed_memory.hpp"
#include "lib/log/logger.hpp"
#include "lib/loop/loop.hpp"
#include "lib/sandbox/sandbox.hpp"
#include "lib/state/state_file.hpp"
#include "proto/ipvs.pb.h"
#include "tests/unit/sandbox/in_child.hpp"

namespace holdfast::sandbox {
namespace {

using namespace std::chrono_literals;

/// Runs `work` in a child inside the filter; `prepare` before it.
int ending_inside(const Profile& profile, Action action, const std::function<int()>& work) {
    return ending_of([&] {
        const Report report = enter_filter_only(profile, action);
        if (report.present.empty()) {
            std::fprintf(stderr, "%s\n", report.missing.front().c_str());
            return 99;
        }
        return work();
    });
}

constexpr int kKilled = -SIGSYS;

struct NamedProfile {
    const char* name;
    Profile profile;
};
std::vector<NamedProfile> roles() {
    return {{"vrrpd", vrrpd_profile()},
            {"checkerd", checkerd_profile()},
            {"ipvsd", ipvsd_profile()},
            {"mailer", mailer_profile()}};
}

TEST(FilterUnderKill, LoopChannelLogStateAndSealedMemoryWork) {
    for (const NamedProfile& role : roles()) {
        core::UniqueFd memory = std::move(ipc::make_memory("test")).value();
        const std::string content(100000, 'x');
        ASSERT_TRUE(ipc::write_all(memory.get(), content));
        ASSERT_TRUE(ipc::seal(memory.get()));
        const ipc::Digest digest = *ipc::digest_of(memory.get());
        ipc::Pair pair = std::move(ipc::make_pair()).value();
        std::array<int, 2> journal{};
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, journal.data()), 0);
        const int ending = ending_of([&] {
            loop::Loop loop;
            const auto log = log::make_logger({core::UniqueFd(journal[1]), true, "test"});
            const auto console = log::make_logger({core::UniqueFd::duplicate_of(STDERR_FILENO)});
            core::UniqueFd file(::memfd_create("state", MFD_CLOEXEC));
            ::posix_fallocate(file.get(), 0, static_cast<off_t>(state::file_size(10, 64)));
            auto state = state::StateFile::map(std::move(file), {}, 64);
            const core::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
            if (enter_filter_only(role.profile, Action::kill).present.empty()) return 99;

            state->write(core::ObjectId{1}, {});
            state->mark_ended();
            if (!ipc::read_sealed(memory.get(), digest)) return 1;
            unsigned received = 0;
            ipc::Channel left(loop, std::move(pair.first), ipc::Peer::supervisor,
                              {.accept_descriptors = true},
                              {[&](ipc::Channel::Frame frame) -> core::Status {
                                   messages::v1::ToIpvsd message;
                                   if (!ipc::parse(frame.bytes, message)) return core::Error("?");
                                   ++received;
                                   return core::Done{};
                               },
                               nullptr});
            ipc::Channel right(loop, std::move(pair.second), ipc::Peer::ipvsd, {}, {});
            for (std::uint64_t i = 1; i <= 3000; ++i) {
                messages::v1::ToIpvsd message;
                message.mutable_ping()->set_nonce(i);
                if (!right.send(message)) return 2;
            }
            loop.run_until([&] { return received == 3000; });
            loop::Timer timer(loop, [&] { loop.stop(); });
            timer.after(1ms);
            loop.run();
            const std::string large(10 << 20, 'y');  // mmap and munmap in malloc
            log->notice("TEST", large.substr(0, 100), {{"FIELD", "a\nb"}});
            console->debug("TEST", "hidden");
            try {
                throw std::runtime_error("unwinding needs no call");
            } catch (const std::runtime_error&) {
            }
            return loop.wall_clock_seconds() > 0 && core::UniqueFd::duplicate_of(null.get()) ? 0
                                                                                             : 3;
        });
        ::close(journal[0]);
        ::close(journal[1]);
        EXPECT_EQ(ending, 0) << role.name;
    }
}

TEST(FilterUnderKill, AbortSaysItsLineAndEndsByItsOwnSignal) {
    for (const NamedProfile& role : roles()) {
        EXPECT_EQ(ending_inside(role.profile, Action::kill,
                                []() -> int { core::broken_invariant("of a test, as it should"); }),
                  -SIGABRT)
            << role.name;
    }
}

TEST(FilterUnderKill, VrrpdJoinsGroupsAndSendsAndAsksTheNetlinkMonitor) {
    const int ending = ending_of([] {
        const core::UniqueFd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        nl_sock* monitor = nl_socket_alloc();
        if (nl_connect(monitor, NETLINK_ROUTE) != 0) return 98;
        nl_socket_set_nonblocking(monitor);
        if (enter_filter_only(vrrpd_profile(), Action::kill).present.empty()) return 99;
        ip_mreqn group{};
        group.imr_multiaddr.s_addr = htonl(0xe0000012);  // 224.0.0.18
        group.imr_ifindex = 1;
        ::setsockopt(udp.get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group);
        ::setsockopt(udp.get(), IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof group);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(9);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::sendto(udp.get(), "x", 1, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&to), sizeof to);
        // A dump with nl_sendto, as lib/netlink asks it.
        nl_msg* ask = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
        rtgenmsg family{};
        family.rtgen_family = AF_UNSPEC;
        nlmsg_append(ask, &family, sizeof family, NLMSG_ALIGNTO);
        nl_complete_msg(monitor, ask);
        if (nl_sendto(monitor, nlmsg_hdr(ask), nlmsg_hdr(ask)->nlmsg_len) < 0) return 1;
        nlmsg_free(ask);
        pollfd ready{nl_socket_get_fd(monitor), POLLIN, 0};
        if (::poll(&ready, 1, -1) != 1) return 2;
        return nl_recvmsgs_default(monitor) < 0 ? 3 : 0;
    });
    EXPECT_EQ(ending, 0);
}

TEST(FilterUnderKill, IpvsdTalksToNetlinkWithSendmsg) {
    const int ending = ending_of([] {
        nl_sock* route = nl_socket_alloc();
        if (nl_connect(route, NETLINK_ROUTE) != 0) return 98;
        nl_sock* generic = nl_socket_alloc();
        if (genl_connect(generic) != 0) return 98;
        if (enter_filter_only(ipvsd_profile(), Action::kill).present.empty()) return 99;
        nl_cache* links = nullptr;
        if (rtnl_link_alloc_cache(route, AF_UNSPEC, &links) != 0) return 1;
        if (nl_cache_nitems(links) < 1) return 2;
        nl_cache_free(links);
        nl_socket_add_membership(route, RTNLGRP_LINK);
        nl_socket_get_local_port(route);
        genl_ctrl_resolve(generic, "IPVS");  // may be unknown here
        nl_socket_set_buffer_size(route, 1 << 20, 1 << 20);
        mmsghdr many{};
        ::sendmmsg(nl_socket_get_fd(route), &many, 0, MSG_DONTWAIT);
        return 0;
    });
    EXPECT_EQ(ending, 0);
}

TEST(FilterUnderKill, CheckerdOpensProbesAndConnects) {
    EXPECT_EQ(
        ending_inside(checkerd_profile(), Action::kill,
                      [] {
                          const core::UniqueFd tcp(
                              ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
                          const core::UniqueFd udp(::socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP));
                          const core::UniqueFd ping(::socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
                          const int on = 1;
                          ::setsockopt(tcp.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                          sockaddr_in to{};
                          to.sin_family = AF_INET;
                          to.sin_port = htons(9);
                          to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                          ::connect(tcp.get(), reinterpret_cast<sockaddr*>(&to), sizeof to);
                          int failure = 0;
                          socklen_t size = sizeof failure;
                          ::getsockopt(tcp.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
                          ::shutdown(tcp.get(), SHUT_RDWR);
                          return tcp ? 0 : 1;
                      }),
        0);
}

struct Attack {
    const char* name;
    std::function<void()> work;
};
const std::vector<Attack>& attacks_on_all() {
    static const std::vector<Attack> attacks{
        {"execve", [] { ::execl("/bin/true", "true", nullptr); }},
        {"ptrace", [] { ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }},
        {"unshare", [] { ::syscall(SYS_unshare, 0); }},
        {"setns", [] { ::syscall(SYS_setns, -1, 0); }},
        {"bpf", [] { ::syscall(SYS_bpf, 0, nullptr, 0); }},
        {"mount", [] { ::syscall(SYS_mount, nullptr, nullptr, nullptr, 0, nullptr); }},
        {"process_vm_readv", [] { ::syscall(SYS_process_vm_readv, 1, nullptr, 0, nullptr, 0, 0); }},
        {"io_uring_setup", [] { ::syscall(425, 1, nullptr); }},
        {"pidfd_getfd", [] { ::syscall(438, -1, 0, 0); }},
        {"init_module", [] { ::syscall(SYS_init_module, nullptr, 0, ""); }},
        {"keyctl", [] { ::syscall(SYS_keyctl, 0); }},
    };
    return attacks;
}

TEST(Filter, HostileCallsEndEveryRole) {
    std::vector<NamedProfile> all = roles();
    all.push_back({"parser", parser_profile({})});
    for (const NamedProfile& role : all) {
        for (const Attack& attack : attacks_on_all()) {
            for (const Action action : {Action::refuse, Action::kill}) {
                EXPECT_EQ(ending_inside(role.profile, action,
                                        [&] {
                                            attack.work();
                                            return 0;
                                        }),
                          kKilled)
                    << role.name << " " << attack.name;
            }
        }
    }
}

bool refused(long result) {
    return result == -1 && errno == ENOSYS;
}

TEST(Filter, WhatNoRoleNeedsIsRefusedWithEnosys) {
    for (const NamedProfile& role : roles()) {
        EXPECT_EQ(
            ending_inside(
                role.profile, Action::refuse,
                [] {
                    if (!refused(::syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY, 0))) return 1;
                    if (!refused(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0)))
                        return 2;
                    if (!refused(::socket(AF_UNIX, SOCK_STREAM, 0))) return 3;
                    if (!refused(::socket(AF_NETLINK, SOCK_RAW, 0))) return 4;
                    if (!refused(::socket(AF_PACKET, SOCK_RAW, 0))) return 5;
                    if (!refused(::socket(AF_INET, SOCK_RAW, 112))) return 6;
                    if (!refused(::socket(AF_INET, SOCK_STREAM, 262))) return 7;  // MPTCP
                    if (!refused(::sendto(-1, "", 0, MSG_FASTOPEN, nullptr, 0))) return 8;
                    if (!refused(::kill(1, 0))) return 9;
                    if (::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                               -1, 0) != MAP_FAILED) {
                        return 10;
                    }
                    const int on = 1;
                    if (!refused(::setsockopt(-1, IPPROTO_IP, IP_HDRINCL, &on, sizeof on)))
                        return 11;
                    if (!refused(::setsockopt(-1, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof on))) {
                        return 12;
                    }
                    if (!refused(::setsockopt(-1, SOL_SOCKET, SO_MARK, &on, sizeof on))) return 13;
                    if (!refused(::listen(-1, 1))) return 14;
                    return refused(::ioctl(0, 0x8914, nullptr)) ? 0 : 15;  // SIOCSIFFLAGS
                }),
            0)
            << role.name;
    }
}

TEST(Filter, VrrpdOpensNoSocketAndSendsNoControlData) {
    EXPECT_EQ(ending_inside(vrrpd_profile(), Action::refuse,
                            [] {
                                msghdr header{};
                                if (!refused(::socket(AF_INET, SOCK_DGRAM, 0))) return 1;
                                if (!refused(::sendmsg(-1, &header, 0))) return 2;
                                if (!refused(::connect(-1, nullptr, 0))) return 3;
                                return refused(::bind(-1, nullptr, 0)) ? 0 : 4;
                            }),
              0);
}

TEST(Filter, LogModeRefusesNothing) {
    EXPECT_EQ(ending_of([] {
                  const Report report = enter_filter_only(vrrpd_profile(), Action::log);
                  if (report.missing.empty()) return 2;
                  return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : 1;
              }),
              0);
}

}  // namespace
}  // namespace holdfast::sandbox

#endif
