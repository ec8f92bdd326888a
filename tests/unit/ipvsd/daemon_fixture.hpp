#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ipvsd/daemon.hpp"
#include "lib/daemon/state_layout.hpp"
#include "lib/ipc/channel.hpp"
#include "proto/checker.pb.h"
#include "proto/config.pb.h"
#include "proto/ipvs.pb.h"
#include "proto/status.pb.h"
#include "proto/supervisor.pb.h"
#include "proto/vrrp.pb.h"
#include "tests/fakes/fake_kernel.hpp"

namespace holdfast::ipvsd::test {

using namespace std::chrono_literals;
namespace messages = holdfast::messages::v1;
namespace config = holdfast::config::v1;
using core::ObjectId;

/// Lets a kernel outlive the daemon that listens to it.
class Relay : public KernelListener {
  public:
    KernelListener* to = nullptr;
    void link_changed(const netlink::Link& now, const netlink::Link* before) override {
        if (to != nullptr) to->link_changed(now, before);
    }
    void link_removed(const netlink::Link& last) override {
        if (to != nullptr) to->link_removed(last);
    }
    void address_changed(const netlink::InterfaceAddress& now,
                         const netlink::InterfaceAddress* before) override {
        if (to != nullptr) to->address_changed(now, before);
    }
    void address_removed(const netlink::InterfaceAddress& last) override {
        if (to != nullptr) to->address_removed(last);
    }
    void ipvs_changed(bool present) override {
        if (to != nullptr) to->ipvs_changed(present);
    }
    void route_changed(const netlink::Route& route, bool gone) override {
        if (to != nullptr) to->route_changed(route, gone);
    }
    void rule_changed(const netlink::Rule& rule, bool gone) override {
        if (to != nullptr) to->rule_changed(rule, gone);
    }
    void routes_lost() override {
        if (to != nullptr) to->routes_lost();
    }
    void firewall_changed(const std::string& table) override {
        if (to != nullptr) to->firewall_changed(table);
    }
};

/// A kernel that somebody else owns.
class Borrowed : public Kernel {
  public:
    explicit Borrowed(Kernel& kernel) : kernel_(kernel) {}
    Report apply(std::span<const Change> changes) override { return kernel_.apply(changes); }
    core::Result<std::vector<netlink::InterfaceAddress>> dump_addresses() override {
        return kernel_.dump_addresses();
    }
    core::Result<std::vector<netlink::Route>> dump_routes(
        std::span<const RouteTable> tables, const netlink::RouteFilter& wanted) override {
        return kernel_.dump_routes(tables, wanted);
    }
    core::Result<std::vector<netlink::Rule>> dump_rules() override { return kernel_.dump_rules(); }
    void follow_routes(Following following) override {
        kernel_.follow_routes(std::move(following));
    }
    Report change_links(std::span<const LinkChange> changes) override {
        return kernel_.change_links(changes);
    }
    core::Result<std::vector<netlink::LinkDetails>> dump_links() override {
        return kernel_.dump_links();
    }
    core::Status change_firewall(const FirewallChange& change) override {
        return kernel_.change_firewall(change);
    }
    core::Result<IpvsTable> dump_services() override { return kernel_.dump_services(); }
    core::Result<Timeouts> timeouts() override { return kernel_.timeouts(); }
    [[nodiscard]] const netlink::InterfaceTable& interfaces() const override {
        return kernel_.interfaces();
    }
    [[nodiscard]] bool has_ipvs() const override { return kernel_.has_ipvs(); }
    [[nodiscard]] bool has_address_protocol() const override {
        return kernel_.has_address_protocol();
    }
    core::Result<std::set<std::uint32_t>> ipv6_forwarders() override {
        return kernel_.ipv6_forwarders();
    }
    Report send(std::span<const Frame> frames) override { return kernel_.send(frames); }

  private:
    Kernel& kernel_;
};

class Lines : public log::Logger {
  public:
    std::vector<std::string> lines;
    [[nodiscard]] int count(std::string_view event) const {
        int found = 0;
        for (const std::string& line : lines) {
            if (line.rfind(event, 0) == 0) ++found;
        }
        return found;
    }

