#include <algorithm>
#include <random>
#include <set>

#include "tests/unit/ipvsd/daemon_fixture.hpp"

namespace holdfast::ipvsd::test {
namespace {

/// Random lives of ipvsd: roles, verdicts, restarts of every daemon, foreign hands in the kernel,
/// a kernel that refuses. After each step, once time for repairs has passed, the kernel is what
/// the model below says, and foreign entries are as they were.
class Property : public DaemonTest, public testing::WithParamInterface<unsigned> {
  protected:
    void configure() {
        config_.Clear();
        for (const std::uint64_t id : instances_) {
            std::vector<std::string> list;
            for (std::uint64_t n = 0; n < 3; ++n) {
                list.push_back("198.51." + std::to_string(id) + "." + std::to_string(10 + n));
            }
            list.push_back("2001:db8::" + std::to_string(id));
            config::VrrpInstance& one = add_instance(id, list);
            add_route(one, "10." + std::to_string(id) + ".0.0/16", "203.0.113.254", list[0]);
            add_route(one, "10.200.0.0/16", "203.0.113.254").set_metric(7);  // of them all
            add_route(one, "2001:db8:" + std::to_string(id) + "::/48", "2001:db8:f::99");
            add_rule(one, list[0], 100, 50 + static_cast<std::uint32_t>(id));
        }
        for (const std::uint64_t id : services_) {
            config::VirtualServer& one = add_service(id, {1, 2, 3});
            one.set_quorum(2);
            if (id % 2 == 0) {
                one.mutable_sorry_server()->set_address(octets("10.0.0.9"));
                one.mutable_sorry_server()->set_port(80);
            }
        }
    }

    /// Routes and rules in one list; a route of several instances is there once.
    std::string wished_paths() const {
        std::set<std::string> wished{"192.0.2.0/24 table 254 protocol 4"};
        for (const auto& one : config_.vrrp_instances()) {
            if (!active_.contains(one.id())) continue;
            for (const auto& each : one.virtual_routes()) {
                wished.insert(name_of(configured_route(each, "x")->value));
            }
            for (const auto& each : one.virtual_rules()) {
                wished.insert(name_of(configured_rule(each, "x")->value));
            }
        }
        return text_of({wished.begin(), wished.end()});
    }
    std::string found_paths() {
        std::multiset<std::string> found;
        for (const auto& each : kernel_.paths().routes()) found.insert(name_of(each));
        for (const auto& each : kernel_.paths().rules()) found.insert(name_of(each));
        return text_of(found);
    }
    std::string wished_addresses() const {
        std::multiset<std::string> wished{"203.0.113.1", "2001:db8:f::1"};
        for (const auto& one : config_.vrrp_instances()) {
            if (!active_.contains(one.id())) continue;
            for (const auto& each : one.addresses()) {
                wished.insert(core::Address::from_bytes(each.address())->text());
            }
        }
        return text_of(wished);
    }
    std::string found_addresses() const {
        std::multiset<std::string> found;
        for (const auto& each : kernel_.addresses()) found.insert(each.address.text());
        return text_of(found);
    }
    static std::string text_of(const std::multiset<std::string>& set) {
        std::string text;
        for (const std::string& each : set) text += each + " ";
        return text;
    }
    std::string wished_destinations(std::uint64_t service) const {
        if (!services_.contains(service)) return "none";
        std::string text;
        unsigned alive = 0;
        for (unsigned n = 1; n <= 3; ++n) {
            if (down_.contains({service, n})) continue;
            ++alive;
            text += (text.empty() ? "" : " ") + ("10.0.0." + std::to_string(n)) + "=1";
        }
        return alive < 2 && service % 2 == 0 ? "10.0.0.9=1" : text;
    }

