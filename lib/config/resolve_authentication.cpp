// The password of an instance, and why it may not count.
#include <fmt/format.h>

#include "lib/config/resolve.hpp"

namespace holdfast::config {

namespace {

constexpr std::size_t kMaxPassword = 8;

class AuthenticationResolver {
  public:
    AuthenticationResolver(Resolution& all, v1::VrrpInstance& instance, const ObjectPlaces& places,
                           bool strict)
        : all_(all), instance_(instance), places_(places), strict_(strict) {}

    void run() {
        if (!instance_.has_authentication()) return;
        const v1::Authentication& given = instance_.authentication();
        if (given.type() == v1::AUTHENTICATION_NONE) {
            if (given.has_password()) {
                all_.report.warning("authentication_ignored", places_.of("authentication"),
                                    "auth_pass without auth_type is not used");
            }
            instance_.clear_authentication();
        } else if (instance_.has_auth_hmac()) {
            ignore_authentication("auth_hmac is given as well; authentication is ignored",
                                  "take the authentication block out");
        } else if (strict_) {
            ignore_authentication("strict mode has no authentication; it is ignored",
                                  "take the authentication block out on every router");
        } else if (instance_.version() == 3) {
            ignore_authentication(
                "version 3 has no authentication; it is ignored",
                "take the authentication block out; auth_hmac protects version 3");
        } else if (!given.has_password()) {
            ignore_authentication("authentication without auth_pass is ignored",
                                  "without a password every router of the network is believed");
        } else {
            check_password();
        }
    }

  private:
    void error(std::string_view keyword, std::string_view class_name, std::string text,
               std::string hint) {
        all_.report.error(Complaint::general, class_name, places_.of(keyword), std::move(text))
            .hint = std::move(hint);
    }
    void ignore_authentication(std::string text, std::string hint) {
        error("authentication", "authentication_ignored", std::move(text), std::move(hint));
        instance_.clear_authentication();
    }

    void check_password() {
        const std::string& password = instance_.authentication().password();
        if (password.size() <= kMaxPassword) return;
        error("auth_pass", "password_too_long",
              fmt::format("only the first {} characters of auth_pass count", kMaxPassword),
              "VRRPv2 carries 8 octets; shorten it to these on every router (RFC 2338 5.3.10)");
        instance_.mutable_authentication()->set_password(password.substr(0, kMaxPassword));
    }

    Resolution& all_;
    v1::VrrpInstance& instance_;
    const ObjectPlaces& places_;
    const bool strict_;
};

}  // namespace

void resolve_authentication(Resolution& all, v1::VrrpInstance& instance, const ObjectPlaces& places,
                            bool strict) {
    AuthenticationResolver(all, instance, places, strict).run();
}

}  // namespace holdfast::config
