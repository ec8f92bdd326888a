#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <limits>
#include <vector>

#include "lib/ipc/channel.hpp"

namespace holdfast::ipc {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

/// Our messages do not nest into themselves, so this ends.
bool has_unknown_fields(const Message& message) {
    const Reflection& reflection = *message.GetReflection();
    if (!reflection.GetUnknownFields(message).empty()) return true;
    std::vector<const FieldDescriptor*> set;
    reflection.ListFields(message, &set);
    for (const FieldDescriptor* field : set) {
        if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
        if (!field->is_repeated()) {
            if (has_unknown_fields(reflection.GetMessage(message, field))) return true;
            continue;
        }
        for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
            if (has_unknown_fields(reflection.GetRepeatedMessage(message, field, i))) return true;
        }
    }
    return false;
}

bool has_empty_body(const Message& message) {
    const OneofDescriptor* body = message.GetDescriptor()->FindOneofByName("body");
    return body != nullptr && !message.GetReflection()->HasOneof(message, body);
}

void enlarge_buffers(int socket) {
    constexpr int kWanted = 1024 * 1024;
    // The privileged form passes net.core.wmem_max; the other one gives what is allowed.
    if (::setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &kWanted, sizeof kWanted) != 0) {
        ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &kWanted, sizeof kWanted);
    }
}

}  // namespace

core::Status parse(std::string_view frame, Message& message) {
    const std::string& name = message.GetDescriptor()->name();
    if (frame.empty() || frame.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
        !message.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) {
        return core::Error(name + ": not a message of this kind", EBADMSG);
    }
    if (has_unknown_fields(message)) return core::Error(name + ": unknown field", EBADMSG);
    if (has_empty_body(message)) return core::Error(name + ": no body", EBADMSG);
    return core::Done{};
}

core::Result<Pair> make_pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
        return core::Error::last("make socket pair");
    }
    for (const int end : ends) enlarge_buffers(end);
    return Pair{core::UniqueFd(ends[0]), core::UniqueFd(ends[1])};
}

}  // namespace holdfast::ipc
