#include "lib/netlink/message.hpp"

#include <netlink/attr.h>
#include <netlink/msg.h>

#include <climits>
#include <cstring>
#include <string>

#include "lib/core/result.hpp"

namespace holdfast::netlink {
namespace {

void must(bool fits) {
    if (!fits) core::broken_invariant("a netlink request is larger than its room");
}

}  // namespace

void Message::Free::operator()(nl_msg* message) const noexcept {
    nlmsg_free(message);
}

Message::Message(std::uint16_t type, std::uint16_t flags, std::size_t room)
    : message_(nlmsg_alloc_size(room)) {
    must(message_ != nullptr);
    must(nlmsg_put(message_.get(), 0, 0, type, 0, flags) != nullptr);
}
Message::~Message() = default;
Message::Message(Message&& other) noexcept = default;
Message& Message::operator=(Message&& other) noexcept = default;

void Message::append(std::span<const std::byte> octets) {
    // nlmsg_append takes a pointer to non-const, and only reads.
    must(nlmsg_append(message_.get(), const_cast<std::byte*>(octets.data()), octets.size(),
                      NLMSG_ALIGNTO) == 0);
}

Message& Message::put_bytes(int type, std::span<const std::byte> octets) {
    must(nla_put(message_.get(), type, static_cast<int>(octets.size()), octets.data()) == 0);
    return *this;
}

Message& Message::put_text(int type, std::string_view text) {
    must(nla_put_string(message_.get(), type, std::string(text).c_str()) == 0);
    return *this;
}

void Message::begin_nested(int type) {
    must(depth_ < open_.size());
    open_[depth_] = nla_nest_start(message_.get(), type);
    must(open_[depth_] != nullptr);
    ++depth_;
}

void Message::end_nested() {
    must(depth_ > 0);
    must(nla_nest_end(message_.get(), open_[--depth_]) == 0);
}

std::span<const std::byte> Message::bytes() const {
    const nlmsghdr* head = nlmsg_hdr(message_.get());
    return std::as_bytes(
        std::span<const char>(reinterpret_cast<const char*>(head), head->nlmsg_len));
}

Attributes::Attributes(std::span<const std::byte> payload) {
    if (payload.empty() || payload.size() > INT_MAX) return;
    // nla_parse takes a pointer to non-const, and only reads.
    auto* first = reinterpret_cast<nlattr*>(const_cast<std::byte*>(payload.data()));
    nla_parse(table_.data(), kMaximumType, first, static_cast<int>(payload.size()), nullptr);
}

const nlattr* Attributes::find(int type) const {
    return type >= 0 && type <= kMaximumType ? table_[static_cast<std::size_t>(type)] : nullptr;
}

std::span<const std::byte> Attributes::bytes(int type) const {
    const nlattr* found = find(type);
    if (found == nullptr) return {};
    return {static_cast<const std::byte*>(nla_data(found)),
            static_cast<std::size_t>(nla_len(found))};
}

bool Attributes::copy(int type, void* to, std::size_t size) const {
    return bytes(type).size() == size && copy_front(type, to, size);
}

bool Attributes::copy_front(int type, void* to, std::size_t size) const {
    const auto octets = bytes(type);
    if (octets.size() < size) return false;
    std::memcpy(to, octets.data(), size);
    return true;
}

std::string_view Attributes::text(int type) const {
    const auto octets = bytes(type);
    if (octets.empty()) return {};
    const auto* first = reinterpret_cast<const char*>(octets.data());
    return {first, strnlen(first, octets.size())};
}

std::optional<core::Address> Attributes::address(int type) const {
    return core::Address::from_bytes(bytes(type));
}

}  // namespace holdfast::netlink
