// The real ipvsd on the kernel of this machine, in a network namespace of the test's own, with
// every system call outside its filter deadly. The test is its supervisor, vrrpd and checkerd.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>

#include "lib/daemon/role.hpp"
#include "lib/daemon/state_layout.hpp"
#include "lib/ipc/sealed_memory.hpp"
#include "lib/netlink/frame_sender.hpp"
#include "lib/netlink/monitor.hpp"
#include "proto/ipvs.pb.h"
#include "proto/status.pb.h"
#include "proto/supervisor.pb.h"
#include "proto/vrrp.pb.h"
#include "tests/netns/own_namespace.hpp"

namespace holdfast::ipvsd {
namespace {

using namespace std::chrono_literals;
namespace messages = holdfast::messages::v1;

[[noreturn]] void fail(const std::string& what) {
    core::broken_invariant(what);
}

/// An empty folder that has no name any more; chroot into it works all the same.
core::UniqueFd empty_folder() {
    std::string path = "/tmp/holdfast-test-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) fail("mkdtemp");
    core::UniqueFd folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    ::rmdir(path.c_str());
    return folder;
}

[[noreturn]] void become_ipvsd(std::array<int, 5> descriptors) {
    int target = daemon::kChannel;
    for (int& descriptor : descriptors) descriptor = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 64);
    for (const int descriptor : descriptors) ::dup2(descriptor, target++);
    ::setenv("HOLDFAST_SANDBOX", "kill", 1);
    ::execl(IPVSD_PROGRAM, IPVSD_PROGRAM, "--", "holdfast", nullptr);
    ::_exit(127);
}

/// One end of a channel, and what came through it.
template <class Message>
class Side {
  public:
    core::UniqueFd connect(loop::Loop& loop) {
        ipc::Pair pair = std::move(ipc::make_pair()).value();
        ipc::Channel::Handlers handlers;
        handlers.received = [this](const ipc::Channel::Frame& frame) {
            Message message;
            core::Status parsed = ipc::parse(frame.bytes, message);
            heard.push_back(message);
            return parsed;
        };
        handlers.closed = [this](const core::Error&) { lost = true; };
        lost = false;
        channel = std::make_unique<ipc::Channel>(loop, std::move(pair.first), ipc::Peer::ipvsd,
                                                 ipc::Channel::Limits{}, std::move(handlers));
        return std::move(pair.second);
    }
    void say(const messages::ToIpvsd& message, std::span<const int> descriptors = {}) {
        if (const auto sent = channel->send(message, descriptors); !sent) {
            fail(sent.error().text());
        }
    }

