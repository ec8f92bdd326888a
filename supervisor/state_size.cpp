#include "supervisor/state_size.hpp"

#include "lib/daemon/state_layout.hpp"
#include "lib/state/state_file.hpp"
#include "supervisor/roles.hpp"

namespace holdfast::supervisor {

std::uint64_t state_size(ipc::Peer role, const config::v1::Config& config) {
    const auto number = static_cast<messages::v1::Role>(role_of(role).number);
    const daemon::StateLayout layout = daemon::state_layout(number, config);
    return state::file_size(layout.records, layout.record_size);
}

}  // namespace holdfast::supervisor
