#include "lib/netlink/requester.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "lib/netlink/link_codec.hpp"

namespace holdfast::netlink {
namespace {

// Holds the errors of a batch in which every request fails (about 1 KiB each in the kernel's
// accounting), and is more than the largest batch.
constexpr int kBuffer = 8 * 1024 * 1024;
constexpr int kAttempts = 4;
// Larger than any list of requests: it is never cut.
constexpr std::size_t kWhole = std::numeric_limits<std::size_t>::max() / 2;

void renumber(std::byte* message, std::uint32_t sequence, std::uint16_t more_flags) {
    nlmsghdr head{};
    std::memcpy(&head, message, sizeof head);
    head.nlmsg_seq = sequence;
    head.nlmsg_pid = 0;
    head.nlmsg_flags = static_cast<std::uint16_t>(head.nlmsg_flags | more_flags);
    std::memcpy(message, &head, sizeof head);
}

core::Error to_error(const Answer& answer) {
    const core::Error error = core::Error::from_errno(answer.code, "kernel");
    if (answer.text.empty()) return error;
    return core::Error(error.text() + " (" + answer.text + ")", answer.code);
}

}  // namespace

std::vector<Batches::Batch> Batches::cut(std::span<const Message> requests,
                                         std::uint32_t first_sequence, std::size_t largest) {
    std::vector<Batch> batches;
    std::size_t last_message = 0;  // offset of the present batch's last message
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const auto octets = requests[i].bytes();
        const auto sequence = static_cast<std::uint32_t>(first_sequence + i);
        if (batches.empty() || batches.back().datagram.size() + octets.size() > largest) {
            batches.push_back({.datagram = {}, .first = i, .count = 0, .first_sequence = sequence});
            if (largest == kLargest) batches.back().datagram.reserve(largest);
        }
        Batch& batch = batches.back();
        last_message = batch.datagram.size();
        batch.datagram.insert(batch.datagram.end(), octets.begin(), octets.end());
        batch.datagram.resize(NLMSG_ALIGN(batch.datagram.size()));
        ++batch.count;
        const bool is_last = i + 1 == requests.size() ||
                             batch.datagram.size() + requests[i + 1].bytes().size() > largest;
        renumber(batch.datagram.data() + last_message, sequence, is_last ? NLM_F_ACK : 0);
    }
    return batches;
}

void Answers::take(const Answer& answer) {
    const std::uint32_t position = answer.sequence - batch_.first_sequence;
    if (position >= batch_.count) return;  // of an earlier batch
    if (answer.code != 0) {
        outcome_.refusals.push_back({batch_.first + position, to_error(answer)});
    }
    if (position + 1 == batch_.count) complete_ = true;
}

core::Result<Requester> Requester::open(int protocol) {
    auto socket = Socket::open(protocol, 0, kBuffer);
    if (!socket) return socket.error();
    return Requester(std::move(socket).value());
}

Outcome Requester::change(std::span<const Message> requests) {
    Outcome outcome;
    const auto batches = Batches::cut(requests, sequence_);
    sequence_ += static_cast<std::uint32_t>(requests.size());
    for (const Batches::Batch& batch : batches) change_batch(batch, outcome);
    return outcome;
}

void Requester::change_batch(const Batches::Batch& batch, Outcome& outcome) {
    discard_old_answers();
    if (const core::Status sent = socket_.send(batch.datagram); !sent) {
        for (std::size_t i = 0; i < batch.count; ++i) {
            outcome.refusals.push_back({batch.first + i, sent.error()});
        }
        return;
    }
    Answers answers(batch, outcome);
    for (;;) {
        const auto received = socket_.receive();
        if (received == Socket::Received::nothing || received == Socket::Received::failed) break;
        if (received == Socket::Received::lost) {
            outcome.uncertain = true;
            continue;
        }
        for (const Event& event : decode(socket_.datagram())) {
            if (const auto* answer = std::get_if<Answer>(&event)) answers.take(*answer);
        }
    }
    if (!answers.complete()) outcome.uncertain = true;
}

core::Status Requester::transaction(std::span<const Message> requests) {
    auto batches = Batches::cut(requests, sequence_, kWhole);
    sequence_ += static_cast<std::uint32_t>(requests.size());
    if (batches.empty()) return core::Done{};
    discard_old_answers();
    if (core::Status sent = socket_.send(batches.front().datagram); !sent) return sent;
    // Kernels before 6.10 do not acknowledge the end of a batch; refusals they tell.
    Outcome outcome;
    Answers answers(batches.front(), outcome);
    for (;;) {
        const auto received = socket_.receive();
        if (received == Socket::Received::lost) {
            return core::Error::from_errno(ENOBUFS, "netlink answer lost");
        }
        if (received != Socket::Received::datagram) break;
        for (const Event& event : decode(socket_.datagram())) {
            if (const auto* answer = std::get_if<Answer>(&event)) answers.take(*answer);
        }
    }
    if (!outcome.refusals.empty()) return outcome.refusals.front().error;
    return core::Done{};
}

void Requester::discard_old_answers() {
    for (;;) {
        const auto received = socket_.receive();
        if (received == Socket::Received::nothing || received == Socket::Received::failed) return;
    }
}

core::Status Requester::ask(const Message& request, const std::function<void()>& begin,
                            const std::function<void(const Reply&)>& each) {
    for (int tries_left = kAttempts; tries_left > 0; --tries_left) {
        begin();
        const auto result = attempt(request, each);
        if (!result) return result.error();
        // The last attempt counts even when the kernel's lists changed under it: whoever asked
        // compares again later.
        if (*result == Attempt::complete) break;
    }
    return core::Done{};
}

