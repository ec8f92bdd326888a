#include "ipvsd/requests.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "proto/ipvs.pb.h"

namespace holdfast::ipvsd {
namespace {

using core::ObjectId;
using ipc::Peer;
namespace messages = holdfast::messages::v1;
using messages::ToIpvsd;

/// Writes down what was let through.
class Recorder : public RequestHandler {
  public:
    std::string take() { return std::exchange(text_, {}); }

    void roles_begin() override { add("begin"); }
    void roles_end(std::uint64_t generation) override { add("end " + std::to_string(generation)); }
    void roles_committed(std::uint64_t generation) override {
        add("committed " + std::to_string(generation));
    }
    void take_roles(const RoleBatch& batch) override {
        std::string roles = "roles " + std::to_string(batch.number);
        for (const RoleSaid& role : batch.roles) {
            roles +=
                " " + std::to_string(role.instance.value) + "=" + std::string(to_text(role.state));
        }
        add(roles);
    }
    void announce(ObjectId instance, AnnouncementReason reason) override {
        constexpr const char* kReasons[] = {" lower", "", " source"};
        add("announce " + std::to_string(instance.value) + kReasons[static_cast<int>(reason)]);
    }
    void verdicts_begin() override { add("verdicts begin"); }
    void verdicts_end(std::uint64_t /*generation*/) override { add("verdicts end"); }
    void verdicts_committed(std::uint64_t /*generation*/) override { add("verdicts committed"); }
    void take_verdict(const VerdictSaid& verdict) override {
        add("verdict " + std::to_string(verdict.check.value) + (verdict.up ? " up" : " down"));
    }
    void answer_gone(Peer peer, ObjectId id) override {
        add("gone " + std::to_string(id.value) + " to " + std::string(ipc::to_text(peer)));
    }

  private:
    void add(const std::string& line) { text_ += text_.empty() ? line : "; " + line; }
    std::string text_;
};

Model model_of(std::vector<std::uint64_t> instances, std::vector<std::uint64_t> checks) {
    Model model;
    for (const std::uint64_t id : instances) model.instances[ObjectId{id}].id = ObjectId{id};
    // Check N belongs to server N + 100.
    for (const std::uint64_t id : checks) {
        model.checks[ObjectId{id}] = {ObjectId{1000}, ObjectId{id + 100}};
    }
    return model;
}

ToIpvsd state_begin() {
    ToIpvsd message;
    message.mutable_state_begin()->set_generation(1);
    return message;
}
ToIpvsd state_end() {
    ToIpvsd message;
    message.mutable_state_end()->set_generation(1);
    return message;
}
ToIpvsd role(std::uint64_t instance, messages::VrrpState state, std::uint64_t epoch) {
    ToIpvsd message;
    messages::RoleChange& change = *message.mutable_role_change();
    change.set_batch(7);
    change.set_part(0);
    change.set_last(true);
    messages::InstanceRole& one = *change.add_roles();
    one.set_instance_id(instance);
    one.set_state(state);
    one.set_epoch(epoch);
    one.set_down_interval_us(3600000);
    return message;
}
ToIpvsd verdict(std::uint64_t check, bool up, std::uint64_t epoch) {
    ToIpvsd message;
    messages::ServerHealth& health = *message.mutable_server_health();
    health.set_check_id(check);
    health.set_server_id(check + 100);
    health.set_up(up);
    health.set_epoch(epoch);
    return message;
}
ToIpvsd announce(std::uint64_t instance) {
    ToIpvsd message;
    message.mutable_announce()->set_instance_id(instance);
    message.mutable_announce()->set_reason(messages::Announce::LOWER_PRIORITY_ADVERTISEMENT);
    return message;
}
ToIpvsd committed() {
    ToIpvsd message;
    message.mutable_committed()->set_generation(3);
    return message;
}
ToIpvsd restart_notice() {
    ToIpvsd message;
    message.mutable_restart_notice()->set_role(messages::ROLE_VRRPD);
    return message;
}

class RequestsTest : public testing::Test {
  protected:
    RequestsTest() { requests_.set_model(model_, {}); }

    int ask(Peer peer, const ToIpvsd& message) {
        const core::Status answer = requests_.handle(peer, message.SerializeAsString());
        return answer ? 0 : answer.error().code();
    }
    void begin() {
        EXPECT_EQ(ask(Peer::vrrpd, state_begin()), 0);
        EXPECT_EQ(ask(Peer::checkerd, state_begin()), 0);
        handler_.take();
    }

