#include "lib/ipc/routes.hpp"

#include <gtest/gtest.h>

#include <array>

#include "proto/ipvs.pb.h"

namespace holdfast::ipc {
namespace {

using messages::v1::ToIpvsd;

struct Server {
    unsigned role_changes = 0;
    unsigned healths = 0;
    core::Status on_role_change(const ToIpvsd&) {
        ++role_changes;
        return core::Done{};
    }
    core::Status on_health(const ToIpvsd&) {
        ++healths;
        return core::Error("server unknown");
    }
};

constexpr std::array<Route<ToIpvsd, Server>, 2> kRoutes{{
    {ToIpvsd::kRoleChange, Peer::vrrpd, &Server::on_role_change},
    {ToIpvsd::kServerHealth, Peer::checkerd, &Server::on_health},
}};

core::Status ask(Server& server, Peer sender, const ToIpvsd& message) {
    return dispatch(std::span<const Route<ToIpvsd, Server>>(kRoutes), server, sender, message);
}

ToIpvsd role_change() {
    ToIpvsd message;
    message.mutable_role_change();
    return message;
}

TEST(Routes, TheRightSenderIsServed) {
    Server server;
    EXPECT_TRUE(ask(server, Peer::vrrpd, role_change()));
    EXPECT_EQ(server.role_changes, 1U);
}

TEST(Routes, EveryOtherSenderIsRefused) {
    for (const Peer sender : {Peer::supervisor, Peer::checkerd, Peer::ipvsd, Peer::parser,
                              Peer::control_client, Peer::status_client}) {
        Server server;
        EXPECT_FALSE(ask(server, sender, role_change())) << to_text(sender);
        EXPECT_EQ(server.role_changes, 0U);
    }
}

TEST(Routes, AMessageWithoutARowIsRefused) {
    Server server;
    ToIpvsd message;
    message.mutable_announce();
    EXPECT_FALSE(ask(server, Peer::vrrpd, message));
    EXPECT_FALSE(ask(server, Peer::vrrpd, ToIpvsd{}));
}

TEST(Routes, TheServersVerdictIsHandedBack) {
    Server server;
    ToIpvsd message;
    message.mutable_server_health();
    const core::Status served = ask(server, Peer::checkerd, message);
    ASSERT_FALSE(served);
    EXPECT_EQ(served.error().text(), "server unknown");
}

}  // namespace
}  // namespace holdfast::ipc
