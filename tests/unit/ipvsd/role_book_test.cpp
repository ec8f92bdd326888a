#include "ipvsd/role_book.hpp"

#include <gtest/gtest.h>

namespace holdfast::ipvsd {
namespace {

using namespace std::chrono_literals;
using core::ObjectId;

constexpr ObjectId kOne{1};
constexpr ObjectId kTwo{2};
const core::Instant kNow{core::Interval(1000s)};

RoleBook book_of(std::vector<ObjectId> ids) {
    std::map<ObjectId, Instance> instances;
    for (const ObjectId id : ids) instances[id] = {.id = id, .down_interval = 4s};
    RoleBook book;
    book.set_instances(instances);
    return book;
}
RoleSaid said(ObjectId id, RouterState state, core::Interval down = 3600ms) {
    return {.instance = id, .state = state, .epoch = 1, .down_interval = down};
}

TEST(RoleBook, KnowsNothingUntilItIsTold) {
    RoleBook book = book_of({kOne, kTwo});
    EXPECT_EQ(book.wish_of(kOne), Wish::unknown);
    book.take(said(kOne, RouterState::active));
    EXPECT_EQ(book.wish_of(kOne), Wish::present);
    EXPECT_EQ(book.wish_of(kTwo), Wish::unknown);
    book.end();
    EXPECT_EQ(book.wish_of(kOne), Wish::present);
    EXPECT_EQ(book.wish_of(kTwo), Wish::absent);
    EXPECT_EQ(book.wish_of(ObjectId{9}), Wish::absent);
}

TEST(RoleBook, OnlyActiveWishesAddresses) {
    RoleBook book = book_of({kOne});
    for (const RouterState state :
         {RouterState::initialize, RouterState::backup, RouterState::fault}) {
        book.take(said(kOne, RouterState::active));
        book.take(said(kOne, state));
        EXPECT_EQ(book.wish_of(kOne), Wish::absent);
    }
}

TEST(RoleBook, KeepsTheWishForTheDownIntervalButAtLeastASecond) {
    RoleBook book = book_of({kOne, kTwo});
    book.take(said(kOne, RouterState::active, 3600ms));
    book.take(said(kTwo, RouterState::active, 360ms));
    EXPECT_FALSE(book.next_withdrawal().has_value());
    book.vrrpd_lost(kNow);
    EXPECT_EQ(book.next_withdrawal(), kNow + 1s);
    EXPECT_TRUE(book.withdraw(kNow + 999ms).empty());
    EXPECT_EQ(book.withdraw(kNow + 1s), std::vector{kTwo});
    EXPECT_EQ(book.wish_of(kTwo), Wish::absent);
    EXPECT_EQ(book.wish_of(kOne), Wish::present);
    EXPECT_EQ(book.next_withdrawal(), kNow + 3600ms);
    EXPECT_EQ(book.withdraw(kNow + 3600ms), std::vector{kOne});
}

TEST(RoleBook, ASuccessorsWordEndsTheWaitAndItsStateBeginDoesNot) {
    RoleBook book = book_of({kOne});
    book.take(said(kOne, RouterState::active));
    book.vrrpd_lost(kNow);
    book.begin();
    EXPECT_EQ(book.next_withdrawal(), kNow + 3600ms);
    book.take(said(kOne, RouterState::active));
    EXPECT_FALSE(book.next_withdrawal().has_value());
    EXPECT_EQ(book.wish_of(kOne), Wish::present);
}

TEST(RoleBook, ALoopOfSuccessorsThatSayNothingDoesNotProlongTheWait) {
    RoleBook book = book_of({kOne});
    book.take(said(kOne, RouterState::active));
    book.vrrpd_lost(kNow);
    book.begin();
    book.vrrpd_lost(kNow + 3s);
    EXPECT_EQ(book.next_withdrawal(), kNow + 3600ms);
}

TEST(RoleBook, WhatASuccessorDoesNotSayIsAbsentAfterItsEnd) {
    RoleBook book = book_of({kOne, kTwo});
    book.take(said(kOne, RouterState::active));
    book.take(said(kTwo, RouterState::active));
    book.vrrpd_lost(kNow);
    book.begin();
    book.take(said(kTwo, RouterState::active));
    EXPECT_EQ(book.wish_of(kOne), Wish::present);
    book.end();
    EXPECT_EQ(book.wish_of(kOne), Wish::absent);
    EXPECT_EQ(book.wish_of(kTwo), Wish::present);
}

TEST(RoleBook, AfterAStartUnknownIsWaitedForByTheConfiguration) {
    RoleBook book = book_of({kOne});
    book.start(kNow);
    EXPECT_EQ(book.next_withdrawal(), kNow + 4s);
    EXPECT_EQ(book.withdraw(kNow + 4s), std::vector{kOne});
    EXPECT_EQ(book.wish_of(kOne), Wish::absent);
}

TEST(RoleBook, ANewConfigurationKeepsWhatIsKnown) {
    RoleBook book = book_of({kOne});
    book.take(said(kOne, RouterState::active));
    book.set_instances({{kOne, {.id = kOne}}, {kTwo, {.id = kTwo}}});
    EXPECT_EQ(book.wish_of(kOne), Wish::present);
    EXPECT_EQ(book.wish_of(kTwo), Wish::unknown);
    book.set_instances({});
    EXPECT_EQ(book.wish_of(kOne), Wish::absent);
}

}  // namespace
}  // namespace holdfast::ipvsd