    Recorder handler_;
    Requests requests_{handler_};
    Model model_ = model_of({1, 2}, {51, 52});
    Model next_ = model_of({2}, {52});
};

TEST_F(RequestsTest, OnlyTheRightPeerMayAsk) {
    begin();
    const std::vector<std::pair<ToIpvsd, std::vector<Peer>>> table{
        {state_begin(), {Peer::vrrpd, Peer::checkerd}},
        {state_end(), {Peer::vrrpd, Peer::checkerd}},
        {committed(), {Peer::vrrpd, Peer::checkerd}},
        {role(1, messages::VRRP_BACKUP, 1), {Peer::vrrpd}},
        {announce(1), {Peer::vrrpd}},
        {verdict(51, true, 1), {Peer::checkerd}},
        {restart_notice(), {Peer::supervisor}},
    };
    for (const auto& [message, allowed] : table) {
        for (const Peer peer : {Peer::supervisor, Peer::vrrpd, Peer::checkerd, Peer::parser}) {
            const bool may = std::ranges::find(allowed, peer) != allowed.end();
            EXPECT_EQ(ask(peer, message) == EPERM, !may)
                << message.ShortDebugString() << ipc::to_text(peer);
        }
    }
}

TEST_F(RequestsTest, LifecycleMessagesAreNobodysBusinessHere) {
    ToIpvsd message;
    message.mutable_shutdown();
    for (const Peer peer : {Peer::vrrpd, Peer::checkerd}) EXPECT_EQ(ask(peer, message), EPERM);
}

TEST_F(RequestsTest, NothingCountsBeforeStateBegin) {
    EXPECT_EQ(ask(Peer::vrrpd, role(1, messages::VRRP_BACKUP, 1)), EPROTO);
    EXPECT_EQ(ask(Peer::vrrpd, state_end()), EPROTO);
    EXPECT_EQ(ask(Peer::checkerd, verdict(51, true, 1)), EPROTO);
    EXPECT_EQ(ask(Peer::checkerd, state_end()), EPROTO);
    EXPECT_EQ(handler_.take(), "");
}

TEST_F(RequestsTest, IdsThatNobodyKnowsAreViolations) {
    begin();
    EXPECT_EQ(ask(Peer::vrrpd, role(9, messages::VRRP_BACKUP, 1)), ENOENT);
    EXPECT_EQ(ask(Peer::vrrpd, announce(9)), ENOENT);
    EXPECT_EQ(ask(Peer::checkerd, verdict(99, true, 1)), ENOENT);
    EXPECT_EQ(handler_.take(), "");
}

TEST_F(RequestsTest, WhatComesBackBeginsAnew) {
    begin();
    EXPECT_EQ(ask(Peer::checkerd, verdict(51, true, 7)), 0);
    EXPECT_EQ(ask(Peer::vrrpd, role(1, messages::VRRP_BACKUP, 7)), 0);
    requests_.set_model(next_, {});
    requests_.set_model(model_, {});
    handler_.take();
    // Who counted for the old one has forgotten it.
    EXPECT_EQ(ask(Peer::checkerd, verdict(51, true, 1)), 0);
    EXPECT_EQ(ask(Peer::vrrpd, role(1, messages::VRRP_BACKUP, 1)), 0);
    EXPECT_EQ(handler_.take(), "verdict 51 up; roles 7 1=backup");
}

TEST_F(RequestsTest, IdsOfTheLastGenerationAreGone) {
    requests_.set_model(next_, {});
    begin();
    EXPECT_EQ(ask(Peer::vrrpd, role(1, messages::VRRP_ACTIVE, 1)), 0);
    EXPECT_EQ(handler_.take(), "gone 1 to vrrpd; roles 7");
    EXPECT_EQ(ask(Peer::vrrpd, announce(1)), 0);
    EXPECT_EQ(ask(Peer::checkerd, verdict(51, true, 1)), 0);
    EXPECT_EQ(handler_.take(), "gone 1 to vrrpd; gone 51 to checkerd");
    requests_.set_model(next_, {});
    EXPECT_EQ(ask(Peer::vrrpd, announce(1)), ENOENT);
}

TEST_F(RequestsTest, InstancesThatAreLeavingMayStillSpeak) {
    requests_.set_model(next_, {{ObjectId{1}, {.id = ObjectId{1}}}});
    begin();
    EXPECT_EQ(ask(Peer::vrrpd, role(1, messages::VRRP_INITIALIZE, 1)), 0);
    EXPECT_EQ(handler_.take(), "roles 7 1=initialize");
    requests_.leaving_gone();
    EXPECT_EQ(ask(Peer::vrrpd, role(1, messages::VRRP_INITIALIZE, 2)), 0);
    EXPECT_EQ(handler_.take(), "gone 1 to vrrpd; roles 7");
}

TEST_F(RequestsTest, EpochsGrowUntilStateBeginResetsThem) {
    begin();
    EXPECT_EQ(ask(Peer::vrrpd, role(1, messages::VRRP_BACKUP, 5)), 0);
    EXPECT_EQ(ask(Peer::vrrpd, role(2, messages::VRRP_BACKUP, 1)), 0);
    EXPECT_EQ(ask(Peer::vrrpd, role(1, messages::VRRP_ACTIVE, 5)), EPROTO);
    EXPECT_EQ(ask(Peer::checkerd, verdict(51, true, 4)), 0);
    EXPECT_EQ(ask(Peer::checkerd, verdict(51, false, 4)), EPROTO);
    begin();
    EXPECT_EQ(ask(Peer::vrrpd, role(1, messages::VRRP_ACTIVE, 1)), 0);
    EXPECT_EQ(ask(Peer::checkerd, verdict(51, false, 1)), 0);
}

TEST_F(RequestsTest, EdgesOfStatesAreThoseOfTheStandard) {
    using enum RouterState;
    const std::map<RouterState, messages::VrrpState> states{{initialize, messages::VRRP_INITIALIZE},
                                                            {backup, messages::VRRP_BACKUP},
                                                            {active, messages::VRRP_ACTIVE},
                                                            {fault, messages::VRRP_FAULT}};
    for (const bool owner : {false, true}) {
        model_.instances[ObjectId{1}].owner = owner;
        for (const auto& [from, from_message] : states) {
            for (const auto& [to, to_message] : states) {
                begin();
                EXPECT_EQ(ask(Peer::vrrpd, role(1, from_message, 1)), 0);
                const bool legal = to != active || from == backup || from == active || owner;
                EXPECT_EQ(ask(Peer::vrrpd, role(1, to_message, 2)), legal ? 0 : EPROTO)
                    << to_text(from) << " -> " << to_text(to);
            }
        }
    }
}

TEST_F(RequestsTest, MisshapenRolesAreViolations) {
    begin();
    EXPECT_EQ(ask(Peer::vrrpd, role(1, messages::VRRP_STATE_UNSPECIFIED, 1)), EPROTO);
    ToIpvsd message = role(1, messages::VRRP_BACKUP, 1);
    message.mutable_role_change()->mutable_roles(0)->clear_epoch();
    EXPECT_EQ(ask(Peer::vrrpd, message), EPROTO);
    message = role(1, messages::VRRP_BACKUP, 1);
    message.mutable_role_change()->mutable_roles(0)->set_down_interval_us(1ULL << 40U);
    EXPECT_EQ(ask(Peer::vrrpd, message), EPROTO);
    EXPECT_EQ(handler_.take(), "");
}

TEST_F(RequestsTest, MisshapenVerdictsAreViolations) {
    begin();
    ToIpvsd message = verdict(51, true, 1);
    message.mutable_server_health()->set_server_id(152);
    EXPECT_EQ(ask(Peer::checkerd, message), EPROTO);
    message = verdict(51, true, 1);
    message.mutable_server_health()->clear_up();
    EXPECT_EQ(ask(Peer::checkerd, message), EPROTO);
    message = verdict(51, true, 1);
    message.mutable_server_health()->set_last_error(std::string(201, 'x'));
    EXPECT_EQ(ask(Peer::checkerd, message), EPROTO);
    EXPECT_EQ(handler_.take(), "");
}

TEST_F(RequestsTest, ABatchIsHandedOverWholeAtItsLastPart) {
    begin();
    ToIpvsd first = role(1, messages::VRRP_BACKUP, 1);
    first.mutable_role_change()->set_last(false);
    ToIpvsd second = role(2, messages::VRRP_FAULT, 1);
    second.mutable_role_change()->set_part(1);
    EXPECT_EQ(ask(Peer::vrrpd, first), 0);
    EXPECT_EQ(handler_.take(), "");
    EXPECT_EQ(ask(Peer::vrrpd, second), 0);
    EXPECT_EQ(handler_.take(), "roles 7 1=backup 2=fault");
}

TEST_F(RequestsTest, BatchesAreBoundedInNumberAndOrder) {
    begin();
    std::uint64_t epoch = 0;
    const auto open = [&](std::uint64_t batch, std::uint32_t part) {
        ToIpvsd message = role(1, messages::VRRP_BACKUP, ++epoch);
        message.mutable_role_change()->set_batch(batch);
        message.mutable_role_change()->set_part(part);
        message.mutable_role_change()->set_last(false);
        return ask(Peer::vrrpd, message);
    };
    EXPECT_EQ(open(1, 0), 0);
    EXPECT_EQ(open(2, 0), 0);
    EXPECT_EQ(open(3, 0), EPROTO);
    EXPECT_EQ(open(1, 2), EPROTO);
}

TEST_F(RequestsTest, GarbageIsAViolation) {
    EXPECT_FALSE(requests_.handle(Peer::vrrpd, "\xff\xff\xff").ok());
    EXPECT_FALSE(requests_.handle(Peer::vrrpd, "").ok());
}

TEST(Requests, BeforeTheConfigurationOnlyTheSocketForAnnouncementsMayCome) {
    Recorder recorder;
    Requests requests(recorder);
    ToIpvsd socket;
    socket.mutable_frame_socket();
    EXPECT_TRUE(requests.handle(Peer::supervisor, socket.SerializeAsString()));
    EXPECT_FALSE(requests.handle(Peer::vrrpd, socket.SerializeAsString()));
    EXPECT_FALSE(requests.handle(Peer::vrrpd, state_begin().SerializeAsString()));
}

}  // namespace
}  // namespace holdfast::ipvsd
