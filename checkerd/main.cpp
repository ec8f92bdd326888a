#include <memory>

#include "checkerd/daemon.hpp"
#include "lib/daemon/runtime.hpp"

int main() {
    using namespace holdfast;
    return daemon::run_role(messages::v1::ROLE_CHECKERD,
                            [](const daemon::Surroundings& surroundings) {
                                return std::make_unique<checkerd::Daemon>(surroundings);
                            });
}