core::Result<Requester::Attempt> Requester::attempt(const Message& request,
                                                    const std::function<void(const Reply&)>& each) {
    discard_old_answers();
    const std::uint32_t sequence = sequence_++;
    const auto octets = request.bytes();
    std::vector<std::byte> datagram(octets.begin(), octets.end());
    renumber(datagram.data(), sequence, 0);
    if (core::Status sent = socket_.send(datagram); !sent) return sent.error();
    return read_replies(sequence, each);
}

core::Result<Requester::Attempt> Requester::read_replies(
    std::uint32_t sequence, const std::function<void(const Reply&)>& each) {
    Attempt result = Attempt::complete;
    for (;;) {
        const auto received = socket_.receive();
        if (received == Socket::Received::failed) return core::Error::last("read from netlink");
        if (received == Socket::Received::nothing) {
            return core::Error::from_errno(ENOBUFS, "netlink answer lost");
        }
        if (received == Socket::Received::lost) {
            result = Attempt::disturbed;
            continue;
        }
        for (const Reply& reply : split(socket_.datagram())) {
            if (reply.sequence != sequence) continue;
            if ((reply.flags & NLM_F_DUMP_INTR) != 0) result = Attempt::disturbed;
            if (reply.type != NLMSG_ERROR && reply.type != NLMSG_DONE) {
                each(reply);
                continue;
            }
            const auto event = decode(reply);
            if (!event) return core::Error::from_errno(EPROTO, "netlink answer");
            if (const auto* answer = std::get_if<Answer>(&*event)) {
                if (answer->code != 0) return to_error(*answer);
            } else if (const auto* done = std::get_if<DumpDone>(&*event)) {
                if (done->code != 0) return core::Error::from_errno(done->code, "netlink dump");
            }
            return result;
        }
    }
}

core::Result<std::vector<InterfaceAddress>> Requester::addresses() {
    std::vector<InterfaceAddress> found;
    const core::Status asked = ask(
        encode_address_dump(), [&] { found.clear(); },
        [&](const Reply& reply) {
            if (auto address = decode_address(reply)) found.push_back(std::move(*address));
        });
    if (!asked) return asked.error().within("dump addresses");
    return found;
}

core::Result<std::vector<Link>> Requester::links() {
    std::vector<Link> found;
    const core::Status asked = ask(
        encode_link_dump(), [&] { found.clear(); },
        [&](const Reply& reply) {
            if (auto link = decode_link(reply)) found.push_back(std::move(*link));
        });
    if (!asked) return asked.error().within("dump links");
    return found;
}

core::Result<std::vector<LinkDetails>> Requester::link_details() {
    std::vector<LinkDetails> found;
    const core::Status asked = ask(
        encode_link_details_dump(), [&] { found.clear(); },
        [&](const Reply& reply) {
            if (auto link = decode_link_details(reply)) found.push_back(std::move(*link));
        });
    if (!asked) return asked.error().within("dump links");
    return found;
}

void Requester::ask_strictly() {
    const int on = 1;
    // Refused by an old kernel, which the readers of answers allow for.
    static_cast<void>(
        setsockopt(socket_.fd(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on));
}

core::Result<std::vector<Route>> Requester::routes(core::Family family, std::uint32_t table,
                                                   std::uint8_t protocol,
                                                   const RouteFilter& wanted) {
    std::vector<Route> found;
    const core::Status asked = ask(
        encode_route_dump(family, table, protocol), [&] { found.clear(); },
        [&](const Reply& reply) {
            auto route = decode_route(reply);
            if (!route || route->cloned || route->table != table) return;
            if (route->protocol == protocol && wanted(*route)) found.push_back(std::move(*route));
        });
    if (asked) return found;
    if (asked.error().code() == ENOENT) return std::vector<Route>{};
    return asked.error().within("dump routes");
}

core::Result<std::vector<Rule>> Requester::rules() {
    std::vector<Rule> found;
    for (const core::Family family : {core::Family::ipv4, core::Family::ipv6}) {
        const std::size_t before = found.size();
        const core::Status asked = ask(
            encode_rule_dump(family), [&] { found.resize(before); },
            [&](const Reply& reply) {
                if (auto rule = decode_rule(reply)) found.push_back(std::move(*rule));
            });
        if (asked || asked.error().code() == EAFNOSUPPORT) continue;
        return asked.error().within("dump rules");
    }
    return found;
}

core::Result<std::set<std::uint32_t>> Requester::ipv6_forwarders() {
    std::set<std::uint32_t> found;
    const core::Status asked = ask(
        encode_ipv6_forwarding_dump(), [&] { found.clear(); },
        [&](const Reply& reply) {
            const auto one = decode_ipv6_forwarding(reply);
            if (one && one->forwards) found.insert(one->interface_index);
        });
    if (!asked) return asked.error().within("dump forwarding of IPv6");
    return found;
}

bool Requester::knows_address_protocol() {
    const Message probe = encode_attribute_probe();
    const Outcome outcome = change(std::span(&probe, 1));
    return outcome.refusals.size() == 1 && means_known_attribute(outcome.refusals[0].error.code());
}

core::Result<std::optional<GenericFamily>> Requester::family(std::string_view name) {
    std::optional<GenericFamily> found;
    const core::Status asked = ask(
        encode_family_request(name), [&] { found.reset(); },
        [&](const Reply& reply) {
            if (auto news = decode_family(reply)) found = std::move(news->family);
        });
    if (asked) return found;
    if (asked.error().code() == ENOENT) return std::optional<GenericFamily>{};
    return asked.error().within("look up generic netlink family " + std::string(name));
}

}  // namespace holdfast::netlink
