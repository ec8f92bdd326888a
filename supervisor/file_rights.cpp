#include "supervisor/file_rights.hpp"

#include <cstdlib>

#include "proto/config.pb.h"

namespace holdfast::supervisor {
namespace {

constexpr mode_t kPipe = 0644;
constexpr mode_t kNumber = 0666;
constexpr mode_t kMostRights = 0777;

}  // namespace

FileRights file_rights(std::optional<mode_t> option, const config::v1::GlobalDefs& global) {
    constexpr int kOctal = 8;
    if (!option && global.has_umask()) {
        const auto written = std::strtoul(global.umask().c_str(), nullptr, kOctal);
        option = static_cast<mode_t>(written) & kMostRights;
    }
    if (!option) return {};
    return {kPipe & ~*option, kNumber & ~*option, *option};
}

}  // namespace holdfast::supervisor
