// IPVS of the running kernel through NetlinkKernel, in a network namespace of the test's own; what
// it holds is read back by ipvsadm as well. Skips where the kernel has no IPVS.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "ipvsd/netlink_kernel.hpp"
#include "tests/fakes/fake_kernel.hpp"
#include "tests/fakes/random_changes.hpp"
#include "tests/netns/own_namespace.hpp"

namespace holdfast::ipvsd {
namespace {

core::Endpoint endpoint(std::string_view address, std::uint16_t port) {
    return {*core::Address::from_text(address), port};
}

/// Output of a shell command, which runs in the namespace of the test.
std::string output_of(const std::string& command) {
    std::string output;
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::array<char, 4096> part{};
    while (pipe && std::fgets(part.data(), part.size(), pipe.get()) != nullptr) {
        output += part.data();
    }
    return output;
}

struct Listener : KernelListener {
    void ipvs_changed(bool present) override { news.push_back(present); }
    std::vector<bool> news;
};

class Ipvs : public tests::OwnNamespace {
  protected:
    void SetUp() override {
        OwnNamespace::SetUp();
        if (IsSkipped()) return;
        // Without any address a namespace takes no IPv4 destination: EINVAL.
        ASSERT_EQ(output_of("ip link set lo up 2>&1"), "");
        auto opened = NetlinkKernel::open(loop_, listener_, core::UniqueFd());
        ASSERT_TRUE(opened) << opened.error().text();
        kernel_ = std::move(opened).value();
        ASSERT_TRUE(kernel_->start());
        if (!kernel_->has_ipvs()) GTEST_SKIP() << "this kernel has no IPVS";
        clear();
    }
    void TearDown() override {
        if (kernel_ && kernel_->has_ipvs()) clear();
    }

    void clear() {
        std::vector<Change> removes;
        for (const auto& [key, service] : dump()) removes.emplace_back(RemoveService{key});
        EXPECT_TRUE(kernel_->apply(removes).all_done());
    }
    std::map<ServiceKey, tests::ComparableService> dump() {
        const auto table = kernel_->dump_services();
        EXPECT_TRUE(table) << table.error().text();
        EXPECT_TRUE(table->present);
        return tests::comparable(*table);
    }
    int code_of(const Change& change) {
        const Report report = kernel_->apply({&change, 1});
        EXPECT_FALSE(report.uncertain);
        return report.refusals.empty() ? 0 : report.refusals[0].error.code();
    }

