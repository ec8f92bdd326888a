#include "checkerd/http_response.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace {

using holdfast::checkerd::HttpResponse;
using holdfast::core::broken_invariant;

/// The response in pieces of `piece` octets to its end; false when it was refused.
bool take(HttpResponse& response, std::string_view octets, std::size_t piece) {
    while (!octets.empty()) {
        const std::size_t size = std::min(piece, octets.size());
        if (!response.feed(octets.substr(0, size))) return false;
        octets.remove_prefix(size);
    }
    response.end_of_stream();
    return true;
}

}  // namespace

/// However the network cuts a response into pieces, it means the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
    constexpr HttpResponse::Limits kSmallHead{.head_octets = 512};
    HttpResponse whole(HttpResponse::Digest::md5, kSmallHead);
    HttpResponse pieces(HttpResponse::Digest::md5, kSmallHead);
    const bool accepted = take(whole, octets, std::max<std::size_t>(octets.size(), 1));
    if (take(pieces, octets, data[0] % 16U + 1U) != accepted) {
        broken_invariant("accepted in one piece only, or in many only");
    }
    if (!accepted) return 0;
    if (whole.status() != pieces.status() || whole.finished() != pieces.finished() ||
        whole.cut_short() != pieces.cut_short() || whole.body_octets() != pieces.body_octets() ||
        whole.digest() != pieces.digest()) {
        broken_invariant("pieces mean something else than the whole");
    }
    if (whole.finished() && (whole.status() < 100 || whole.status() > 999)) {
        broken_invariant("finished without a status");
    }
    return 0;
}
