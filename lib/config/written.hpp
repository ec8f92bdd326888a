#pragma once

#include <memory>

#include "lib/config/origins.hpp"
#include "proto/config.pb.h"

namespace holdfast::config {

/// A configuration as somebody wrote it, before resolution, and where each part of it stands.
/// Stays where it is: `origins` knows its messages by their addresses.
struct Written {
    v1::Config config;
    Origins origins;
    std::shared_ptr<const FileTrails> files;  // what the origins refer to
};

}  // namespace holdfast::config
