// The checks of a service: where they connect to, how often they run, what they expect.
#include "lib/config/resolve_checks.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/check_kind.hpp"
#include "lib/core/address.hpp"

namespace holdfast::config {

namespace {

constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::uint64_t kConnectTimeout = 5 * kSecond;
constexpr std::uint32_t kLongestReply = 255;

bool connects(const v1::Check& check) {
    return !check.has_command() && !check.has_file() && !check.has_bfd();
}
bool is_timed(const v1::Check& check) {
    return !check.has_file() && !check.has_bfd();
}

/// Extra failures and pauses that keepalived grants when nobody says others.
std::uint32_t default_retry(const v1::Check& check) {
    if (check.has_command()) return 0;
    return check.has_dns() ? 3 : 1;
}
std::uint64_t default_pause(const v1::Check& check) {
    if (check.has_dns()) return check.delay_loop_us();
    return (check.has_http() ? 3 : 1) * kSecond;
}

/// What a host block says of itself wins over what the check says.
v1::Check check_of_host(const v1::Check& check, const v1::SmtpHost& host) {
    v1::Check single = check;
    single.mutable_smtp()->clear_hosts();
    *single.mutable_target() = host.target();
    if (!host.target().has_connect_timeout_us() && check.target().has_connect_timeout_us()) {
        single.mutable_target()->set_connect_timeout_us(check.target().connect_timeout_us());
    }
    if (host.has_delay_loop_us()) single.set_delay_loop_us(host.delay_loop_us());
    if (host.has_retry()) single.set_retry(host.retry());
    if (host.has_delay_before_retry_us()) {
        single.set_delay_before_retry_us(host.delay_before_retry_us());
    }
    if (host.has_warmup_us()) single.set_warmup_us(host.warmup_us());
    if (host.has_alpha()) single.set_alpha(host.alpha());
    if (host.has_log_all_failures()) single.set_log_all_failures(host.log_all_failures());
    return single;
}

bool names_target(const v1::CheckTarget& target) {
    return target.has_connect_address() || target.has_connect_port() || target.has_bind_address() ||
           target.has_bind_port() || target.has_bind_interface() || target.has_fwmark();
}

class CheckResolver {
  public:
    CheckResolver(Resolution& all, const v1::VirtualServer& service, v1::RealServer& server,
                  const ObjectPlaces& places, ServerPlaces* own)
        : all_(all), service_(service), server_(server), places_(places), own_(own) {}

    void run() {
        expand_hosts();
        auto& checks = *server_.mutable_checks();
        int kept = 0;
        for (int i = 0; i < checks.size(); ++i) {
            if (!complete(*checks.Mutable(i), i)) continue;
            if (kept != i) {
                checks.SwapElements(kept, i);
                swap_places(kept, i);
            }
            ++kept;
        }
        checks.DeleteSubrange(kept, checks.size() - kept);
        const auto left = static_cast<std::size_t>(kept);
        if (own_ != nullptr && own_->checks.size() > left) own_->checks.resize(left);
        name_them();
    }

  private:
    [[nodiscard]] const Place& place_of(int check) const {
        const auto at = static_cast<std::size_t>(check);
        if (own_ == nullptr) return places_.block;
        return at < own_->checks.size() ? own_->checks[at] : own_->block;
    }
    void swap_places(int one, int other) {
        const auto from = static_cast<std::size_t>(other);
        if (own_ == nullptr || from >= own_->checks.size()) return;
        std::swap(own_->checks[static_cast<std::size_t>(one)], own_->checks[from]);
    }
    void error(int check, std::string_view class_name, std::string text, std::string hint = {}) {
        all_.report
            .error(Complaint::general, class_name, place_of(check),
                   fmt::format("{}: {}", server_.name(), text))
            .hint = std::move(hint);
    }
    void warn(int check, std::string_view class_name, std::string text, std::string hint = {}) {
        all_.report
            .warning(class_name, place_of(check), fmt::format("{}: {}", server_.name(), text))
            .hint = std::move(hint);
    }

