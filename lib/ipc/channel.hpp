#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/core/result.hpp"
#include "lib/core/unique_fd.hpp"
#include "lib/loop/loop.hpp"

namespace google::protobuf {
class Message;
}

namespace holdfast::ipc {

/// Who sits at the other end. Known from which socket a message came, never from its content.
enum class Peer : std::uint8_t {
    supervisor,
    vrrpd,
    checkerd,
    ipvsd,
    parser,
    mailer,
    control_client,
    status_client
};
[[nodiscard]] std::string_view to_text(Peer peer);

/// One datagram of a SOCK_SEQPACKET socket at most.
inline constexpr std::size_t kMaxFrame = 64UL * 1024;
/// Descriptors in one message at most.
inline constexpr std::size_t kMaxDescriptors = 64;

/// One end of a SOCK_SEQPACKET pair. Each frame is one protobuf message. Sends at once or queues up
/// to a bound; a full queue is an error of the peer (it does not read) and closes the channel.
/// Only a channel made with `accept_descriptors` reads with recvmsg; all others use recv, so that
/// descriptors a peer smuggles in vanish. Messages without descriptors go out with send, not
/// sendmsg, which vrrpd's filter refuses.
///
/// The callbacks may destroy the channel.
class Channel {
  public:
    struct Frame {
        std::string bytes;
        std::vector<core::UniqueFd> descriptors;
    };
    struct Handlers {
        /// An error returned here is a protocol violation: the channel closes with it.
        std::function<core::Status(Frame)> received;
        /// End of file (code 0), violation, or full queue. Called once, in a turn of its own. What
        /// the peer had said before its end is received first.
        std::function<void(const core::Error&)> closed;
    };
    struct Limits {
        std::size_t queued_bytes = 4UL * 1024 * 1024;
        bool accept_descriptors = false;
        /// Frames read in one turn, so that one peer cannot starve the rest.
        unsigned frames_per_turn = 64;
    };

    Channel(loop::Loop& loop, core::UniqueFd socket, Peer peer, Limits limits, Handlers handlers);
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// Descriptors are duplicated into the message; the caller keeps its own. A message above
    /// kMaxFrame (EMSGSIZE), one that serialises to nothing (EINVAL) and more than kMaxDescriptors
    /// (EMSGSIZE) are refused and the channel stays usable. EPIPE: the peer is gone; `closed`
    /// follows once its last words are read.
    core::Status send(const google::protobuf::Message& message,
                      std::span<const int> descriptors = {});

    [[nodiscard]] Peer peer() const { return peer_; }
    [[nodiscard]] bool open() const { return static_cast<bool>(socket_); }
    /// Tries to write what is queued without waiting; true when nothing is left.
    bool flush();
    /// Reads and handles what has arrived already, without waiting (used before timers may act).
    void drain();

  private:
    struct Outgoing {
        std::string bytes;
        std::vector<core::UniqueFd> descriptors;
    };
    enum class Read : std::uint8_t { frame, nothing, end };

    void read_frames(unsigned at_most);
    Read read_one(Frame& frame);
    Read read_with_descriptors(Frame& frame, std::size_t& length);
    core::Status enqueue(std::string bytes, std::span<const int> descriptors);
    void close_with(const core::Error& why);

    loop::Loop& loop_;
    core::UniqueFd socket_;
    Peer peer_;
    Limits limits_;
    std::shared_ptr<const Handlers> handlers_;  // a call keeps them, since it may end the channel
    std::deque<Outgoing> queue_;
    std::size_t queued_bytes_ = 0;
    bool peer_gone_ = false;  // sending failed; its last words may still wait to be read
    std::string buffer_;
    std::unique_ptr<loop::FdWatch> watch_;
    std::shared_ptr<bool> alive_;
};

/// Parses a frame as `message` and refuses unknown fields (also in its parts, also an enumerator
/// that this version does not know) and an empty body (EBADMSG).
core::Status parse(std::string_view frame, google::protobuf::Message& message);

/// Both ends of a new SEQPACKET pair, close-on-exec, non-blocking, large buffers where allowed.
struct Pair {
    core::UniqueFd first;
    core::UniqueFd second;
};
[[nodiscard]] core::Result<Pair> make_pair();

}  // namespace holdfast::ipc
