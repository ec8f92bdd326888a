#include "lib/netlink/family_watch.hpp"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <utility>

namespace holdfast::netlink {
namespace {

constexpr int kBuffer = 256 * 1024;

core::Result<std::uint32_t> notify_group(Requester& requester) {
    const auto control = requester.family("nlctrl");
    if (!control) return control.error();
    if (*control) {
        for (const auto& [name, id] : (*control)->groups) {
            if (name == "notify") return id;
        }
    }
    return core::Error::from_errno(ENOENT, "find group notify of nlctrl");
}

}  // namespace

FamilyWatch::FamilyWatch(Requester& requester, Socket socket, std::string name, Changed changed)
    : requester_(&requester),
      socket_(std::move(socket)),
      name_(std::move(name)),
      changed_(std::move(changed)) {}

core::Result<FamilyWatch> FamilyWatch::open(Requester& requester, std::string name,
                                            Changed changed) {
    const auto group = notify_group(requester);
    if (!group) return group.error();
    auto socket = Socket::open(NETLINK_GENERIC, 0, kBuffer);
    if (!socket) return socket.error();
    const int id = static_cast<int>(*group);
    if (setsockopt(socket->fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &id, sizeof id) != 0) {
        return core::Error::last("join group notify of nlctrl");
    }
    return FamilyWatch(requester, std::move(socket).value(), std::move(name), std::move(changed));
}

void FamilyWatch::readable() {
    bool lost = false;
    for (;;) {
        const auto received = socket_.receive();
        if (received == Socket::Received::nothing || received == Socket::Received::failed) break;
        if (received == Socket::Received::lost) {
            lost = true;
            continue;
        }
        for (const Reply& reply : split(socket_.datagram())) {
            auto news = decode_family(reply);
            if (!news || news->family.name != name_) continue;
            changed_(news->present ? std::optional(std::move(news->family)) : std::nullopt);
        }
    }
    if (lost) look_again();
}

void FamilyWatch::look_again() {
    auto family = requester_->family(name_);
    if (family) changed_(std::move(family).value());
}

}  // namespace holdfast::netlink
