#include <memory>

#include "lib/daemon/runtime.hpp"
#include "vrrpd/daemon.hpp"

int main() {
    using namespace holdfast;
    return daemon::run_role(messages::v1::ROLE_VRRPD, [](const daemon::Surroundings& surroundings) {
        return std::make_unique<vrrp::Daemon>(surroundings);
    });
}