    /// One check for each host block of an SMTP_CHECK that names no target itself.
    void expand_hosts() {
        const auto has_hosts = [](const v1::Check& check) {
            return check.has_smtp() && !check.smtp().hosts().empty();
        };
        if (std::ranges::none_of(server_.checks(), has_hosts)) return;
        google::protobuf::RepeatedPtrField<v1::Check> expanded;
        std::vector<Place> expanded_places;
        for (int i = 0; i < server_.checks_size(); ++i) {
            auto& check = *server_.mutable_checks(i);
            if (has_hosts(check) && !names_target(check.target())) {
                for (const auto& host : check.smtp().hosts()) {
                    *expanded.Add() = check_of_host(check, host);
                    expanded_places.push_back(place_of(i));
                }
                continue;
            }
            if (has_hosts(check)) {
                warn(i, "unused_host",
                     "host blocks are ignored, since SMTP_CHECK itself names "
                     "where to connect to");
                check.mutable_smtp()->clear_hosts();
            }
            expanded.Add()->Swap(&check);
            expanded_places.push_back(place_of(i));
        }
        server_.mutable_checks()->Swap(&expanded);
        if (own_ != nullptr) own_->checks = std::move(expanded_places);
    }

    /// False when the check must be dropped.
    bool complete(v1::Check& check, int at) {
        if (check.has_command() && check.command().script().argv().empty()) return false;
        if (check.kind_case() == v1::Check::KIND_NOT_SET) {
            error(at, "check_dropped", "a check of no kind is dropped");
            return false;
        }
        if (connects(check)) {
            complete_target(check, at);
            if (!can_connect(check, at)) return false;
        }
        if (is_timed(check)) complete_times(check);
        if (!check.has_alpha()) check.set_alpha(server_.alpha());
        if (!check.has_log_all_failures()) {
            check.set_log_all_failures(all_.config.global().log_all_check_failures());
        }
        return complete_kind(check, at);
    }

    bool complete_kind(v1::Check& check, int at) {
        switch (check.kind_case()) {
            case v1::Check::kHttp:
                return complete_http(*check.mutable_http(), at);
            case v1::Check::kUdp:
                complete_udp(*check.mutable_udp(), at);
                return true;
            case v1::Check::kCommand:
                if (check.command().timeout_us() == 0) {
                    check.mutable_command()->set_timeout_us(service_.delay_loop_us());
                }
                return true;
            default:
                return true;
        }
    }

    void complete_target(v1::Check& check, int at) {
        auto& target = *check.mutable_target();
        if (!target.has_connect_address()) target.set_connect_address(server_.address());
        if (!target.has_connect_port()) target.set_connect_port(server_.port());
        if (!target.has_connect_timeout_us()) {
            target.set_connect_timeout_us(
                server_.has_connect_timeout_us()    ? server_.connect_timeout_us()
                : service_.has_connect_timeout_us() ? service_.connect_timeout_us()
                                                    : kConnectTimeout);
        }
        if (target.connect_port() == 0 && !check.has_ping()) {
            warn(at, "check_without_port",
                 fmt::format("{} has no port to connect to", kind_of(check).keyword),
                 "write connect_port into the check");
        }
        if (target.has_bind_address() &&
            target.bind_address().size() != target.connect_address().size()) {
            error(at, "other_family",
                  fmt::format("bindto of {} is not of the family that is probed; it is ignored",
                              kind_of(check).keyword));
            target.clear_bind_address();
        }
    }

    bool can_connect(const v1::Check& check, int at) {
        const auto& target = check.target();
        const auto address = core::Address::from_bytes(std::string_view(target.connect_address()));
        const bool link_local =
            address && address->family() == core::Family::ipv6 && address->is_link_local();
        if (!link_local || target.has_bind_interface()) return true;
        error(at, "no_bind_interface",
              fmt::format("{} of the link-local address {} needs bind_if; it is dropped",
                          kind_of(check).keyword, address->text()));
        return false;
    }

