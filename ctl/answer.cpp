#include "ctl/answer.hpp"

#include <cerrno>

#include <fmt/format.h>

namespace holdfast::ctl {
namespace {

using namespace messages::v1;  // NOLINT(google-build-using-namespace): the messages are the subject
                               // here

core::Status decode(google::protobuf::Message& into, const std::string& bytes) {
    if (into.ParseFromString(bytes)) return core::Done{};
    return core::Error::from_errno(EBADMSG, into.GetTypeName() + " of a daemon");
}

core::Status decode_topic(Answer& answer, StatusTopic topic, const std::string& bytes) {
    switch (topic) {
        case STATUS_VRRP:
            return decode(answer.vrrp, bytes);
        case STATUS_ADDRESSES:
            return decode(answer.addresses, bytes);
        case STATUS_SERVICES:
            return decode(answer.services, bytes);
        case STATUS_CHECKS:
            return decode(answer.checks, bytes);
        case STATUS_PROCESS:
            break;
    }
    return core::Done{};
}

}  // namespace

core::Result<Answer> assemble(const std::vector<CtlReply>& replies) {
    Answer answer;
    std::map<StatusTopic, std::string> payloads;
    std::string processes;
    for (const CtlReply& reply : replies) {
        if (reply.has_payload()) payloads[reply.topic()] += reply.payload();
        processes += reply.processes();
        answer.stale = answer.stale || reply.stale();
        if (!reply.message().empty()) answer.messages.push_back(reply.message());
        if (reply.last()) answer.exit_status = static_cast<int>(reply.exit_status());
    }
    for (const auto& [topic, bytes] : payloads) {
        if (auto decoded = decode_topic(answer, topic, bytes); !decoded) return decoded.error();
    }
    if (auto decoded = decode(answer.processes, processes); !decoded) return decoded.error();
    return answer;
}

}  // namespace holdfast::ctl
