#pragma once

#include <string>

#include "lib/config/written.hpp"
#include "tests/unit/config/memory_access.hpp"

namespace holdfast::config::testing {

/// What a text says, before anything is resolved.
inline v1::Config written_config(std::string text) {
    const FakeHost host;
    MemoryFiles files(std::move(text));
    LoadRequest request = request_for(host);
    request.keep_written = true;
    return load(request, files).written->config;
}

}  // namespace holdfast::config::testing
