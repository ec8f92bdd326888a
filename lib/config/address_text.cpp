#include "lib/config/address_text.hpp"

#include "lib/core/address.hpp"

namespace holdfast::config {

std::string address_text(std::string_view octets, std::string_view otherwise) {
    const auto address = core::Address::from_bytes(octets);
    return address ? address->text() : std::string(otherwise);
}

}  // namespace holdfast::config
