#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "proto/config.pb.h"
#include "tests/unit/vrrpd/machine.hpp"
#include "vrrpd/routers.hpp"

/// Routers with everything around them under the test's control: virtual time, interfaces, packets.
namespace holdfast::vrrp::testing {

/// Keeps what was logged.
class Pages : public log::Logger {
  public:
    std::vector<std::string> lines;
    [[nodiscard]] std::size_t count(std::string_view part) const {
        std::size_t found = 0;
        for (const std::string& line : lines) found += line.find(part) != std::string::npos ? 1 : 0;
        return found;
    }

  protected:
    void put(log::Level, std::string_view event, std::string_view text,
             std::span<const log::Field>) override {
        lines.push_back(fmt::format("{} {}", event, text));
    }
};

/// Tells the present incarnation's Links what changes.
class Forwarder : public netlink::TableListener {
  public:
    explicit Forwarder(const std::unique_ptr<Links>& links) : links_(links) {}
    void link_changed(const netlink::Link& now, const netlink::Link* before) override {
        if (links_) links_->link_changed(now, before);
    }
    void link_removed(const netlink::Link& last) override {
        if (links_) links_->link_removed(last);
    }
    void address_changed(const netlink::InterfaceAddress& now,
                         const netlink::InterfaceAddress* before) override {
        if (links_) links_->address_changed(now, before);
    }
    void address_removed(const netlink::InterfaceAddress& last) override {
        if (links_) links_->address_removed(last);
    }

  private:
    const std::unique_ptr<Links>& links_;
};

class FakeWire : public Wire {
  public:
    struct Sent {
        WireKey where;
        std::vector<std::byte> bytes;
        core::Address source;
        core::Address destination;
        core::Instant at;
        [[nodiscard]] unsigned priority() const { return std::to_integer<unsigned>(bytes.at(2)); }
    };
    explicit FakeWire(const loop::Loop& loop) : loop_(loop) {}

    core::Status send(const WireKey& where, const Source& source,
                      std::span<const std::byte> message,
                      const core::Address& destination) override {
        if (refused.contains(destination)) return core::Error::from_errno(EPERM, "send");
        sent.push_back(
            {where, {message.begin(), message.end()}, source.address, destination, loop_.now()});
        return core::Done{};
    }
    void read_all(const WireKey&) override {
        ++reads;
        if (queued) std::exchange(queued, nullptr)();
    }
    int problem(const WireKey&, const SendKey&) const override { return error; }
    std::uint32_t interface_index(const WireKey&) const override { return index; }
    std::uint32_t sender_index(const WireKey&, const SendKey&) const override {
        return virtual_index;
    }
    std::uint32_t virtual_index = 0;

    std::vector<Sent> sent;
    std::set<core::Address> refused;  // destinations that cannot be sent to
    int reads = 0;
    std::function<void()> queued;  // packets that wait in the socket
    int error = 0;
    std::uint32_t index = 2;

  private:
    const loop::Loop& loop_;
};

/// Everything that outlives one incarnation of vrrpd, and one incarnation.
class Workshop : public Reporter {
  public:
    Workshop() {
        set_link("eth0", 2, true);
        add_address(2, "192.0.2.1", 24);
        restart();
    }

    void set_link(const std::string& name, std::uint32_t index, bool up) {
        netlink::Link link;
        link.index = index;
        link.name = name;
        link.flags = up ? IFF_UP | IFF_RUNNING : IFF_UP;
        table.put(link);
    }
    void add_address(std::uint32_t index, const char* text, std::uint8_t prefix,
                     std::uint32_t flags = 0) {
        netlink::InterfaceAddress made;
        made.interface_index = index;
        made.address = address(text);
        made.prefix_length = prefix;
        made.flags = flags;
        table.put(made);
    }

