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

}  // namespace
}  // namespace holdfast::ipvsd