    void complete_times(v1::Check& check) {
        if (!check.has_delay_loop_us()) {
            check.set_delay_loop_us(server_.has_delay_loop_us() ? server_.delay_loop_us()
                                                                : service_.delay_loop_us());
        }
        if (!check.has_retry()) {
            check.set_retry(server_.has_retry()    ? server_.retry()
                            : service_.has_retry() ? service_.retry()
                                                   : default_retry(check));
        }
        if (!check.has_delay_before_retry_us()) {
            check.set_delay_before_retry_us(
                server_.has_delay_before_retry_us()    ? server_.delay_before_retry_us()
                : service_.has_delay_before_retry_us() ? service_.delay_before_retry_us()
                                                       : default_pause(check));
        }
        if (!check.has_warmup_us()) {
            check.set_warmup_us(server_.has_warmup_us()    ? server_.warmup_us()
                                : service_.has_warmup_us() ? service_.warmup_us()
                                                           : check.delay_loop_us());
        }
    }

    bool complete_http(v1::HttpCheck& http, int at) {
        const auto no_path = [](const v1::HttpUrl& url) { return url.path().empty(); };
        if (http.urls().empty() || std::ranges::any_of(http.urls(), no_path)) {
            error(at, "url_without_path", "every request of an HTTP check needs a path");
            return false;
        }
        if (!http.has_virtualhost()) {
            if (server_.has_virtualhost()) {
                http.set_virtualhost(server_.virtualhost());
            } else if (service_.has_virtualhost()) {
                http.set_virtualhost(service_.virtualhost());
            }
        }
        for (auto& url : *http.mutable_urls()) {
            complete_regex(url, at);
            if (!url.status_codes().empty()) continue;
            auto& range = *url.add_status_codes();
            range.set_first(200);
            range.set_last(299);
        }
        return true;
    }

    /// keepalived says these in its log only.
    void complete_regex(v1::HttpUrl& url, int at) {
        if (url.has_regex_max_offset() && url.regex_max_offset() <= url.regex_min_offset()) {
            warn(at, "bad_value",
                 fmt::format("url {}: regex_max_offset {} is not above regex_min_offset {}; both "
                             "are ignored",
                             url.path(), url.regex_max_offset(), url.regex_min_offset()));
            url.clear_regex_max_offset();
            url.clear_regex_min_offset();
        }
        const bool settings = url.regex_no_match() || !url.regex_options().empty() ||
                              url.has_regex_min_offset() || url.has_regex_max_offset() ||
                              url.has_regex_stack();
        if (url.has_regex() || !settings) return;
        warn(at, "setting_without_regex",
             fmt::format("url {}: the settings of regex do nothing without regex", url.path()));
        url.clear_regex_no_match();
        url.clear_regex_options();
        url.clear_regex_min_offset();
        url.clear_regex_max_offset();
        url.clear_regex_stack();
    }

    void complete_udp(v1::UdpCheck& udp, int at) {
        if (!udp.has_min_reply_length()) udp.set_min_reply_length(0);
        if (!udp.has_max_reply_length()) udp.set_max_reply_length(kLongestReply);
        if (udp.min_reply_length() <= udp.max_reply_length()) return;
        error(at, "never_succeeds",
              fmt::format("UDP_CHECK always fails: min_reply_length {} is more than "
                          "max_reply_length {}",
                          udp.min_reply_length(), udp.max_reply_length()));
    }

    void name_them() {
        int index = 0;
        server_.set_check_count(static_cast<std::uint32_t>(server_.checks_size()));
        std::string key = service_.name() + " " + server_.name() + " ";
        const std::size_t start = key.size();
        for (auto& check : *server_.mutable_checks()) {
            key.resize(start);
            key += std::to_string(index++);
            check.set_id(all_.id_of("check", key));
        }
    }

    Resolution& all_;
    const v1::VirtualServer& service_;
    v1::RealServer& server_;
    const ObjectPlaces& places_;
    ServerPlaces* own_;
};

}  // namespace

void resolve_checks(Resolution& all, v1::VirtualServer& service, ObjectPlaces& places) {
    for (int i = 0; i < service.servers_size(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        ServerPlaces* own = at < places.servers.size() ? &places.servers[at] : nullptr;
        CheckResolver(all, service, *service.mutable_servers(i), places, own).run();
    }
}

}  // namespace holdfast::config
