// How routers speak and what they believe, as the configuration says.
#include "tests/unit/vrrpd/workshop.hpp"

namespace holdfast::vrrp {
namespace {

using namespace testing;

/// 192.0.2.2 and 192.0.2.1 (our own) as unicast peers, in proto text.
const std::string kPeer2 = R"(unicast_peers { address: '\300\000\002\002' } )";
const std::string kPeer1 = R"(unicast_peers { address: '\300\000\002\001' } )";

class Protocol : public ::testing::Test, public Workshop {
  protected:
    void become_active(const std::string& config) {
        start(config);
        loop.advance(4s);
        ASSERT_EQ(state(1), StateName::active);
        wire.sent.clear();
    }
    static Advertisement said(std::uint8_t priority, std::uint8_t vrid = 51) {
        return {.version = Version::v3,
                .vrid = vrid,
                .priority = priority,
                .addresses = {address("198.51.100.1")}};
    }
    void unicast(const char* from, std::span<const std::byte> bytes, std::uint8_t ttl = 255,
                 const char* to = "192.0.2.1") {
        routers->arrived({"eth0", core::Family::ipv4, true}, {.source = address(from),
                                                              .destination = address(to),
                                                              .time_to_live = ttl,
                                                              .message = bytes});
    }
    std::uint64_t refused(Rejection why, std::uint64_t id = 1) {
        return instance(id).counters().refused[static_cast<std::size_t>(why)];
    }
    std::uint64_t received(std::uint64_t id = 1) {
        return instance(id).counters().advertisements_received;
    }
    std::string cause() {
        const auto& causes = instance(1).router().causes;
        return causes.empty() ? "" : to_text(causes[0].cause);
    }
};

TEST_F(Protocol, EveryRefusalIsCountedByItsKindAndNamedWithSenderAndAdvice) {
    start(one_instance());
    auto bytes = encode(said(200), {}, address("192.0.2.66"), address("224.0.0.18"));
    bytes[6] ^= std::byte{1};
    arrived("192.0.2.66", bytes);
    arrived("192.0.2.66", bytes);
    bytes[0] = std::byte{0x21};
    arrived("192.0.2.66", bytes);
    EXPECT_EQ(refused(Rejection::checksum), 2U);
    EXPECT_EQ(refused(Rejection::incomplete), 1U);
    EXPECT_EQ(instance(1).counters().errors_received, 3U);
    EXPECT_EQ(pages.count("VRRP_PACKET VI_1 refused from 192.0.2.66: wrong checksum; packets are "
                          "garbled, or addresses translated on the way"),
              1U);
}

TEST_F(Protocol, CountersOfEachKindSurviveARestart) {
    become_active(one_instance());
    auto bytes = encode(said(200), {}, address("192.0.2.66"), address("224.0.0.18"));
    bytes[6] ^= std::byte{1};
    arrived("192.0.2.66", bytes);
    loop.advance(1s);  // an advertisement, with which the state is saved
    restart();
    start(one_instance());
    EXPECT_EQ(state(1), StateName::active);
    EXPECT_EQ(refused(Rejection::checksum), 1U);
}

TEST_F(Protocol, APeerListWithOurselvesInItSpeaksToTheOthers) {
    become_active(one_instance(kPeer1 + kPeer2));
    loop.advance(1s);
    ASSERT_EQ(wire.sent.size(), 1U);
    EXPECT_EQ(wire.sent[0].destination, address("192.0.2.2"));
}

TEST_F(Protocol, OnlyWhatWentOutCountsAsSent) {
    become_active(one_instance(kPeer2 + R"(unicast_peers { address: '\300\000\002\003' } )"));
    const std::uint64_t before = instance(1).counters().advertisements_sent;
    wire.refused = {address("192.0.2.2")};
    loop.advance(1s);
    EXPECT_EQ(instance(1).counters().advertisements_sent, before + 1) << "one peer was reached";
    const auto last = instance(1).observations().last_sent();
    wire.refused.insert(address("192.0.2.3"));
    loop.advance(2s);
    EXPECT_EQ(instance(1).counters().advertisements_sent, before + 1);
    EXPECT_EQ(instance(1).observations().last_sent(), last);
    EXPECT_EQ(instance(1).observations().send_errors().at(EPERM).count, 5U);
}

TEST_F(Protocol, UnicastThatSpeaksToNobodyIsAFaultWhereThatIsWished) {
    start(one_instance(kPeer1 + "unicast_fault_no_peer: true"));
    EXPECT_EQ(state(1), StateName::fault);
    EXPECT_EQ(cause(), "no unicast peer is left to speak to");
    reload(one_instance(kPeer1 + kPeer2 + "unicast_fault_no_peer: true"));
    EXPECT_EQ(state(1), StateName::backup);
    reload(one_instance("unicast_fault_no_peer: true"));
    EXPECT_EQ(state(1), StateName::fault);
}

TEST_F(Protocol, ASourceAddressThatIsTrackedMustBeThere) {
    // 192.0.2.9
    const std::string config =
        one_instance(R"(source_address: '\300\000\002\011' track_source_address: true)");
    start(config);
    EXPECT_EQ(state(1), StateName::fault);
    EXPECT_EQ(cause(), "the source address 192.0.2.9 of interface eth0 is not there");
    add_address(2, "192.0.2.9", 24);
    links->flush();
    EXPECT_EQ(state(1), StateName::backup);
}

TEST_F(Protocol, AnOwnerMayIgnoreEverybody) {
    for (const bool ignores : {false, true}) {
        start(one_instance(fmt::format("priority: 255 owner_ignore_adverts: {}", ignores)));
        loop.advance(1s);
        EXPECT_EQ(state(1), StateName::active);
        for (int second = 0; second < 8; ++second) {
            hear(255, "192.0.2.2");  // an owner with the higher address
            loop.advance(1s);
        }
        EXPECT_EQ(state(1) == StateName::active, ignores);
        restart();
        saved = SavedState();
    }
}

TEST_F(Protocol, EachPeerHearsTheChecksumThatItMakes) {
    const auto group = address("224.0.0.18");
    become_active(one_instance(kPeer2));
    const auto form_sent = [&] {
        wire.sent.clear();
        loop.advance(1s);
        const Expectation expected{.vrid = 51,
                                   .unicast = true,
                                   .addresses = {address("198.51.100.1")},
                                   .old_checksum_group = group};
        const auto verdict = check(expected, {.source = address("192.0.2.1"),
                                              .destination = address("192.0.2.2"),
                                              .time_to_live = 255,
                                              .message = wire.sent.back().bytes});
        return std::get<Accepted>(verdict).checksum;
    };
    EXPECT_EQ(form_sent(), ChecksumForm::pseudo_header);
    const auto old = encode(said(50), {}, address("192.0.2.2"), group, ChecksumForm::old_unicast);
    unicast("192.0.2.2", old);
    EXPECT_EQ(received(), 1U);
    EXPECT_EQ(form_sent(), ChecksumForm::old_unicast);
    EXPECT_EQ(
        pages.count("VRRP_CHECKSUM VI_1 192.0.2.2 makes checksums of keepalived before 1.3.7"), 1U);
    restart();
    start(one_instance(kPeer2));
    EXPECT_EQ(form_sent(), ChecksumForm::old_unicast) << "a successor knows";
    const auto now = encode(said(50), {}, address("192.0.2.2"), address("192.0.2.1"));
    unicast("192.0.2.2", now);
    EXPECT_EQ(form_sent(), ChecksumForm::pseudo_header);
}

TEST_F(Protocol, AStrangerSwitchesNoChecksum) {
    become_active(one_instance(kPeer2));
    const auto old = encode(said(50), {}, address("192.0.2.9"), address("224.0.0.18"),
                            ChecksumForm::old_unicast);
    unicast("192.0.2.9", old);
    EXPECT_EQ(pages.count("VRRP_CHECKSUM"), 0U);
}

TEST_F(Protocol, TheOldChecksumMayBeForbiddenOrFixed) {
    const auto old = encode(said(50), {}, address("192.0.2.2"), address("224.0.0.18"),
                            ChecksumForm::old_unicast);
    start(one_instance(kPeer2 + "old_unicast_checksum: OLD_CHECKSUM_NEVER"));
    unicast("192.0.2.2", old);
    EXPECT_EQ(refused(Rejection::checksum), 1U);
    reload(one_instance(kPeer2 + "old_unicast_checksum: OLD_CHECKSUM_ALWAYS"));
    EXPECT_EQ(instance(1).setting().checksum, ChecksumForm::old_unicast);
    reload(one_instance("v3_checksum_as_v2: true"));
    loop.advance(5s);
    EXPECT_EQ(wire.sent.back().bytes, encode(said(100), {}, address("192.0.2.1"),
                                             address("224.0.0.18"), ChecksumForm::plain));
}

TEST_F(Protocol, TwoRoutersOfOneVridWithDifferentGroupsBothHear) {
    // 224.0.0.18 and 224.0.0.20
    start(one_instance() + one_instance(R"(multicast_group: '\340\000\000\024')", 2, 51));
    for (const char* group : {"224.0.0.18", "224.0.0.20", "224.0.0.20"}) {
        const auto bytes = encode(said(200), {}, address("192.0.2.2"), address(group));
        routers->arrived({"eth0", core::Family::ipv4, false}, {.source = address("192.0.2.2"),
                                                               .destination = address(group),
                                                               .time_to_live = 255,
                                                               .message = bytes});
    }
    EXPECT_EQ(received(1), 1U);
    EXPECT_EQ(received(2), 2U);
}

TEST_F(Protocol, TwoRoutersOfOneVridWithDifferentPeersBothHear) {
    start(one_instance(kPeer2 + R"(source_address: '\300\000\002\001')") +
          one_instance(R"(unicast_peers { address: '\300\000\002\003' }
                          source_address: '\300\000\002\011')",
                       2, 51));
    const auto from = [&](const char* source, const char* to) {
        unicast(source, encode(said(200), {}, address(source), address(to)), 255, to);
    };
    from("192.0.2.2", "192.0.2.1");
    from("192.0.2.3", "192.0.2.9");
    from("192.0.2.3", "192.0.2.9");
    EXPECT_EQ(received(1), 1U);
    EXPECT_EQ(received(2), 2U);
}

TEST_F(Protocol, KeysSignWhatIsSentAndAreDemanded) {
    const std::string keys = fmt::format(
        "auth_hmac {{ active_key: 3 keys {{ id: 3 octets: '{}' }} }}", std::string(32, 'k'));
    become_active(one_instance(keys));
    loop.advance(1s);
    ASSERT_FALSE(wire.sent.empty());
    EXPECT_EQ(wire.sent.back().bytes.size(), 12 + kTrailer);
    const auto theirs = wire.sent.back().bytes;
    auto bare = encode(said(200), {}, address("192.0.2.2"), address("224.0.0.18"));
    arrived("192.0.2.2", bare);
    EXPECT_EQ(refused(Rejection::no_trailer), 1U);
    arrived("192.0.2.2", theirs);  // not signed for this sender
    EXPECT_EQ(refused(Rejection::trailer_forged), 1U);
    EXPECT_EQ(state(1), StateName::active);

    auto peer = TrailerKeeper::make(*instance(1).setting().trailer);
    const core::Interval wall{static_cast<core::Interval::rep>(loop.wall_clock_seconds() * 1e6)};
    peer->sign(bare, address("192.0.2.2"), {.wall = wall, .steady = 1000s});
    arrived("192.0.2.2", bare);
    EXPECT_EQ(state(1), StateName::backup);
    arrived("192.0.2.2", bare);
    EXPECT_EQ(refused(Rejection::trailer_replayed), 1U);
    // Nor does a successor believe it again.
    restart();
    start(one_instance(keys));
    arrived("192.0.2.2", bare);
    EXPECT_EQ(refused(Rejection::trailer_replayed), 1U);
}

TEST_F(Protocol, ASuccessorThatComesTooLateForTheRoleBelievesNothingTwiceEither) {
    const std::string keys = fmt::format(
        "auth_hmac {{ active_key: 3 keys {{ id: 3 octets: '{}' }} }}", std::string(32, 'k'));
    start(one_instance(keys));
    auto peer = TrailerKeeper::make(*instance(1).setting().trailer);
    const core::Interval wall{static_cast<core::Interval::rep>(loop.wall_clock_seconds() * 1e6)};
    auto bytes = encode(said(200), {}, address("192.0.2.2"), address("224.0.0.18"));
    peer->sign(bytes, address("192.0.2.2"), {.wall = wall, .steady = 1000s});
    arrived("192.0.2.2", bytes);
    EXPECT_EQ(received(), 1U);
    changes();
    routers.reset();
    loop.advance(8s);
    restart();
    start(one_instance(keys));
    EXPECT_EQ(changes(), (Texts{"1 init->backup"})) << "the role is too old";
    EXPECT_EQ(received(), 1U) << "what was counted stays";
    arrived("192.0.2.2", bytes);
    EXPECT_EQ(refused(Rejection::trailer_replayed), 1U);
}

TEST_F(Protocol, EveryPeerThatAReloadAddsIsRememberedToo) {
    const std::string keys = fmt::format(
        "auth_hmac {{ active_key: 3 keys {{ id: 3 octets: '{}' }} }}", std::string(32, 'k'));
    std::string peers;
    for (unsigned peer = 2; peer <= 7; ++peer)
        peers += fmt::format("unicast_peers {{ address: '\\300\\000\\002\\00{}' }} ", peer);
    start(one_instance(keys + kPeer2));
    reload(one_instance(keys + peers));
    auto writer = TrailerKeeper::make(*instance(1).setting().trailer);
    const core::Interval wall{static_cast<core::Interval::rep>(loop.wall_clock_seconds() * 1e6)};
    std::map<std::string, std::vector<std::byte>> packets;
    for (unsigned peer = 2; peer <= 7; ++peer) {
        const std::string from = fmt::format("192.0.2.{}", peer);
        auto bytes = encode(said(200), {}, address(from.c_str()), address("192.0.2.1"));
        writer->sign(bytes, address(from.c_str()), {.wall = wall, .steady = 1000s});
        packets[from] = bytes;
    }
    for (int round = 0; round < 2; ++round)
        for (const auto& [from, bytes] : packets) unicast(from.c_str(), bytes);
    EXPECT_EQ(received(), 6U);
    EXPECT_EQ(refused(Rejection::trailer_replayed), 6U);
}

TEST_F(Protocol, WithReceiveOnlyNothingIsSignedYet) {
    become_active(one_instance(fmt::format(
        "auth_hmac {{ active_key: 3 mode: HMAC_RECEIVE_ONLY keys {{ id: 3 octets: '{}' }} }}",
        std::string(32, 'k'))));
    loop.advance(1s);
    EXPECT_EQ(wire.sent.back().bytes.size(), 12U);
    hear(200);
    EXPECT_EQ(state(1), StateName::backup);
}

TEST_F(Protocol, AnAuthenticationHeaderWrapsTheWholePacket) {
    become_active(
        one_instance("version: 2 authentication { type: AUTHENTICATION_AH password: 'secretpw' }"));
    loop.advance(1s);
    EXPECT_TRUE(wire.sent.back().where.authentication_header);
    const auto cut = from_ipv4_packet(wire.sent.back().bytes);
    ASSERT_TRUE(std::holds_alternative<Datagram>(cut));
    const auto& datagram = std::get<Datagram>(cut);
    EXPECT_EQ(datagram.source, address("192.0.2.1"));
    auto reader = HeaderKeeper::make(instance(1).setting().expected.authentication.password);
    EXPECT_TRUE(std::holds_alternative<Accepted>(
        check(instance(1).setting().expected, datagram, {.header = &*reader})));
    const std::uint32_t before = reader->sequence();
    restart();
    start(
        one_instance("version: 2 authentication { type: AUTHENTICATION_AH password: 'secretpw' }"));
    loop.advance(1s);
    const auto next = from_ipv4_packet(wire.sent.back().bytes);
    EXPECT_TRUE(std::holds_alternative<Accepted>(
        check(instance(1).setting().expected, std::get<Datagram>(next), {.header = &*reader})));
    EXPECT_GT(reader->sequence(), before) << "a successor goes on from there";
}

TEST_F(Protocol, DifferingAddressesAreNamedUnlessTheActiveRoutersAreSkipped) {
    for (const bool skips : {false, true}) {
        pages.lines.clear();
        start(one_instance(fmt::format("skip_check_adv_addr: {}", skips)));
        Advertisement other = said(200);
        other.addresses = {address("198.51.100.7")};
        const auto bytes = encode(other, {}, address("192.0.2.2"), address("224.0.0.18"));
        hear(200);
        arrived("192.0.2.2", bytes);
        EXPECT_EQ(pages.count("VI_1 192.0.2.2 advertises other addresses than are configured here: "
                              "also 198.51.100.7, but not 198.51.100.1"),
                  skips ? 0U : 1U);
        restart();
        saved = SavedState();
    }
}

TEST_F(Protocol, AVrfStandsForTheInterfaceOfAUnicastRouter) {
    const std::string text =
        "vrrp_instances { id: 1 name: 'VI_1' virtual_router_id: 51 vrf: 'blue' version: 3 "
        "priority: 100 advert_interval_us: 1000000 source_address: '\\300\\000\\002\\001' " +
        kPeer2 + "}";
    start(text);
    EXPECT_EQ(cause(), "interface blue does not exist");
    set_link("blue", 2, true);
    links->flush();
    EXPECT_EQ(state(1), StateName::backup);
    EXPECT_EQ(instance(1).wire_key().interface, "blue");
}

}  // namespace
}  // namespace holdfast::vrrp
