#include "lib/sandbox/profile.hpp"

#include <linux/capability.h>

#include <utility>

namespace holdfast::sandbox {

Profile vrrpd_profile() {
    return {.intents = {Intent::vrrp_multicast}};
}

Profile checkerd_profile() {
    return {.intents = {Intent::probes}, .tcp = true};
}

Profile ipvsd_profile() {
    return {.capabilities = {CAP_NET_ADMIN}, .intents = {Intent::kernel_netlink}};
}

Profile mailer_profile() {
    return {.intents = {Intent::probes}, .tcp = true};
}

Profile parser_profile(std::vector<int> readable) {
    return {.capabilities = {CAP_DAC_READ_SEARCH},
            .intents = {Intent::read_files},
            .tcp = true,
            .empty_root = false,
            .readable = std::move(readable)};
}

}  // namespace holdfast::sandbox