    void restate_roles() {
        say_begin(vrrpd_);
        Roles roles;
        for (const std::uint64_t id : instances_) {
            roles.emplace_back(
                id, active_.contains(id) ? messages::VRRP_ACTIVE : messages::VRRP_BACKUP);
        }
        say_roles(roles);
        say_end(vrrpd_);
    }
    void restate_verdicts() {
        say_begin(checkerd_);
        for (const std::uint64_t id : services_) {
            for (unsigned n = 1; n <= 3; ++n) say_verdict(id, n, !down_.contains({id, n}));
        }
        say_end(checkerd_);
    }
    void steal_path(std::mt19937& random) {
        const auto& routes = kernel_.paths().routes();
        const auto& rules = kernel_.paths().rules();
        if (random() % 2 == 0 && !rules.empty()) {
            kernel_.apply(std::vector<Change>{RemoveRule{rules[random() % rules.size()]}});
            return;
        }
        const netlink::Route victim = routes[random() % routes.size()];
        if (victim.protocol == 18) kernel_.apply(std::vector<Change>{RemoveRoute{victim}});
    }
    void foreign_hand(std::mt19937& random) {
        if (random() % 3 == 0) return steal_path(random);
        const auto list = kernel_.addresses();
        if (!list.empty() && random() % 2 == 0) {
            const auto& victim = list[random() % list.size()];
            if (victim.address.text() != "203.0.113.1" &&
                victim.address.text() != "2001:db8:f::1") {
                kernel_.apply(std::vector<Change>{RemoveAddress{victim}});
            }
            return;
        }
        const std::uint64_t id = 1 + random() % 4;
        if (kernel_.service(key(id)) == nullptr) return;
        if (random() % 2 == 0) {
            kernel_.apply(std::vector<Change>{RemoveService{key(id)}});
        } else {
            kernel_.apply(std::vector<Change>{
                AddDestination{key(id), {.endpoint = {core::Address::v4(0x0a000050), 80}}}});
        }
    }
    void step(std::mt19937& random) {
        const std::uint64_t id = 1 + random() % 4;
        switch (random() % 10) {
            case 0:
            case 1:
            case 2:
                if (!instances_.contains(id)) break;
                if (!active_.insert(id).second) active_.erase(id);
                say_roles(
                    {{id, active_.contains(id) ? messages::VRRP_ACTIVE : messages::VRRP_BACKUP}});
                break;
            case 3:
            case 4: {
                if (!services_.contains(id)) break;
                const unsigned n = 1 + static_cast<unsigned>(random() % 3);
                if (!down_.insert({id, n}).second) down_.erase({id, n});
                say_verdict(id, n, !down_.contains({id, n}));
                break;
            }
            case 5:
                kill_vrrpd();
                pass(500ms);
                connect_vrrpd();
                restate_roles();
                break;
            case 6:
                kill_ipvsd();
                start(messages::START_RESTART);
                restate_verdicts();
                restate_roles();
                break;
            case 7:
                foreign_hand(random);
                break;
            case 8:
                kernel_.refuse_next([](const Change&) { return true; },
                                    random() % 2 == 0 ? ENOMEM : ENOBUFS);
                break;
            case 9:
                change_configuration(random, id);
                break;
            default:
                break;
        }
    }
    void change_configuration(std::mt19937& random, std::uint64_t id) {
        if (random() % 2 == 0) {
            if (!instances_.insert(id).second) instances_.erase(id);
            active_.erase(id);
        } else {
            if (!services_.insert(id).second) services_.erase(id);
            for (unsigned n = 1; n <= 3; ++n) down_.erase({id, n});
        }
        configure();
        reload();
        say_committed(vrrpd_);
        say_committed(checkerd_);
    }

    std::set<std::uint64_t> instances_{1, 2, 3};
    std::set<std::uint64_t> services_{1, 2, 3};
    std::set<std::uint64_t> active_;
    std::set<std::pair<std::uint64_t, unsigned>> down_;
};

TEST_P(Property, TheKernelFollowsTheModelThroughAnyLife) {
    const ServiceKey foreign = ServiceKey::marked(core::Family::ipv4, 77);
    kernel_.apply(std::vector<Change>{
        AddAddress{{.interface_index = eth0_,
                    .address = *core::Address::from_text("203.0.113.1"),
                    .prefix_length = 24}},
        AddAddress{{.interface_index = eth0_,
                    .address = *core::Address::from_text("2001:db8:f::1"),
                    .prefix_length = 64,
                    .flags = 2}},  // IFA_F_NODAD
        AddService{{.key = foreign, .scheduler = "rr"}},
        AddDestination{foreign, {.endpoint = {core::Address::v4(0x0a000001), 80}}}});
    kernel_.paths().put({.destination = {*core::Address::from_text("192.0.2.0"), 24},
                         .protocol = 4,
                         .hops = {{.interface_index = eth0_}}});
    settle();
    configure();
    start();
    restate_roles();
    restate_verdicts();
    std::mt19937 random(GetParam());
    for (int i = 0; i < 300 && !HasFailure(); ++i) {
        step(random);
        for (int slice = 0; slice < 41; ++slice) pass(100ms);
        EXPECT_EQ(found_addresses(), wished_addresses()) << "step " << i;
        EXPECT_EQ(found_paths(), wished_paths()) << "step " << i;
        for (std::uint64_t id = 1; id <= 4; ++id) {
            EXPECT_EQ(destinations(id), wished_destinations(id)) << "step " << i;
        }
        ASSERT_NE(kernel_.service(foreign), nullptr);
        EXPECT_EQ(kernel_.service(foreign)->destinations.size(), 1U);
        EXPECT_FALSE(vrrpd_.closed || checkerd_.closed) << "step " << i;
        kernel_.forget_frames();
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Property, testing::Range(1U, 9U));

}  // namespace
}  // namespace holdfast::ipvsd::test
