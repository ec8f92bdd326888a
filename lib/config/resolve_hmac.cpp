// auth_hmac: from the key as written to its octets.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "lib/config/resolve.hpp"
#include "lib/config/source.hpp"
#include "lib/core/text.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kShortestKey = 32;
constexpr std::size_t kLongestKey = 64;
constexpr std::uint64_t kShortestWindow = 5'000'000;
constexpr std::string_view kHex = "hex:";
constexpr std::string_view kFile = "file:";
constexpr unsigned kOthersMode = 0077;

std::optional<std::string> from_hex(std::string_view digits) {
    std::string octets;
    if (digits.size() % 2 != 0) return std::nullopt;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        unsigned value = 0;
        const char* const end = digits.data() + i + 2;
        const auto [stop, failure] = std::from_chars(digits.data() + i, end, value, 16);
        if (failure != std::errc{} || stop != end) return std::nullopt;
        octets += static_cast<char>(value);
    }
    return octets;
}

class HmacResolver {
  public:
    HmacResolver(Resolution& all, v1::VrrpInstance& instance, const Place& place)
        : all_(all), instance_(instance), hmac_(*instance.mutable_auth_hmac()), place_(place) {}

    void run(bool strict) {
        auto& keys = *hmac_.mutable_keys();
        for (int i = keys.size(); i-- > 0;) {
            if (!resolve(*keys.Mutable(i))) keys.DeleteSubrange(i, 1);
        }
        const bool has_own = std::ranges::any_of(
            keys, [&](const v1::HmacKey& key) { return key.id() == hmac_.active_key(); });
        if (!hmac_.has_active_key() || !has_own) {
            error(hmac_.has_active_key()
                      ? fmt::format("active_key {} names no usable key; auth_hmac is dropped",
                                    hmac_.active_key())
                      : std::string("auth_hmac without active_key is dropped"))
                .hint = "without it every router of the network is believed";
            instance_.clear_auth_hmac();
            return;
        }
        complete(strict);
    }

  private:
    Diagnostic& error(std::string text) {
        return all_.report.error(Complaint::general, "bad_key", place_, std::move(text));
    }

    void complete(bool strict) {
        if (!hmac_.has_time_window_us()) {
            hmac_.set_time_window_us(std::max(kShortestWindow, 3 * instance_.advert_interval_us()));
        }
        if (strict && hmac_.mode() != v1::HMAC_ENFORCE) {
            error("strict mode knows no auth_hmac mode but enforce; it is used");
        }
        if (strict || !hmac_.has_mode()) hmac_.set_mode(v1::HMAC_ENFORCE);
        if (!hmac_.has_anti_replay()) hmac_.set_anti_replay(v1::REPLAY_TIME);
    }

    /// False when the key must be dropped.
    bool resolve(v1::HmacKey& key) {
        std::string text = key.secret();
        if (text.starts_with(kFile)) {
            const auto content = read(key, text.substr(kFile.size()));
            if (!content) return false;
            text = *content;
        }
        if (text.starts_with(kHex)) {
            const auto octets = from_hex(std::string_view(text).substr(kHex.size()));
            if (!octets) {
                error(
                    fmt::format("key {} is not written in pairs of hexadecimal digits; it is "
                                "ignored",
                                key.id()));
                return false;
            }
            text = *octets;
        }
        if (text.size() < kShortestKey || text.size() > kLongestKey) {
            error(fmt::format("key {} has {} octets, not {} to {}; it is ignored", key.id(),
                              text.size(), kShortestKey, kLongestKey));
            return false;
        }
        key.set_octets(text);
        return true;
    }

    std::optional<std::string> read(const v1::HmacKey& key, const std::string& path) {
        const std::string& file = place_.at.file ? place_.at.file->path : all_.request.file;
        const std::string full = absolute(path, file.substr(0, file.rfind('/')));
        const auto content = all_.files.read(full);
        if (!content) {
            error(fmt::format("key {}: {}; it is ignored", key.id(), content.error().text()));
            return std::nullopt;
        }
        const auto kind = all_.files.inspect(full);
        if (kind && (kind->mode & kOthersMode) != 0) {
            all_.report
                .error(Complaint::security, "open_key_file", place_,
                       fmt::format("key {}: others can read {}", key.id(), full))
                .hint = "chmod 0600 " + full;
        }
        return std::string(core::trim(*content));
    }

    Resolution& all_;
    v1::VrrpInstance& instance_;
    v1::AuthHmac& hmac_;
    const Place& place_;
};

}  // namespace

void resolve_hmac(Resolution& all, v1::VrrpInstance& instance, const Place& place, bool strict) {
    HmacResolver(all, instance, place).run(strict);
}

}  // namespace holdfast::config