    loop::Loop loop_;
    Listener listener_;
    std::unique_ptr<NetlinkKernel> kernel_;
};

TEST_F(Ipvs, HoldsWhatIpvsadmShows) {
    const ServiceKey web = ServiceKey::at(Protocol::tcp, endpoint("192.0.2.80", 80));
    const ServiceKey dns = ServiceKey::at(Protocol::udp, endpoint("2001:db8::53", 53));
    const ServiceKey mark = ServiceKey::marked(core::Family::ipv4, 7);
    const Change changes[] = {
        AddService{{.key = web,
                    .scheduler = "wrr",
                    .persistence =
                        Persistence{.timeout = std::chrono::seconds(50), .netmask = 0xffffff00}}},
        AddDestination{web, {.endpoint = endpoint("10.0.0.1", 8080), .weight = 3}},
        AddDestination{web,
                       {.endpoint = endpoint("10.0.0.2", 80),
                        .forwarding = ForwardingMethod::direct_routing,
                        .weight = 0,
                        .upper_threshold = 100,
                        .lower_threshold = 50}},
        AddService{{.key = dns, .scheduler = "rr", .one_packet = true}},
        AddDestination{
            dns,
            {.endpoint = endpoint("2001:db8:5::1", 53), .forwarding = ForwardingMethod::tunnel}},
        AddService{{.key = mark, .scheduler = "sh", .scheduler_flags = kSchedulerFlag1}},
        AddDestination{mark, {.endpoint = endpoint("10.0.0.3", 0)}},
    };
    const Report report = kernel_->apply(changes);
    for (const auto& refusal : report.refusals) ADD_FAILURE() << refusal.error.text();
    const std::string shown = output_of("ipvsadm -Sn | sort");
    const std::string expected =
        "-A -f 7 -s sh -b sh-fallback\n"
        "-A -t 192.0.2.80:80 -s wrr -p 50 -M 255.255.255.0\n"
        "-A -u [2001:db8::53]:53 -s rr -o\n"
        "-a -f 7 -r 10.0.0.3:0 -m -w 1\n"
        "-a -t 192.0.2.80:80 -r 10.0.0.1:8080 -m -w 3\n"
        "-a -t 192.0.2.80:80 -r 10.0.0.2:80 -g -w 0\n"
        "-a -u [2001:db8::53]:53 -r [2001:db8:5::1]:53 -i -w 1 --tun-type ipip\n";
    EXPECT_EQ(shown, expected) << output_of("ipvsadm -Ln");
    EXPECT_EQ(output_of("ipvsadm -Ln --thresholds | awk '/10.0.0.2:80/ {print $3, $4}'"),
              "100 50\n");

    const auto there = dump();
    ASSERT_EQ(there.size(), 3U);
    EXPECT_EQ(there.at(web).service, std::get<AddService>(changes[0]).service);
    EXPECT_EQ(there.at(web).destinations.at(endpoint("10.0.0.2", 80)),
              std::get<AddDestination>(changes[2]).destination);
    EXPECT_EQ(there.at(dns).service, std::get<AddService>(changes[3]).service);
    EXPECT_EQ(there.at(mark).service, std::get<AddService>(changes[5]).service);
}

TEST_F(Ipvs, ReadsWhatIpvsadmMade) {
    EXPECT_EQ(output_of("ipvsadm -A -t 192.0.2.80:443 -s mh -b mh-port,mh-fallback -p 300 2>&1 &&"
                        "ipvsadm -a -t 192.0.2.80:443 -r 10.0.0.1 -g -w 7 2>&1"),
              "");
    const auto there = dump();
    ASSERT_EQ(there.size(), 1U);
    const auto& [key, entry] = *there.begin();
    EXPECT_EQ(key, ServiceKey::at(Protocol::tcp, endpoint("192.0.2.80", 443)));
    EXPECT_EQ(entry.service.scheduler, "mh");
    EXPECT_EQ(entry.service.scheduler_flags, kSchedulerFlag1 | kSchedulerFlag2);
    ASSERT_TRUE(entry.service.persistence);
    EXPECT_EQ(entry.service.persistence->timeout, std::chrono::seconds(300));
    EXPECT_EQ(entry.service.persistence->netmask, 0xffffffffU);
    ASSERT_EQ(entry.destinations.size(), 1U);
    EXPECT_EQ(entry.destinations.begin()->second,
              (Destination{.endpoint = endpoint("10.0.0.1", 443),
                           .forwarding = ForwardingMethod::direct_routing,
                           .weight = 7}));
}

TEST_F(Ipvs, EditsAServiceWithoutTouchingItsDestinations) {
    const ServiceKey web = ServiceKey::at(Protocol::tcp, endpoint("192.0.2.80", 80));
    const Destination server{.endpoint = endpoint("10.0.0.1", 80), .weight = 5};
    EXPECT_EQ(code_of(AddService{{.key = web, .persistence = Persistence{}, .one_packet = true}}),
              0);
    EXPECT_EQ(code_of(AddDestination{web, server}), 0);
    EXPECT_EQ(code_of(EditService{{.key = web, .scheduler = "rr"}}), 0);
    const auto there = dump();
    EXPECT_EQ(there.at(web).service, (Service{.key = web, .scheduler = "rr"}));
    EXPECT_EQ(there.at(web).destinations.at(server.endpoint), server);
}

TEST_F(Ipvs, SetsTimeoutsOneByOne) {
    const auto before = kernel_->timeouts();
    ASSERT_TRUE(before);
    const Timeouts udp_only{.udp = std::chrono::seconds(77)};
    EXPECT_EQ(code_of(SetTimeouts{udp_only}), 0);
    const auto after = kernel_->timeouts();
    ASSERT_TRUE(after);
    EXPECT_EQ(after->tcp, before->tcp);
    EXPECT_EQ(after->tcp_fin, before->tcp_fin);
    EXPECT_EQ(after->udp, std::chrono::seconds(77));
    EXPECT_EQ(output_of("ipvsadm -L --timeout"),
              fmt::format("Timeout (tcp tcpfin udp): {} {} 77\n", before->tcp.count(),
                          before->tcp_fin.count()));
    EXPECT_EQ(code_of(SetTimeouts{*before}), 0);
}

TEST_F(Ipvs, CountsConnectionsAndPackets) {
    ASSERT_EQ(output_of("ip address add 192.0.2.80/32 dev lo 2>&1"), "");
    const ServiceKey key = ServiceKey::at(Protocol::udp, endpoint("192.0.2.80", 5353));
    EXPECT_EQ(code_of(AddService{{.key = key, .scheduler = "rr"}}), 0);
    EXPECT_EQ(code_of(AddDestination{key, {.endpoint = endpoint("127.0.0.1", 5354)}}), 0);
    const core::UniqueFd client(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_storage name{};
    const socklen_t size = key.endpoint.address.to_sockaddr(key.endpoint.port, name);
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(sendto(client.get(), "x", 1, 0, reinterpret_cast<sockaddr*>(&name), size), 1);
    }
    // The kernel gathers its counters every two seconds.
    ServiceEntry entry;
    while (entry.counters.packets_in == 0) {
        usleep(50'000);
        const auto table = kernel_->dump_services();
        ASSERT_TRUE(table);
        ASSERT_EQ(table->services.size(), 1U);
        entry = table->services[0];
    }
    EXPECT_EQ(entry.counters.connections, 1U);
    EXPECT_EQ(entry.counters.packets_in, 3U);
    EXPECT_EQ(entry.counters.bytes_in, 3U * 29U);
    ASSERT_EQ(entry.destinations.size(), 1U);
    EXPECT_EQ(entry.destinations[0].counters.packets_in, 3U);
    EXPECT_EQ(entry.destinations[0].active_connections + entry.destinations[0].inactive_connections,
              1U);
}

TEST_F(Ipvs, GivesTheSameAnswersAsTheKernelInMemory) {
    for (std::uint32_t seed = 1; seed <= 30; ++seed) {
        tests::FakeKernel fake;
        tests::RandomChanges random(seed);
        for (int round = 0; round < 8; ++round) {
            std::vector<Change> changes;
            for (int i = 0; i < 15; ++i) changes.push_back(random.ipvs());
            std::string asked;
            for (const Change& change : changes) asked += to_text(change) + "\n";
            const Report real = kernel_->apply(changes);
            ASSERT_FALSE(real.uncertain);
            const auto fake_codes = tests::codes(fake.apply(changes));
            ASSERT_EQ(tests::codes(real), fake_codes) << "seed " << seed << "\n" << asked;
            const auto there = dump();
            const auto kept = tests::comparable(*fake.dump_services());
            ASSERT_EQ(there, kept) << "seed " << seed << "\n"
                                   << asked << "real:\n"
                                   << tests::to_text(there) << "in memory:\n"
                                   << tests::to_text(kept);
        }
        clear();
    }
}

TEST_F(Ipvs, ProgramsAThousandServicesInOneGo) {
    std::vector<Change> changes;
    std::string script;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        const core::Address address = core::Address::v4(0x0a010001U + i);
        const ServiceKey key = ServiceKey::at(Protocol::tcp, {address, 80});
        changes.emplace_back(AddService{{.key = key, .scheduler = "rr"}});
        script += fmt::format("-A -t {} -s rr\n", key.endpoint.text());
        for (std::uint32_t server = 1; server <= 4; ++server) {
            const Destination destination{
                .endpoint = {core::Address::v4(0x0a020000U + server), 80}};
            changes.emplace_back(AddDestination{key, destination});
            script += fmt::format("-a -t {} -r {} -m -w 1\n", key.endpoint.text(),
                                  destination.endpoint.text());
        }
    }
    using Clock = std::chrono::steady_clock;
    const auto milliseconds = [](Clock::duration time) {
        return std::chrono::duration<double, std::milli>(time).count();
    };
    const auto start = Clock::now();
    EXPECT_TRUE(kernel_->apply(changes).all_done());
    const auto applied = Clock::now();
    const auto there = dump();
    const auto dumped = Clock::now();
    ASSERT_EQ(there.size(), 1000U);
    for (const auto& [key, entry] : there) ASSERT_EQ(entry.destinations.size(), 4U);
    clear();

    // The same table through ipvsadm, all in one run.
    const std::string file = fmt::format("/tmp/ipvsadm-rules.{}", getpid());
    {
        const std::unique_ptr<FILE, int (*)(FILE*)> rules(std::fopen(file.c_str(), "we"), fclose);
        ASSERT_TRUE(rules);
        std::fputs(script.c_str(), rules.get());
    }
    const auto ipvsadm_start = Clock::now();
    EXPECT_EQ(output_of("ipvsadm -R < " + file + " 2>&1"), "");
    const auto ipvsadm_end = Clock::now();
    unlink(file.c_str());
    EXPECT_EQ(dump(), there);
    fmt::print(
        "1000 services with 4 destinations each: {:.0f} ms, read back in {:.0f} ms; "
        "ipvsadm -R: {:.0f} ms\n",
        milliseconds(applied - start), milliseconds(dumped - applied),
        milliseconds(ipvsadm_end - ipvsadm_start));
}

/// Needs to remove the module, which only a machine of our own lets us do.
TEST_F(Ipvs, IsNoticedWhenItVanishesAndWhenItAppears) {
    clear();
    if (std::system("modprobe -r ip_vs_rr ip_vs_wrr ip_vs_lc ip_vs_wlc ip_vs_sh ip_vs_dh ip_vs_sed "
                    "ip_vs_nq ip_vs_mh ip_vs 2>/dev/null; ! grep -q '^ip_vs ' /proc/modules") !=
        0) {
        GTEST_SKIP() << "the module ip_vs cannot be removed here";
    }
    const auto turn = [this] {
        loop_.defer([this] { loop_.defer([this] { loop_.stop(); }); });
        loop_.run();
    };
    turn();
    EXPECT_FALSE(kernel_->has_ipvs());
    EXPECT_EQ(listener_.news, std::vector<bool>{false});
    const Service service{.key = ServiceKey::marked(core::Family::ipv4, 1), .scheduler = "rr"};
    EXPECT_EQ(code_of(AddService{service}), EAFNOSUPPORT);
    EXPECT_FALSE(kernel_->dump_services()->present);
    ASSERT_EQ(std::system("modprobe ip_vs"), 0);
    turn();
    EXPECT_TRUE(kernel_->has_ipvs());
    EXPECT_EQ(listener_.news, (std::vector<bool>{false, true}));
    EXPECT_EQ(code_of(AddService{service}), 0);
}

}  // namespace
}  // namespace holdfast::ipvsd