  protected:
    void put(log::Level /*level*/, std::string_view event, std::string_view text,
             std::span<const log::Field> /*fields*/) override {
        lines.push_back(std::string(event) + " " + std::string(text));
    }
};

/// One end of a channel, and all that came through it.
template <class Message>
class Ear {
  public:
    core::UniqueFd connect(loop::Loop& loop) {
        ipc::Pair pair = std::move(ipc::make_pair()).value();
        closed = false;
        channel = std::make_unique<ipc::Channel>(
            loop, std::move(pair.first), ipc::Peer::ipvsd, ipc::Channel::Limits{},
            ipc::Channel::Handlers{[this](ipc::Channel::Frame frame) -> core::Status {
                                       Message message;
                                       auto parsed = ipc::parse(frame.bytes, message);
                                       heard.push_back(std::move(message));
                                       return parsed;
                                   },
                                   [this](const core::Error&) { closed = true; }});
        return std::move(pair.second);
    }
    std::vector<Message> take() { return std::exchange(heard, {}); }

    std::unique_ptr<ipc::Channel> channel;
    std::vector<Message> heard;
    bool closed = false;
};

/// ipvsd with a fake kernel, in virtual time, and the test as supervisor, vrrpd and checkerd.
class DaemonTest : public testing::Test {
  protected:
    DaemonTest() : state_(::memfd_create("ipvsd", MFD_CLOEXEC)) {
        const auto size = state::file_size(256, daemon::kIpvsdRecord);
        EXPECT_EQ(::posix_fallocate(state_.get(), 0, static_cast<off_t>(size)), 0);
        eth0_ = kernel_.add_interface("eth0");
        kernel_.deliver();
    }

    // ---- The configuration ----

    static std::string octets(const std::string& address) {
        return core::Address::from_text(address)->octets();
    }
    config::VrrpInstance& add_instance(std::uint64_t id, std::vector<std::string> addresses) {
        config::VrrpInstance& one = *config_.add_vrrp_instances();
        one.set_id(id);
        one.set_name("VI_" + std::to_string(id));
        one.set_interface("eth0");
        one.set_priority(100);
        for (const std::string& text : addresses) {
            config::VirtualAddress& address = *one.add_addresses();
            address.set_id(id * 100 + static_cast<std::uint64_t>(one.addresses_size()));
            address.set_address(octets(text));
            address.set_prefix_length(text.find(':') == std::string::npos ? 24 : 64);
            address.set_interface("eth0");
        }
        return one;
    }
    /// In the octets of a field of syntax PREFIX.
    static std::string prefix(const std::string& text) {
        const std::size_t slash = text.find('/');
        std::string octets = DaemonTest::octets(text.substr(0, slash));
        if (slash != std::string::npos) {
            octets.push_back(static_cast<char>(std::stoi(text.substr(slash + 1))));
        }
        return octets;
    }
    static void fill(config::Route& route, std::uint64_t id, const std::string& to,
                     const std::string& via, const std::string& source = {}) {
        route.set_id(id);
        route.set_destination(prefix(to));
        if (!via.empty()) route.set_gateway(octets(via));
        route.set_interface("eth0");
        if (!source.empty()) route.set_preferred_source(octets(source));
    }
    static config::Route& add_route(config::VrrpInstance& to, const std::string& destination,
                                    const std::string& via, const std::string& source = {}) {
        config::Route& route = *to.add_virtual_routes();
        fill(route, to.id() * 1000 + static_cast<std::uint64_t>(to.virtual_routes_size()),
             destination, via, source);
        return route;
    }
    static config::Rule& add_rule(config::VrrpInstance& to, const std::string& from,
                                  std::uint32_t table, std::uint32_t preference) {
        config::Rule& rule = *to.add_virtual_rules();
        rule.set_id(to.id() * 2000 + static_cast<std::uint64_t>(to.virtual_rules_size()));
        rule.set_from(prefix(from));
        rule.set_table(table);
        rule.set_preference(preference);
        return rule;
    }
    /// Servers 10.0.0.N with ids service * 100 + N and checks service * 1000 + N.
    config::VirtualServer& add_service(std::uint64_t id, std::vector<unsigned> servers) {
        config::VirtualServer& one = *config_.add_virtual_servers();
        one.set_id(id);
        one.set_name("VS_" + std::to_string(id));
        one.mutable_key()->set_address(octets("192.0.2." + std::to_string(id)));
        one.mutable_key()->set_port(80);
        one.mutable_key()->set_protocol(config::TCP);
        one.set_scheduler(config::SCHEDULER_RR);
        for (const unsigned n : servers) {
            config::RealServer& server = *one.add_servers();
            server.set_id(id * 100 + n);
            server.set_address(octets("10.0.0." + std::to_string(n)));
            server.set_port(80);
            server.set_weight(1);
            server.set_forwarding(config::NAT);
            server.add_checks()->set_id(id * 1000 + n);
        }
        return one;
    }

