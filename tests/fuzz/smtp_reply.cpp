#include <algorithm>
#include <string_view>
#include <vector>

#include "helpers/mailer/reply.hpp"

namespace {

using holdfast::core::broken_invariant;
using holdfast::mailer::Reply;
using holdfast::mailer::ReplyReader;

struct Read {
    std::vector<Reply> replies;
    bool refused = false;
};

Read read(std::string_view octets, std::size_t piece) {
    ReplyReader reader;
    Read all;
    while (!octets.empty()) {
        std::string_view part = octets.substr(0, piece);
        octets.remove_prefix(part.size());
        while (!part.empty()) {
            const auto reply = reader.take(part);
            if (!reply) {
                all.refused = true;
                return all;
            }
            if (*reply) all.replies.push_back(**reply);
        }
    }
    return all;
}

bool is_printable(const Reply& reply) {
    return std::ranges::all_of(reply.text,
                               [](char letter) { return letter >= ' ' && letter <= '~'; });
}

}  // namespace

/// However the network cuts the answers of a mail server into pieces, they are the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Read whole = read(octets, std::max<std::size_t>(octets.size(), 1));
    const Read pieces = read(octets, data[0] % 16U + 1U);
    if (whole.refused != pieces.refused || whole.replies.size() != pieces.replies.size()) {
        broken_invariant("pieces mean something else than the whole");
    }
    for (std::size_t i = 0; i < whole.replies.size(); ++i) {
        const Reply& reply = whole.replies[i];
        if (reply.code != pieces.replies[i].code || reply.text != pieces.replies[i].text) {
            broken_invariant("pieces mean something else than the whole");
        }
        if (reply.code < 200 || reply.code > 599 || !is_printable(reply)) {
            broken_invariant("a reply that is none");
        }
    }
    return 0;
}