    std::unique_ptr<ipc::Channel> channel;
    std::vector<Message> heard;
    bool lost = false;
};

/// What happens to addresses, as `ip monitor` would show it.
struct Witness : netlink::TableListener {
    void address_changed(const netlink::InterfaceAddress& now,
                         const netlink::InterfaceAddress* before) override {
        if (before == nullptr && !now.address.is_link_local()) ++added;
    }
    void address_removed(const netlink::InterfaceAddress&) override { ++removed; }
    int added = 0;
    int removed = 0;
};

class Program : public tests::OwnNamespace {
  protected:
    void SetUp() override {
        OwnNamespace::SetUp();
        if (IsSkipped()) return;
        run("ip link add vip0 type veth peer name far0");
        run("ip link set vip0 up && ip link set far0 up");
        const auto size = static_cast<off_t>(state::file_size(64, daemon::kIpvsdRecord));
        ASSERT_EQ(::posix_fallocate(state_.get(), 0, size), 0);
        auto socket = netlink::open_monitor_socket();
        ASSERT_TRUE(socket);
        auto monitor = netlink::Monitor::wrap(std::move(*socket), witness_);
        ASSERT_TRUE(monitor);
        monitor_ = std::move(*monitor);
        ASSERT_TRUE(monitor_->start());
        watch_ = std::make_unique<loop::FdWatch>(loop_, monitor_->fd(),
                                                 [this] { monitor_->readable(); });
        frames_ = core::UniqueFd(
            ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ARP)));
        sockaddr_ll far{};
        far.sll_family = AF_PACKET;
        far.sll_protocol = htons(ETH_P_ARP);
        far.sll_ifindex = static_cast<int>(::if_nametoindex("far0"));
        ASSERT_EQ(::bind(frames_.get(), reinterpret_cast<sockaddr*>(&far), sizeof far), 0);
    }
    void TearDown() override {
        kill_ipvsd();
        watch_.reset();
        if (monitor_) run("ip link del vip0");
    }
    static void run(const std::string& command) {
        if (std::system(command.c_str()) != 0) fail(command);
    }

    static config::v1::Config configuration() {
        config::v1::Config config;
        config::v1::VrrpInstance& instance = *config.add_vrrp_instances();
        instance.set_id(1);
        instance.set_name("VI_1");
        instance.set_interface("vip0");
        instance.set_garp_master_repeat(3);
        std::uint64_t id = 100;
        for (const char* text : {"192.0.2.1", "192.0.2.2", "2001:db8::1"}) {
            config::v1::VirtualAddress& address = *instance.add_addresses();
            address.set_id(++id);
            address.set_address(core::Address::from_text(text)->octets());
            address.set_prefix_length(id == 103 ? 64 : 24);
        }
        config::v1::VirtualServer& service = *config.add_virtual_servers();
        service.set_id(2);
        service.set_name("VS");
        service.mutable_key()->set_address(core::Address::v4(0xc0000201).octets());
        service.mutable_key()->set_port(80);
        service.mutable_key()->set_protocol(config::v1::TCP);
        return config;
    }

    void start(messages::StartKind kind) {
        const core::UniqueFd socket = supervisor_.connect(loop_);
        const core::UniqueFd lock(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        const core::UniqueFd folder = empty_folder();
        pid_ = ::fork();
        if (pid_ == 0) {
            become_ipvsd({socket.get(), lock.get(), state_.get(), log_.get(), folder.get()});
        }
        messages::ToIpvsd message;
        messages::Welcome& welcome = *message.mutable_welcome();
        welcome.set_protocol(hear(messages::ToSupervisor::kHello).hello().protocol());
        welcome.set_role(messages::ROLE_IPVSD);
        welcome.set_incarnation(1);
        welcome.set_start(kind);
        welcome.set_boot_id(std::string(16, 'b'));
        welcome.set_netns_cookie(1);
        welcome.set_log_to_console(true);
        supervisor_.say(message);
        hand_over_frame_socket();
        offer();
        if (!hear(messages::ToSupervisor::kConfigAck).config_ack().accepted()) fail("refused");
        hear(messages::ToSupervisor::kReady);
        connect_vrrpd();
        message.mutable_activate();
        supervisor_.say(message);
    }
    void hand_over_frame_socket() {
        const auto socket = netlink::open_frame_socket();
        if (!socket) fail(socket.error().text());
        messages::ToIpvsd message;
        message.mutable_frame_socket();
        const std::array<int, 1> descriptors{socket->get()};
        supervisor_.say(message, descriptors);
    }
    void offer() {
        const core::UniqueFd memory = std::move(ipc::make_memory("config")).value();
        if (!ipc::write_all(memory.get(), configuration().SerializeAsString()) ||
            !ipc::seal(memory.get())) {
            fail("sealed memory");
        }
        const ipc::Digest digest = ipc::digest_of(memory.get()).value();
        messages::ToIpvsd message;
        messages::ConfigOffer& offered = *message.mutable_config();
        offered.set_generation(1);
        offered.set_size(digest.size);
        offered.set_sha256(digest.sha256);
        const std::array<int, 1> descriptors{memory.get()};
        supervisor_.say(message, descriptors);
    }
    void connect_vrrpd() {
        const core::UniqueFd socket = vrrpd_.connect(loop_);
        messages::ToIpvsd message;
        message.mutable_peer_fd()->set_peer(messages::ROLE_VRRPD);
        message.mutable_peer_fd()->set_incarnation(1);
        const std::array<int, 1> descriptors{socket.get()};
        supervisor_.say(message, descriptors);
    }
    messages::ToSupervisor hear(messages::ToSupervisor::BodyCase kind) {
        auto& heard = supervisor_.heard;
        const auto fits = [kind](const auto& message) { return message.body_case() == kind; };
        loop_.run_until([&] { return supervisor_.lost || std::ranges::any_of(heard, fits); });
        const auto found = std::ranges::find_if(heard, fits);
        if (found == heard.end()) fail("ipvsd ended early; it logged: " + log());
        messages::ToSupervisor message = *found;
        heard.erase(found);
        return message;
    }
    void kill_ipvsd() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

    /// StateBegin, the role of VI_1, StateEnd; waits for the answer.
    messages::InstanceApplied say_role(messages::VrrpState state) {
        messages::ToIpvsd message;
        message.mutable_state_begin()->set_generation(1);
        vrrpd_.say(message);
        messages::RoleChange& change = *message.mutable_role_change();
        change.set_batch(1);
        change.set_part(0);
        change.set_last(true);
        messages::InstanceRole& role = *change.add_roles();
        role.set_instance_id(1);
        role.set_state(state);
        role.set_epoch(1);
        role.set_down_interval_us(3600000);
        vrrpd_.say(message);
        message.mutable_state_end()->set_generation(1);
        vrrpd_.say(message);
        const std::size_t before = vrrpd_.heard.size();
        loop_.run_until([&] { return vrrpd_.lost || vrrpd_.heard.size() > before; });
        if (vrrpd_.lost) fail("ipvsd ended; it logged: " + log());
        return vrrpd_.heard.back().instance_applied();
    }
    template <class Status>
    Status status(messages::StatusTopic topic) {
        messages::ToIpvsd message;
        message.mutable_status_request()->set_request_id(1);
        message.mutable_status_request()->set_topic(topic);
        supervisor_.say(message);
        Status status;
        status.ParseFromString(hear(messages::ToSupervisor::kStatusReply).status_reply().payload());
        return status;
    }
    /// Virtual addresses that the kernel shows now.
    int present() {
        int count = 0;
        for (const auto& [index, interface] : monitor_->table().interfaces()) {
            for (const auto& [key, address] : interface.addresses) {
                if (!address.address.is_link_local()) ++count;
            }
        }
        return count;
    }
    /// The targets of the ARP requests that arrived at the other end, last octets.
    std::string announced() {
        std::string text;
        std::array<std::uint8_t, 128> frame{};
        while (::recv(frames_.get(), frame.data(), frame.size(), 0) >= 42) {
            text += std::to_string(frame[41]);
        }
        return text;
    }
    std::string proc_status(const std::string& name) const {
        std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
        for (std::string line; std::getline(file, line);) {
            if (line.rfind(name + ":\t", 0) == 0) return line.substr(name.size() + 2);
        }
        return "no line " + name;
    }
    std::string log() const {
        std::string text(64UL * 1024, '\0');
        const ssize_t size = ::pread(log_.get(), text.data(), text.size(), 0);
        text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        return text;
    }

    loop::Loop loop_;
    core::UniqueFd state_ = std::move(ipc::make_memory("state")).value();
    core::UniqueFd log_ = std::move(ipc::make_memory("log")).value();
    Witness witness_;
    std::unique_ptr<netlink::Monitor> monitor_;
    std::unique_ptr<loop::FdWatch> watch_;
    core::UniqueFd frames_;
    Side<messages::ToSupervisor> supervisor_;
    Side<messages::ToVrrpd> vrrpd_;
    pid_t pid_ = -1;
};

