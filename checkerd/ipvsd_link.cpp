#include "checkerd/ipvsd_link.hpp"

#include "proto/ipvs.pb.h"

namespace holdfast::checkerd {

void IpvsdLink::connect(core::UniqueFd socket) {
    ipc::Channel::Handlers handlers;
    handlers.received = [this](ipc::Channel::Frame frame) {
        return requests_.handle(ipc::Peer::ipvsd, frame.bytes);
    };
    handlers.closed = [this](const core::Error& why) {
        log_.info("PEER_LOST", "ipvsd: " + why.text() + "; verdicts wait for its successor");
        channel_.reset();
        lost_();
    };
    channel_ = std::make_unique<ipc::Channel>(loop_, std::move(socket), ipc::Peer::ipvsd,
                                              ipc::Channel::Limits{}, std::move(handlers));
}

void IpvsdLink::tell_all(std::uint64_t generation, const TargetTable& table) {
    epochs_.clear();
    send(state_begin(generation));
    for (const auto& monitor : table.monitors()) tell(*monitor);
    send(state_end(generation, table.monitors().size()));
}

void IpvsdLink::tell(const Monitor& monitor) {
    if (!channel_) return;
    send(server_health(monitor, ++epochs_[monitor.spec().id]));
}

void IpvsdLink::tell_committed(std::uint64_t generation) {
    send(committed(generation));
}

/// A failure is the channel's end, which its `closed` handler tells.
void IpvsdLink::send(const messages::v1::ToIpvsd& message) {
    if (!channel_ || !channel_->open()) return;
    if (const core::Status sent = channel_->send(message); !sent) {
        log_.debug("PEER_SEND", "ipvsd: " + sent.error().text());
    }
}

}  // namespace holdfast::checkerd
