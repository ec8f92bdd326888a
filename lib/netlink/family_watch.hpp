#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/result.hpp"
#include "lib/netlink/codec.hpp"
#include "lib/netlink/requester.hpp"
#include "lib/netlink/socket.hpp"

namespace holdfast::netlink {

/// Tells when one generic netlink family appears or vanishes (its module is loaded or removed).
class FamilyWatch {
  public:
    /// `changed` gets the family, or nothing when it is gone. It is not called for what is there
    /// already: ask Requester::family() for that, after open().
    using Changed = std::function<void(std::optional<GenericFamily>)>;

    /// `requester` (NETLINK_GENERIC) must outlive it; it is asked again after lost messages.
    [[nodiscard]] static core::Result<FamilyWatch> open(Requester& requester, std::string name,
                                                        Changed changed);

    [[nodiscard]] int fd() const { return socket_.fd(); }
    /// Reads until nothing is left; call it when fd() is readable.
    void readable();

  private:
    FamilyWatch(Requester& requester, Socket socket, std::string name, Changed changed);
    void look_again();

    Requester* requester_;
    Socket socket_;
    std::string name_;
    Changed changed_;
};

}  // namespace holdfast::netlink