    // ---- The supervisor ----

    void start(messages::StartKind kind = messages::START_COLD) {
        messages::Welcome welcome;
        welcome.set_start(kind);
        supervisor_end_ = std::make_unique<ipc::Channel>(
            loop_, supervisor_.connect(loop_), ipc::Peer::supervisor, ipc::Channel::Limits{},
            ipc::Channel::Handlers{[](ipc::Channel::Frame) { return core::Done{}; },
                                   [](const core::Error&) {}});
        daemon_ = std::make_unique<Daemon>(
            daemon::Surroundings{loop_, log_, *supervisor_end_, welcome},
            [this](KernelListener& listener, core::UniqueFd) -> core::Result<OpenedKernel> {
                relay_.to = &listener;
                return OpenedKernel{std::make_unique<Borrowed>(kernel_), nullptr};
            });
        ++generation_;
        EXPECT_TRUE(daemon_->prepare(generation_, config_).ok());
        EXPECT_TRUE(daemon_->open(core::UniqueFd::duplicate_of(state_.get())).ok());
        connect_vrrpd();
        connect_checkerd();
        daemon_->activate(generation_);
        settle();
    }
    void reload() {
        ++generation_;
        EXPECT_TRUE(daemon_->prepare(generation_, config_).ok());
        bool committed = false;
        daemon_->commit(generation_, [&] { committed = true; });
        EXPECT_TRUE(committed);
        settle();
    }
    void kill_ipvsd() {
        relay_.to = nullptr;
        daemon_.reset();
        settle();
    }
    void shut_down(messages::Shutdown::Mode mode, bool keep_services = false,
                   bool keep_addresses = false) {
        messages::Shutdown how;
        how.set_mode(mode);
        how.set_keep_services(keep_services);
        how.set_keep_addresses(keep_addresses);
        bool done = false;
        daemon_->shut_down(how, [&] { done = true; });
        EXPECT_TRUE(done);
        settle();
    }
    template <class Status>
    Status status(messages::StatusTopic topic) {
        Status status;
        const auto bytes = daemon_->status(topic);
        EXPECT_TRUE(bytes && status.ParseFromString(*bytes));
        return status;
    }

    // ---- vrrpd and checkerd ----

