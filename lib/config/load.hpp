#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/config/access.hpp"
#include "lib/config/diagnostics.hpp"
#include "lib/config/outline.hpp"
#include "proto/common.pb.h"
#include "proto/config.pb.h"

namespace holdfast::config {

struct Written;  // written.hpp

struct LoadRequest {
    std::string file;            // absolute, or a glob pattern
    std::string config_id;       // for @id and ${_INSTANCE}
    std::string working_folder;  // absolute; relative paths of files named without '/' start here
    bool all_include_checks = false;  // -e: every problem of an include is an error
    /// More lines than this that sequences and parameters make are refused.
    std::uint64_t max_lines = 20'000'000;
    /// What to ask about interfaces, users and scripts; without it none of them is doubted. Must
    /// outlive the call.
    const HostFacts* host = nullptr;
    /// systemd's folder of credentials, for ${credential:NAME}; empty: there is none.
    std::string credentials_folder;
    /// Hand out what was written, before resolution, with the place of everything.
    bool keep_written = false;
    /// Only findings are wanted: LoadResult::config may lack what was looked at already, and ids.
    /// Not together with keep_written.
    bool findings_only = false;
};

struct LoadResult {
    LoadResult();

    std::shared_ptr<google::protobuf::Arena> memory;  // of the configuration
    v1::Config& config;                               // resolved; only meaningful when usable
    std::vector<Diagnostic> diagnostics;              // bounded
    Counts counts;                                    // of all that was found
    int test_status = 0;                              // keepalived's exit status of -t
    bool usable = false;                     // nothing fatal was found: a cold start may use it
    Language language = Language::legacy;    // what the main file is written in
    std::shared_ptr<const Written> written;  // with keep_written only
};

/// Reads a configuration of keepalived's language (files, preprocessor, blocks, binder) or in YAML
/// (yaml/), as its first line says, resolves and validates it. Finds everything in one pass; never
/// fails itself. Linear in the size of the input.
[[nodiscard]] LoadResult load(const LoadRequest& request, FileAccess& files);

/// The part of a resolved configuration that a role needs: fields whose `roles` option names others
/// only are cleared. ROLE_SUPERVISOR gets everything that is not secret to it.
[[nodiscard]] v1::Config for_role(const v1::Config& config, messages::v1::Role role);

}  // namespace holdfast::config
