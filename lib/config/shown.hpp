#pragma once

#include <memory>

#include "lib/config/written.hpp"

namespace holdfast::messages::v1 {
class ShownConfig;
}

namespace holdfast::config {

/// What stands in the place of a secret.
inline constexpr const char* kMask = "********";

/// Puts kMask in the place of every setting that is marked secret.
void mask_secrets(google::protobuf::Message& message);

/// A written configuration as it leaves the parser: secrets masked, with the place of each object.
[[nodiscard]] messages::v1::ShownConfig shown(const Written& written);

/// The other way round, for writers and comparison. Places that make no sense are left out.
[[nodiscard]] std::shared_ptr<const Written> restored(const messages::v1::ShownConfig& shown);

}  // namespace holdfast::config