    void connect_vrrpd() { daemon_->peer_connected(ipc::Peer::vrrpd, vrrpd_.connect(loop_)); }
    void connect_checkerd() {
        daemon_->peer_connected(ipc::Peer::checkerd, checkerd_.connect(loop_));
    }
    void kill_vrrpd() {
        vrrpd_.channel.reset();
        settle();
    }
    template <class Side>
    void say(Side& side, const messages::ToIpvsd& message) {
        EXPECT_TRUE(side.channel->send(message).ok());
        settle();
    }
    template <class Side>
    void say_begin(Side& side) {
        messages::ToIpvsd message;
        message.mutable_state_begin()->set_generation(generation_);
        say(side, message);
    }
    template <class Side>
    void say_end(Side& side) {
        messages::ToIpvsd message;
        message.mutable_state_end()->set_generation(generation_);
        say(side, message);
    }
    template <class Side>
    void say_committed(Side& side) {
        messages::ToIpvsd message;
        message.mutable_committed()->set_generation(generation_);
        say(side, message);
    }
    using Roles = std::vector<std::pair<std::uint64_t, messages::VrrpState>>;
    messages::ToIpvsd change_of(const Roles& roles, core::Interval down = 3600ms) {
        messages::ToIpvsd message;
        messages::RoleChange& change = *message.mutable_role_change();
        change.set_batch(++batch_);
        change.set_part(0);
        change.set_last(true);
        for (const auto& [id, state] : roles) {
            messages::InstanceRole& role = *change.add_roles();
            role.set_instance_id(id);
            role.set_state(state);
            role.set_epoch(++epoch_);
            role.set_down_interval_us(static_cast<std::uint64_t>(down.count()));
        }
        return message;
    }
    void say_roles(const Roles& roles, core::Interval down = 3600ms) {
        say(vrrpd_, change_of(roles, down));
    }
    /// StateBegin, the roles, StateEnd.
    void say_all_roles(const Roles& roles, core::Interval down = 3600ms) {
        say_begin(vrrpd_);
        say_roles(roles, down);
        say_end(vrrpd_);
    }
    void say_verdict(std::uint64_t service, unsigned server, bool up) {
        messages::ToIpvsd message;
        messages::ServerHealth& health = *message.mutable_server_health();
        health.set_check_id(service * 1000 + server);
        health.set_server_id(service * 100 + server);
        health.set_up(up);
        health.set_epoch(++epoch_);
        if (!up) health.set_last_error("connection refused");
        say(checkerd_, message);
    }

    // ---- The kernel ----

    void settle() {
        loop_.settle();
        kernel_.deliver();
        loop_.settle();
    }
    void pass(core::Interval time) {
        settle();
        loop_.advance(time);
        settle();
    }
    std::string addresses() {
        std::string text;
        for (const auto& each : kernel_.addresses()) {
            text += (text.empty() ? "" : " ") + each.address.text();
        }
        return text;
    }
    std::string routes() {
        std::string text;
        for (const auto& each : kernel_.paths().routes()) {
            text += (text.empty() ? "" : "; ") + name_of(each);
        }
        return text;
    }
    std::string rules() {
        std::string text;
        for (const auto& each : kernel_.paths().rules()) {
            text += (text.empty() ? "" : "; ") + netlink::to_text(each);
        }
        return text;
    }
    static ServiceKey key(std::uint64_t service) {
        return ServiceKey::at(
            Protocol::tcp, {*core::Address::from_text("192.0.2." + std::to_string(service)), 80});
    }
    /// "10.0.0.1=1 10.0.0.2=0", or "none" without service.
    std::string destinations(std::uint64_t service) {
        const ServiceEntry* found = kernel_.service(key(service));
        if (found == nullptr) return "none";
        std::map<core::Endpoint, std::uint32_t> sorted;
        for (const DestinationEntry& each : found->destinations) {
            sorted[each.destination.endpoint] = each.destination.weight;
        }
        std::string text;
        for (const auto& [endpoint, weight] : sorted) {
            text +=
                (text.empty() ? "" : " ") + endpoint.address.text() + "=" + std::to_string(weight);
        }
        return text;
    }
    std::size_t asked() {
        const std::size_t count = kernel_.asked().size();
        kernel_.forget_asked();
        return count;
    }

    loop::Loop loop_{loop::Loop::VirtualTime{}};
    Lines log_;
    Relay relay_;
    tests::FakeKernel kernel_{&relay_};
    core::UniqueFd state_;
    Ear<messages::ToSupervisor> supervisor_;
    Ear<messages::ToVrrpd> vrrpd_;
    Ear<messages::ToCheckerd> checkerd_;
    std::unique_ptr<ipc::Channel> supervisor_end_;
    std::unique_ptr<Daemon> daemon_;
    config::Config config_;
    std::uint64_t generation_ = 0;
    std::uint64_t batch_ = 0;
    std::uint64_t epoch_ = 0;
    std::uint32_t eth0_ = 0;
};

}  // namespace holdfast::ipvsd::test
