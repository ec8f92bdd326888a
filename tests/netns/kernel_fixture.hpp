#pragma once

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <memory>
#include <string>
#include <utility>

#include "ipvsd/netlink_kernel.hpp"
#include "lib/loop/loop.hpp"
#include "lib/netlink/requester.hpp"
#include "tests/netns/own_namespace.hpp"

namespace holdfast::tests {

/// A veth pair, since every kernel of interest has it; both ends are up.
template <class Listener>
class KernelFixture : public OwnNamespace {
  protected:
    void SetUp() override {
        OwnNamespace::SetUp();
        if (IsSkipped()) return;
        auto requester = netlink::Requester::open(NETLINK_ROUTE);
        ASSERT_TRUE(requester);
        requester_ = std::make_unique<netlink::Requester>(std::move(requester).value());
        name_ = "hf" + std::to_string(next_++);
        make_pair();
        auto opened = ipvsd::NetlinkKernel::open(loop_, listener_, frame_socket());
        ASSERT_TRUE(opened) << opened.error().text();
        kernel_ = std::move(opened).value();
        ASSERT_TRUE(kernel_->start());
        left_ = index_of(name_);
        right_ = index_of(name_ + "p");
    }
    void TearDown() override {
        if (requester_ && left_ != 0) remove_interface(left_);
    }

    static core::UniqueFd frame_socket() {
        auto socket = netlink::open_frame_socket();
        return socket ? std::move(socket).value() : core::UniqueFd();
    }

    void make_pair() {
        const ifinfomsg info{};
        netlink::Message message(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
        message.header(info);
        message.put_text(IFLA_IFNAME, name_);
        message.begin_nested(IFLA_LINKINFO);
        message.put_text(IFLA_INFO_KIND, "veth");
        message.begin_nested(IFLA_INFO_DATA);
        message.begin_nested(1);  // VETH_INFO_PEER
        message.header(info);
        message.put_text(IFLA_IFNAME, name_ + "p");
        message.end_nested();
        message.end_nested();
        message.end_nested();
        require(message);
        bring_up(name_);
        bring_up(name_ + "p");
    }
    void bring_up(const std::string& name) {
        ifinfomsg info{};
        info.ifi_flags = IFF_UP;
        info.ifi_change = IFF_UP;
        netlink::Message message(RTM_NEWLINK, NLM_F_REQUEST);
        message.header(info);
        message.put_text(IFLA_IFNAME, name);
        require(message);
    }
    void remove_interface(std::uint32_t index) {
        ifinfomsg info{};
        info.ifi_index = static_cast<int>(index);
        netlink::Message message(RTM_DELLINK, NLM_F_REQUEST);
        message.header(info);
        require(message);
    }
    void require(const netlink::Message& message) {
        const netlink::Outcome outcome = requester_->change({&message, 1});
        ASSERT_TRUE(outcome.refusals.empty()) << outcome.refusals.at(0).error.text();
    }
    std::uint32_t index_of(const std::string& name) {
        const auto* found = kernel_->interfaces().find(name);
        EXPECT_NE(found, nullptr) << name;
        return found == nullptr ? 0 : found->link.index;
    }

    /// Lets the loop hand over all events that wait.
    void deliver() {
        loop_.defer([this] { loop_.defer([this] { loop_.stop(); }); });
        loop_.run();
    }

    static inline int next_ = 0;
    loop::Loop loop_;
    Listener listener_;
    std::unique_ptr<netlink::Requester> requester_;
    std::unique_ptr<ipvsd::NetlinkKernel> kernel_;
    std::string name_;
    std::uint32_t left_ = 0;
    std::uint32_t right_ = 0;
};

}  // namespace holdfast::tests