TEST_F(Program, BringsAddressesAnnouncesThemAndTakesThemAwayFromWithinItsSandbox) {
    start(messages::START_COLD);
    const messages::InstanceApplied applied = say_role(messages::VRRP_ACTIVE);
    ASSERT_EQ(applied.results_size(), 1);
    EXPECT_EQ(applied.results(0).error(), 0U) << log();
    loop_.run_until([this] { return present() == 3; });
    EXPECT_EQ(announced(), "121212") << log();
    const auto addresses = status<messages::AddressStatus>(messages::STATUS_ADDRESSES);
    EXPECT_EQ(addresses.instances(0).wanted(), 3U);
    EXPECT_EQ(addresses.instances(0).installed(), 3U);
    const auto services = status<messages::ServiceStatus>(messages::STATUS_SERVICES);
    ASSERT_EQ(services.services_size(), 1);
    const std::string reason = services.services(0).not_programmed_reason();
    EXPECT_EQ(reason, services.services(0).programmed() ? "" : "no IPVS in this kernel");
#ifndef HOLDFAST_SANITIZED
    EXPECT_EQ(proc_status("CapEff"), "0000000000001000") << "more or less than CAP_NET_ADMIN";
    EXPECT_EQ(proc_status("CapPrm"), "0000000000001000");
    EXPECT_EQ(proc_status("CapBnd"), "0000000000000000");
    EXPECT_EQ(proc_status("NoNewPrivs"), "1");
    EXPECT_EQ(proc_status("Seccomp"), "2");
#endif
    say_role(messages::VRRP_BACKUP);
    loop_.run_until([this] { return present() == 0; });

    say_role(messages::VRRP_ACTIVE);
    messages::ToIpvsd message;
    message.mutable_shutdown()->set_mode(messages::Shutdown::RELEASE);
    supervisor_.say(message);
    int ended = 0;
    ::waitpid(pid_, &ended, 0);
    pid_ = -1;
    EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == 0) << ended << log();
    loop_.run_until([this] { return present() == 0; });
}

TEST_F(Program, KilledAndStartedAgainMovesNoAddress) {
    start(messages::START_COLD);
    say_role(messages::VRRP_ACTIVE);
    loop_.run_until([this] { return present() == 3; });
    witness_.added = 0;
    for (int i = 0; i < 5; ++i) {
        kill_ipvsd();
        start(messages::START_RESTART);
        EXPECT_EQ(say_role(messages::VRRP_ACTIVE).results(0).error(), 0U);
    }
    // An order that the kernel carries out last: when we see it, we have seen all before.
    say_role(messages::VRRP_BACKUP);
    loop_.run_until([this] { return present() == 0; });
    EXPECT_EQ(witness_.added, 0);
    EXPECT_EQ(witness_.removed, 3);
}

TEST_F(Program, PutsBackWhatSomebodyRemoved) {
    start(messages::START_COLD);
    say_role(messages::VRRP_ACTIVE);
    loop_.run_until([this] { return present() == 3; });
    announced();
    run("ip addr del 192.0.2.1/24 dev vip0");  // and its secondary with it
    loop_.run_until([this] { return witness_.removed >= 2 && present() == 3; });
    // Both blocks of rounds are the announcer's tests; here one frame shows that it was told.
    std::string heard;
    loop_.run_until([&] { return (heard += announced()).find('1') != std::string::npos; });
    EXPECT_NE(log().find("ADDRESS_RESTORED"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::ipvsd