    /// A new process; what was saved and the clock go on.
    void restart() {
        routers.reset();
        scripts.reset();
        values.reset();
        links = std::make_unique<Links>(
            loop, pages, [this](const std::string& name) { routers->judge_interface(name); });
        links->use(table);
        scripts = std::make_unique<Scripts>(
            loop, pages, saved,
            Scripts::Handlers{.run = [this](core::ObjectId id) { polled.push_back(id); },
                              .changed = [this](core::ObjectId id) { routers->judge_object(id); }});
        values = std::make_unique<TrackedValues>(
            loop, pages, [this](core::ObjectId id) { routers->judge_object(id); });
        tools = std::make_unique<Tools>(Tools{loop, pages, wire, saved, *this});
        routers = std::make_unique<Routers>(*tools, *links, *scripts, *values);
    }
    static Model model(const std::string& text) {
        config::v1::Config config;
        EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config)) << text;
        auto made = build_model(1, config);
        EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().text());
        return made.ok() ? *made : Model{};
    }
    void start(const std::string& text) {
        const Model made = model(text);
        links->adopt(made.links);
        scripts->adopt(made.scripts, true);
        values->adopt(made, true);
        routers->start(made);
    }
    void reload(const std::string& text) {
        const Model made = model(text);
        links->adopt(made.links);
        scripts->adopt(made.scripts, false);
        values->adopt(made, false);
        routers->adopt(made);
        links->flush();
    }

    Instance& instance(std::uint64_t id) { return *routers->find(core::ObjectId{id}); }
    StateName state(std::uint64_t id) { return name_of(instance(id).router().state); }
    /// "1 init->backup" for each transition since the last call.
    std::vector<std::string> changes() { return std::exchange(changes_, {}); }
    /// An advertisement of another router arrives for the first instance of `vrid`.
    void hear(std::uint8_t priority, const char* from = "192.0.2.2", std::uint8_t vrid = 51) {
        const Advertisement said{.version = Version::v3,
                                 .vrid = vrid,
                                 .priority = priority,
                                 .addresses = {address("198.51.100.1")}};
        const auto bytes = encode(said, {}, address(from), address("224.0.0.18"));
        arrived(from, bytes);
    }
    void arrived(const char* from, std::span<const std::byte> bytes) {
        routers->arrived({"eth0", core::Family::ipv4, false}, {.source = address(from),
                                                               .destination = address("224.0.0.18"),
                                                               .time_to_live = 255,
                                                               .protocol = kProtocol,
                                                               .message = bytes});
    }

    // Reporter
    void roles_changed(SyncGroup&, std::span<const RoleChanged> all,
                       const std::optional<GroupChanged>&) override {
        for (const RoleChanged& each : all) {
            changes_.push_back(fmt::format("{} {}->{}", each.instance.id().value,
                                           to_text(each.from), to_text(each.to)));
            if (each.to == StateName::active && answers)
                each.instance.kernel.told_active(++epoch_, 3s);
        }
    }
    void announce(Instance&, AnnounceAgain::Why) override { ++announced; }
    void happened(Instance&, Happening what) override { happenings.push_back(what); }
    std::optional<std::uint64_t> late(core::Interval) override { return 0; }
    bool slept() override { return false; }
    void kernel_changed(Instance& which) override { routers->judge(which); }

    loop::Loop loop{loop::Loop::VirtualTime{kNow}};
    Pages pages;
    std::unique_ptr<Links> links;
    Forwarder forwarder{links};
    netlink::InterfaceTable table{&forwarder};
    FakeWire wire{loop};
    SavedState saved;
    std::unique_ptr<Scripts> scripts;
    std::unique_ptr<TrackedValues> values;
    std::unique_ptr<Tools> tools;
    std::unique_ptr<Routers> routers;
    std::vector<core::ObjectId> polled;
    int announced = 0;
    std::vector<Happening> happenings;
    bool answers = false;

  private:
    std::vector<std::string> changes_;
    std::uint64_t epoch_ = 0;
};

/// vrrp_instance VI_1, id 1, VRID 51 on eth0, priority 100, version 3; `more` in proto text adds
/// to that or replaces it.
inline std::string one_instance(const std::string& more = "", unsigned id = 1, unsigned vrid = 51) {
    std::string text =
        fmt::format("id: {} name: 'VI_{}' virtual_router_id: {} {} ", id, id, vrid, more);
    for (const char* usual :
         {"interface: 'eth0'", "priority: 100", "version: 3", "advert_interval_us: 1000000"}) {
        const std::string_view field =
            std::string_view(usual).substr(0, std::string_view(usual).find(':') + 1);
        if (more.find(field) == std::string::npos) text += std::string(usual) + " ";
    }
    // 198.51.100.1
    return "vrrp_instances { " + text +
           "addresses { address: '\\306\\063\\144\\001' prefix_length: 24 } } ";
}

using Texts = std::vector<std::string>;

}  // namespace holdfast::vrrp::testing
