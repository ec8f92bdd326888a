#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "lib/core/address.hpp"

struct nl_msg;
struct nlattr;

namespace holdfast::netlink {

template <class T>
[[nodiscard]] std::span<const std::byte> octets_of(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return std::as_bytes(std::span<const T, 1>(&value, 1));
}

/// A netlink message in the making: header, the family's fixed header, attributes. Our own requests
/// are far smaller than its room; what does not fit ends the process.
class Message {
  public:
    static constexpr std::size_t kRoom = 2048;

    /// Sender and sequence number are set when it is sent.
    Message(std::uint16_t type, std::uint16_t flags, std::size_t room = kRoom);
    ~Message();
    Message(Message&& other) noexcept;
    Message& operator=(Message&& other) noexcept;

    /// The fixed header behind nlmsghdr: ifaddrmsg, ifinfomsg, genlmsghdr.
    template <class T>
    Message& header(const T& value) {
        append(octets_of(value));
        return *this;
    }
    template <class T>
    Message& put(int type, const T& value) {
        return put_bytes(type, octets_of(value));
    }
    Message& put_bytes(int type, std::span<const std::byte> octets);
    /// With its NUL.
    Message& put_text(int type, std::string_view text);
    Message& put_address(int type, const core::Address& address) {
        return put_bytes(type, address.bytes());
    }
    /// What is put between the two becomes one nested attribute.
    void begin_nested(int type);
    void end_nested();

    [[nodiscard]] std::span<const std::byte> bytes() const;

  private:
    void append(std::span<const std::byte> octets);
    struct Free {
        void operator()(nl_msg* message) const noexcept;
    };
    std::unique_ptr<nl_msg, Free> message_;
    std::array<nlattr*, 6> open_{};
    std::size_t depth_ = 0;
};

/// The attributes of one message or nested attribute, by type. Reads foreign bytes: an attribute
/// whose length leaves the payload ends the list, one of another length than asked for counts as
/// absent. Of equal types the last counts. The octets must outlive it and begin at a multiple of 4.
class Attributes {
  public:
    static constexpr int kMaximumType = 63;

    explicit Attributes(std::span<const std::byte> payload);

    [[nodiscard]] bool has(int type) const { return find(type) != nullptr; }
    /// A number in the byte order it has on the wire.
    template <class T>
    [[nodiscard]] std::optional<T> number(int type) const {
        T value{};
        if (!copy(type, &value, sizeof value)) return std::nullopt;
        return value;
    }
    template <class T>
    [[nodiscard]] T number_or(int type, T otherwise) const {
        return number<T>(type).value_or(otherwise);
    }
    /// The first sizeof(T) octets of an attribute that newer kernels may have made longer.
    template <class T>
    [[nodiscard]] std::optional<T> record(int type) const {
        static_assert(std::is_trivially_copyable_v<T>);
        T value{};
        if (!copy_front(type, &value, sizeof value)) return std::nullopt;
        return value;
    }
    /// Up to its NUL or its end; empty if absent.
    [[nodiscard]] std::string_view text(int type) const;
    /// Empty if absent.
    [[nodiscard]] std::span<const std::byte> bytes(int type) const;
    /// Of 4 or 16 octets.
    [[nodiscard]] std::optional<core::Address> address(int type) const;
    /// Empty if absent.
    [[nodiscard]] Attributes nested(int type) const { return Attributes(bytes(type)); }

  private:
    [[nodiscard]] const nlattr* find(int type) const;
    bool copy(int type, void* to, std::size_t size) const;
    bool copy_front(int type, void* to, std::size_t size) const;

    std::array<nlattr*, kMaximumType + 1> table_{};
};

}  // namespace holdfast::netlink
