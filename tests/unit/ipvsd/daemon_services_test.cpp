#include "tests/unit/ipvsd/daemon_fixture.hpp"

namespace holdfast::ipvsd::test {
namespace {

class ServicesAtWork : public DaemonTest {};
class IpvsLoss : public DaemonTest {};
class Drift : public DaemonTest {};
class ServiceReload : public DaemonTest {};
class ServiceEnd : public DaemonTest {};

TEST_F(ServicesAtWork, ColdStartsAreProgrammedAtOnceWithWhatCountsAsUp) {
    add_service(1, {1, 2});
    add_service(2, {1}).set_alpha(true);
    start();
    EXPECT_EQ(destinations(1), "10.0.0.1=1 10.0.0.2=1");
    EXPECT_EQ(destinations(2), "");
}

TEST_F(ServicesAtWork, ChecksThatCheckerdDoesNotCarryOutCountAsUp) {
    add_service(1, {1, 2}).set_alpha(true);
    start();
    say_begin(checkerd_);
    say_verdict(1, 1, false);
    EXPECT_EQ(destinations(1), "");
    say_end(checkerd_);
    EXPECT_EQ(destinations(1), "10.0.0.2=1");
}

TEST_F(ServicesAtWork, AVerdictCostsOneRequestAndAnAnswer) {
    add_service(1, {1, 2, 3});
    add_service(2, {1, 2, 3});
    start();
    say_begin(checkerd_);
    asked();
    say_verdict(1, 2, false);
    EXPECT_EQ(destinations(1), "10.0.0.1=1 10.0.0.3=1");
    EXPECT_EQ(asked(), 1U);
    say_verdict(1, 2, true);
    EXPECT_EQ(asked(), 1U);
    EXPECT_EQ(destinations(1), "10.0.0.1=1 10.0.0.2=1 10.0.0.3=1");
    say_verdict(1, 2, true);
    EXPECT_EQ(asked(), 0U);
    ASSERT_EQ(checkerd_.heard.size(), 3U);
    const messages::HealthApplied& applied = checkerd_.heard[0].health_applied();
    EXPECT_EQ(applied.server_id(), 102U);
    EXPECT_EQ(applied.epoch(), epoch_ - 2);
    EXPECT_FALSE(applied.alive());
    EXPECT_TRUE(checkerd_.heard[1].health_applied().alive());
    EXPECT_EQ(checkerd_.heard[1].health_applied().weight(), 1U);
}

TEST_F(ServicesAtWork, ServersAndQuorumsAreToldToTheSupervisorAndLoggedWithTheirCause) {
    add_service(1, {1, 2}).set_quorum(2);
    start();
    say_begin(checkerd_);
    supervisor_.take();
    say_verdict(1, 2, false);
    auto heard = supervisor_.take();
    ASSERT_EQ(heard.size(), 2U);
    EXPECT_EQ(heard[0].server_event().service_id(), 1U);
    EXPECT_EQ(heard[0].server_event().server_id(), 102U);
    EXPECT_FALSE(heard[0].server_event().up());
    EXPECT_EQ(heard[1].service_event().service_id(), 1U);
    EXPECT_FALSE(heard[1].service_event().up());
    EXPECT_EQ(log_.lines.at(log_.lines.size() - 2),
              "SERVER_STATE 10.0.0.2:80 of VS_1 up->down: connection refused");
    EXPECT_EQ(log_.lines.back(), "QUORUM VS_1 met->lost: weight alive 1, quorum 2");
    say_verdict(1, 2, true);
    heard = supervisor_.take();
    ASSERT_EQ(heard.size(), 2U);
    EXPECT_TRUE(heard[0].server_event().up());
    EXPECT_TRUE(heard[1].service_event().up());
}

TEST_F(ServicesAtWork, ServersThatAreUpFromTheStartAreToldWhereThatIsWished) {
    add_service(1, {1, 2});
    add_service(2, {1}).set_alpha(true);
    config_.mutable_global()->set_rs_init_notifies(true);
    start();
    std::vector<std::uint64_t> told;
    for (const messages::ToSupervisor& each : supervisor_.take()) {
        if (!each.has_server_event()) continue;
        EXPECT_TRUE(each.server_event().up() && each.server_event().at_start());
        told.push_back(each.server_event().server_id());
    }
    EXPECT_EQ(told, (std::vector<std::uint64_t>{101, 102}));
    kill_ipvsd();
    start(messages::START_RESTART);
    for (const messages::ToSupervisor& each : supervisor_.take()) {
        EXPECT_FALSE(each.has_server_event());
    }
}

TEST_F(ServicesAtWork, TheSorryServerStandsInWhileTheQuorumIsLost) {
    config::SorryServer& sorry = *add_service(1, {1, 2}).mutable_sorry_server();
    sorry.set_address(octets("10.0.0.9"));
    sorry.set_port(80);
    start();
    say_begin(checkerd_);
    say_verdict(1, 1, false);
    say_verdict(1, 2, false);
    EXPECT_EQ(destinations(1), "10.0.0.9=1");
    say_verdict(1, 2, true);
    EXPECT_EQ(destinations(1), "10.0.0.2=1");
}

TEST_F(ServicesAtWork, InhibitedServersStayWithWeightZero) {
    add_service(1, {1, 2}).set_inhibit_on_failure(true);
    start();
    say_begin(checkerd_);
    say_verdict(1, 1, false);
    EXPECT_EQ(destinations(1), "10.0.0.1=0 10.0.0.2=1");
}

TEST_F(ServicesAtWork, OthersMakingAreAdoptedByEditsAndForeignOnesSpared) {
    add_service(1, {1, 2});
    const Service ours{.key = key(1), .scheduler = "wlc"};
    const Service foreign{.key = key(9), .scheduler = "wlc"};
    const Destination one{.endpoint = {core::Address::v4(0x0a000001), 80}, .weight = 7};
    const Destination other{.endpoint = {core::Address::v4(0x0a000063), 80}};
    kernel_.apply(std::vector<Change>{AddService{ours}, AddDestination{key(1), one},
                                      AddDestination{key(1), other}, AddService{foreign},
                                      AddDestination{key(9), other}});
    asked();
    start();
    EXPECT_EQ(destinations(1), "10.0.0.1=1 10.0.0.2=1");
    EXPECT_EQ(kernel_.service(key(1))->service.scheduler, "rr");
    EXPECT_EQ(asked(), 4U);  // edit the service and one, add two, remove the other
    EXPECT_EQ(destinations(9), "10.0.0.99=1");
}

TEST_F(ServicesAtWork, TunnelsAndSchedulerFlagsReachTheKernel) {
    config::VirtualServer& one = add_service(1, {1});
    one.set_scheduler(config::SCHEDULER_SH);
    one.add_scheduler_flags(config::SCHEDULER_PORT);
    one.add_scheduler_flags(config::SCHEDULER_FALLBACK);
    one.mutable_servers(0)->set_forwarding(config::TUN);
    config::Tunnel& tunnel = *one.mutable_servers(0)->mutable_tunnel();
    tunnel.set_type(config::TUNNEL_GUE);
    tunnel.set_port(6080);
    tunnel.set_checksum(config::CHECKSUM_FULL);
    start();
    const auto* found = kernel_.service(key(1));
    EXPECT_EQ(found->service.scheduler, "sh");
    EXPECT_EQ(found->service.scheduler_flags, kSchedulerFlag1 | kSchedulerFlag2);
    ASSERT_EQ(found->destinations.size(), 1U);
    EXPECT_EQ(found->destinations[0].destination.tunnel,
              (Tunnel{.type = TunnelType::gue, .port = 6080, .flags = 1}));
}

TEST_F(ServicesAtWork, StatusShowsServersAsTheyAre) {
    config::VirtualServer& one = add_service(1, {1, 2});
    one.set_inhibit_on_failure(true);
    one.mutable_sorry_server()->set_address(octets("10.0.0.9"));
    start();
    say_begin(checkerd_);
    say_verdict(1, 2, false);
    const auto found = status<messages::ServiceStatus>(messages::STATUS_SERVICES);
    ASSERT_EQ(found.services_size(), 1);
    const messages::ServiceStatus::Service& service = found.services(0);
    EXPECT_EQ(service.address(), "192.0.2.1");
    EXPECT_EQ(service.port(), 80U);
    EXPECT_EQ(service.protocol(), "tcp");
    EXPECT_EQ(service.scheduler(), "rr");
    EXPECT_TRUE(service.programmed());
    EXPECT_TRUE(service.quorum_met());
    ASSERT_EQ(service.servers_size(), 3);
    EXPECT_TRUE(service.servers(0).alive());
    EXPECT_EQ(service.servers(0).forwarding(), "NAT");
    EXPECT_FALSE(service.servers(1).alive());
    EXPECT_EQ(service.servers(1).weight(), 0U);
    EXPECT_EQ(service.servers(1).last_error(), "connection refused");
    EXPECT_TRUE(service.servers(2).sorry());
    EXPECT_FALSE(service.servers(2).programmed());
}

// ---- No IPVS --------------------------------------------------------------------------------

TEST_F(IpvsLoss, AKernelWithoutItIsAStateThatEndsWhenItAppears) {
    kernel_.set_ipvs(false);
    settle();
    add_instance(7, {"192.0.2.99"});
    add_service(1, {1, 2});
    start();
    say_begin(checkerd_);
    say_end(checkerd_);
    say_verdict(1, 2, false);
    pass(60s);
    EXPECT_EQ(asked(), 0U);
    EXPECT_EQ(log_.count("IPVS_MISSING"), 1);
    auto found = status<messages::ServiceStatus>(messages::STATUS_SERVICES);
    EXPECT_FALSE(found.services(0).programmed());
    EXPECT_EQ(found.services(0).not_programmed_reason(), "no IPVS in this kernel");
    say_all_roles({{7, messages::VRRP_ACTIVE}});
    EXPECT_EQ(addresses(), "192.0.2.99");

    kernel_.set_ipvs(true);
    settle();
    EXPECT_EQ(destinations(1), "10.0.0.1=1");
    found = status<messages::ServiceStatus>(messages::STATUS_SERVICES);
    EXPECT_TRUE(found.services(0).programmed());
    EXPECT_EQ(found.services(0).not_programmed_reason(), "");
}

TEST_F(IpvsLoss, AMissingSchedulerIsAFaultOfThatServiceAndTriedAgain) {
    add_service(1, {1}).set_scheduler(config::SCHEDULER_MH);
    add_service(2, {1});
    kernel_.schedulers().erase("mh");
    start();
    EXPECT_EQ(destinations(1), "none");
    EXPECT_EQ(destinations(2), "10.0.0.1=1");
    EXPECT_EQ(log_.count("SERVICE_FAILED"), 1);
    const auto found = status<messages::ServiceStatus>(messages::STATUS_SERVICES);
    EXPECT_FALSE(found.services(0).programmed());
    EXPECT_NE(found.services(0).not_programmed_reason(), "");
    pass(60s);
    EXPECT_EQ(log_.count("SERVICE_FAILED"), 1);
    kernel_.schedulers().insert("mh");
    pass(2s);
    EXPECT_EQ(destinations(1), "10.0.0.1=1");
    EXPECT_EQ(log_.count("IPVS_RESTORED"), 0);
}

// ---- Loss of a daemon -----------------------------------------------------------------------

TEST_F(IpvsLoss, OfCheckerdLeavesVerdictsAsTheyAre) {
    add_service(1, {1, 2});
    start();
    say_begin(checkerd_);
    say_verdict(1, 2, false);
    say_end(checkerd_);
    asked();
    for (int i = 0; i < 10; ++i) {
        checkerd_.channel.reset();
        settle();
        pass(60s);
        connect_checkerd();
        say_begin(checkerd_);
        say_verdict(1, 1, true);
        say_verdict(1, 2, false);
        say_end(checkerd_);
    }
    EXPECT_EQ(asked(), 0U);
    EXPECT_EQ(destinations(1), "10.0.0.1=1");
}

TEST_F(IpvsLoss, OfIpvsdIsNotSeenByTheKernelNorToldToScripts) {
    add_service(1, {1, 2});
    start();
    say_begin(checkerd_);
    say_verdict(1, 2, false);
    say_end(checkerd_);
    asked();
    supervisor_.take();
    for (int i = 0; i < 10; ++i) {
        kill_ipvsd();
        start(messages::START_RESTART);
        pass(10s);
        say_begin(checkerd_);
        say_verdict(1, 1, true);
        say_verdict(1, 2, false);
        say_end(checkerd_);
        pass(10s);
    }
    EXPECT_EQ(asked(), 0U);
    EXPECT_TRUE(supervisor_.take().empty());
    EXPECT_EQ(destinations(1), "10.0.0.1=1");
}

TEST_F(IpvsLoss, OfIpvsdSuccessorRemovesServicesThatTheLedgerNamesAndNobodyWishes) {
    add_service(1, {1});
    add_service(2, {1});
    start();
    kill_ipvsd();
    config_.mutable_virtual_servers()->DeleteSubrange(1, 1);
    kernel_.apply(std::vector<Change>{AddService{{.key = key(9)}}});
    start(messages::START_RESTART);
    say_begin(checkerd_);
    say_end(checkerd_);
    EXPECT_EQ(destinations(1), "10.0.0.1=1");
    EXPECT_EQ(destinations(2), "none");
    EXPECT_EQ(destinations(9), "");
}

// ---- Drift ----------------------------------------------------------------------------------

TEST_F(Drift, IsRepairedWithinTwoSecondsLoggedAndForeignServicesSpared) {
    add_service(1, {1, 2});
    start();
    kernel_.apply(std::vector<Change>{
        RemoveDestination{key(1), {core::Address::v4(0x0a000001), 80}},
        EditDestination{key(1), {.endpoint = {core::Address::v4(0x0a000002), 80}, .weight = 9}},
        AddService{{.key = key(9)}}});
    pass(2s);
    EXPECT_EQ(destinations(1), "10.0.0.1=1 10.0.0.2=1");
    EXPECT_EQ(destinations(9), "");
    EXPECT_EQ(log_.count("IPVS_RESTORED"), 2);
    kernel_.apply(std::vector<Change>{RemoveService{key(1)}});
    pass(2s);
    EXPECT_EQ(destinations(1), "10.0.0.1=1 10.0.0.2=1");
    asked();
    pass(60s);
    EXPECT_EQ(asked(), 0U);
}

TEST_F(Drift, FoundByAVerdictIsRepairedAtOnce) {
    add_service(1, {1, 2});
    start();
    say_begin(checkerd_);
    kernel_.apply(std::vector<Change>{RemoveService{key(1)}});
    say_verdict(1, 1, false);
    EXPECT_EQ(destinations(1), "10.0.0.2=1");
}

TEST_F(Drift, AfterLostAnswersIsLookedForAtOnce) {
    add_service(1, {1, 2});
    start();
    say_begin(checkerd_);
    kernel_.lose_answers();
    kernel_.refuse_next([](const Change&) { return true; }, ENOMEM);
    say_verdict(1, 1, false);
    EXPECT_EQ(destinations(1), "10.0.0.2=1");
}

// ---- Reload ---------------------------------------------------------------------------------

TEST_F(ServiceReload, KeepsVerdictsEditsWhatChangedAndRemovesWhatWent) {
    config::VirtualServer& one = add_service(1, {1, 2});
    add_service(2, {1});
    start();
    say_begin(checkerd_);
    say_verdict(1, 2, false);
    asked();
    one.set_scheduler(config::SCHEDULER_WLC);
    one.mutable_servers(0)->set_weight(5);
    config_.mutable_virtual_servers()->DeleteSubrange(1, 1);
    reload();
    EXPECT_EQ(destinations(1), "10.0.0.1=5");
    EXPECT_EQ(kernel_.service(key(1))->service.scheduler, "wlc");
    EXPECT_EQ(destinations(2), "none");
    EXPECT_EQ(asked(), 3U);
    say_verdict(2, 1, false);
    ASSERT_FALSE(checkerd_.heard.empty());
    EXPECT_EQ(checkerd_.heard.back().gone().id(), 2001U);
    EXPECT_FALSE(checkerd_.closed);
}

TEST_F(ServiceReload, ASecondServiceOfTheSameKeyIsRefused) {
    add_service(1, {1});
    add_service(2, {1}).mutable_key()->set_address(octets("192.0.2.1"));
    EXPECT_FALSE(build_model(1, config_).ok());
}

// ---- The end --------------------------------------------------------------------------------

TEST_F(ServiceEnd, ReleaseRemovesOurServicesUnlessTheyAreToBeKept) {
    add_service(1, {1});
    kernel_.apply(std::vector<Change>{AddService{{.key = key(9)}}});
    start();
    shut_down(messages::Shutdown::RELEASE, true);
    EXPECT_EQ(destinations(1), "10.0.0.1=1");
    kill_ipvsd();
    start(messages::START_RESTART);
    shut_down(messages::Shutdown::RELEASE);
    EXPECT_EQ(destinations(1), "none");
    EXPECT_EQ(destinations(9), "");
}

TEST_F(ServiceEnd, OmegaTellsAnOrderedEndAsFailure) {
    add_service(1, {1});
    add_service(2, {1, 2}).set_omega(true);
    start();
    supervisor_.take();
    shut_down(messages::Shutdown::RELEASE);
    const auto heard = supervisor_.take();
    ASSERT_EQ(heard.size(), 3U);
    EXPECT_EQ(heard[0].server_event().server_id(), 201U);
    EXPECT_FALSE(heard[0].server_event().up());
    EXPECT_EQ(heard[1].server_event().server_id(), 202U);
    EXPECT_EQ(heard[2].service_event().service_id(), 2U);
    EXPECT_FALSE(heard[2].service_event().up());
}

}  // namespace
}  // namespace holdfast::ipvsd::test
