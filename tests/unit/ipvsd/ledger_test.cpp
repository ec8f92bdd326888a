#include "ipvsd/ledger.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

namespace holdfast::ipvsd {
namespace {

using namespace std::chrono_literals;

const core::Instant kWhen{core::Interval(42s)};

AddressName name(const std::string& text, std::uint8_t prefix) {
    return name_of("eth0", {.address = *core::Address::from_text(text), .prefix_length = prefix});
}
ServiceKey key(const std::string& text, std::uint16_t port) {
    return ServiceKey::at(Protocol::udp, {*core::Address::from_text(text), port});
}

/// A state file that outlives the ledgers made of it.
class File {
  public:
    explicit File(std::size_t records) : fd_(::memfd_create("ledger", MFD_CLOEXEC)) {
        const auto size = state::file_size(records, Ledger::kRecordSize);
        EXPECT_EQ(::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size)), 0);
    }
    core::UniqueFd descriptor() const { return core::UniqueFd::duplicate_of(fd_.get()); }
    state::StateFile map() {
        return std::move(state::StateFile::map(core::UniqueFd::duplicate_of(fd_.get()),
                                               {.role = 4, .layout = 1}, Ledger::kRecordSize))
            .value();
    }

  private:
    core::UniqueFd fd_;
};

TEST(Ledger, SurvivesItsProcess) {
    File file(16);
    {
        Ledger ledger(file.map());
        EXPECT_TRUE(ledger.add(name("192.0.2.1", 24), kWhen));
        EXPECT_TRUE(ledger.add(name("2001:db8::1", 64), kWhen));
        EXPECT_TRUE(ledger.add(key("192.0.2.1", 53)));
        EXPECT_TRUE(ledger.add(key("2001:db8::1", 53)));
        EXPECT_TRUE(ledger.add(ServiceKey::marked(core::Family::ipv6, 7)));
        ledger.add(key("192.0.2.9", 53));
        ledger.erase(key("192.0.2.9", 53));
        ledger.add(name("192.0.2.9", 24), kWhen);
        ledger.erase(name("192.0.2.9", 24));
    }
    const Ledger successor(file.map());
    EXPECT_EQ(successor.address_names(),
              (std::set{name("192.0.2.1", 24), name("2001:db8::1", 64)}));
    EXPECT_EQ(successor.addresses().at(name("192.0.2.1", 24)), kWhen);
    EXPECT_EQ(successor.services(), (std::set{key("192.0.2.1", 53), key("2001:db8::1", 53),
                                              ServiceKey::marked(core::Family::ipv6, 7)}));
}

TEST(Ledger, TellsAddressesApartByPrefixAndKeepsTheFirstTime) {
    Ledger ledger(state::StateFile::private_memory(8, Ledger::kRecordSize));
    ledger.add(name("192.0.2.1", 24), kWhen);
    ledger.add(name("192.0.2.1", 32), kWhen);
    ledger.add(name("192.0.2.1", 24), kWhen + 9s);
    EXPECT_EQ(ledger.addresses().size(), 2U);
    EXPECT_EQ(ledger.addresses().at(name("192.0.2.1", 24)), kWhen);
}

TEST(Ledger, IsEmptyForASuccessorOnceItIsMarkedEnded) {
    File file(8);
    {
        Ledger ledger(file.map());
        ledger.add(name("192.0.2.1", 24), kWhen);
        ledger.mark_ended();
    }
    EXPECT_TRUE(Ledger(file.map()).addresses().empty());
}

TEST(Ledger, SaysWhenTheFileIsFullAndRemembersAllTheSame) {
    Ledger ledger(state::StateFile::private_memory(1, Ledger::kRecordSize));
    bool all = true;
    for (std::uint16_t port = 1; port < 100; ++port)
        all = ledger.add(key("192.0.2.1", port)) && all;
    EXPECT_FALSE(all);
    EXPECT_EQ(ledger.services().size(), 99U);
}

TEST(Ledger, WritesDownInALargerFileWhatTheOldOneHadNoRoomFor) {
    File small(1);
    File large(256);
    {
        Ledger ledger(small.map());
        bool all = true;
        for (std::uint16_t port = 1; port < 100; ++port) {
            all = ledger.add(key("192.0.2.1", port)) && all;
        }
        EXPECT_FALSE(all);
        ledger.add(name("192.0.2.1", 24), kWhen);
        ledger.add_rule("rule");
        const core::ObjectId route = Ledger::route_id("route");
        ledger.add_route(route, {});
        ledger.set_table("table");
        EXPECT_TRUE(ledger.move_to(large.descriptor()).ok());
    }
    const Ledger successor(large.map());
    EXPECT_EQ(successor.services().size(), 99U);
    EXPECT_EQ(successor.address_names(), std::set{name("192.0.2.1", 24)});
    EXPECT_TRUE(successor.has_rule("rule"));
    EXPECT_TRUE(successor.has_route(Ledger::route_id("route")));
    EXPECT_EQ(successor.table(), "table");
}

TEST(Ledger, ForgetsRoutesAndRulesThatAreNotKept) {
    File file(16);
    {
        Ledger ledger(file.map());
        for (const char* each : {"one", "two"}) {
            ledger.add_route(Ledger::route_id(each), {});
            ledger.add_rule(each);
        }
        EXPECT_EQ(ledger.keep_routes({Ledger::route_id("two")}), 1U);
        EXPECT_EQ(ledger.keep_rules({"two"}), 1U);
    }
    const Ledger successor(file.map());
    EXPECT_EQ(successor.routes().size(), 1U);
    EXPECT_TRUE(successor.has_route(Ledger::route_id("two")));
    EXPECT_TRUE(successor.has_rule("two"));
    EXPECT_FALSE(successor.has_rule("one"));
}

}  // namespace
}  // namespace holdfast::ipvsd
