#include <gtest/gtest.h>

#include <cerrno>

#include "lib/ipc/channel.hpp"
#include "proto/checker.pb.h"
#include "proto/ipvs.pb.h"
#include "proto/supervisor.pb.h"

namespace holdfast::ipc {
namespace {

using messages::v1::Pong;
using messages::v1::ToCheckerd;
using messages::v1::ToIpvsd;
using messages::v1::ToSupervisor;

/// A field with number 1000 (a number none of ours has) and value 1.
const std::string kUnknownField("\xc0\x3e\x01", 3);

bool parses(std::string_view frame, google::protobuf::Message&& message) {
    const core::Status parsed = parse(frame, message);
    if (!parsed) {
        EXPECT_EQ(parsed.error().code(), EBADMSG);
    }
    return parsed.ok();
}

std::string role_change() {
    ToIpvsd message;
    message.mutable_role_change()->set_batch(3);
    message.mutable_role_change()->add_roles()->set_instance_id(5);
    return message.SerializeAsString();
}

TEST(Parse, AcceptsWhatItKnows) {
    ToIpvsd message;
    ASSERT_TRUE(parse(role_change(), message));
    EXPECT_EQ(message.role_change().roles(0).instance_id(), 5U);
}

TEST(Parse, RefusesAnEmptyFrame) {
    EXPECT_FALSE(parses("", Pong{}));
}

TEST(Parse, RefusesNoise) {
    EXPECT_FALSE(parses("\xff\xff\xff", ToIpvsd{}));
}

TEST(Parse, RefusesAnUnknownFieldAtTheTop) {
    EXPECT_FALSE(parses(role_change() + kUnknownField, ToIpvsd{}));
}

TEST(Parse, RefusesAnUnknownFieldInsideAPart) {
    ToIpvsd message;
    auto* role = message.mutable_role_change()->add_roles();
    role->set_instance_id(5);
    role->GetReflection()->MutableUnknownFields(role)->AddVarint(1000, 1);
    EXPECT_FALSE(parses(message.SerializeAsString(), ToIpvsd{}));
}

TEST(Parse, RefusesAnEnumeratorItDoesNotKnow) {
    ToIpvsd message;
    auto* role = message.mutable_role_change()->add_roles();
    role->GetReflection()->MutableUnknownFields(role)->AddVarint(2, 77);  // state
    EXPECT_FALSE(parses(message.SerializeAsString(), ToIpvsd{}));
}

TEST(Parse, RefusesAMessageOfAnotherDirection) {
    ToSupervisor message;
    message.mutable_service_event()->set_service_id(1);
    EXPECT_FALSE(parses(message.SerializeAsString(), ToCheckerd{}));
}

}  // namespace
}  // namespace holdfast::ipc
