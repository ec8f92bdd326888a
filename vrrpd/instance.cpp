#include "vrrpd/instance.hpp"

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "vrrpd/sync_group.hpp"

namespace holdfast::vrrp {

namespace {

/// One line of each kind in this time, with the number of those left out.
constexpr log::RateLimit::Rate kRate{.every = std::chrono::seconds{60}, .burst = 1};
constexpr core::Interval kAnnounceGap = std::chrono::seconds{1};

/// Kinds of lines beyond those of Rejection.
enum Kind : unsigned {
    kNoticed = 100,
    kSendFailed = 110,
    kAddressesDiffer = 111,
    kIntervalDiffers = 112,
    kDualBegan = 113,
    kDualEnded = 114,
};

std::string in_words(const DualEnded& episode) {
    const std::string who = episode.rival.address.text();
    switch (episode.how) {
        case DualEnded::How::rival_silent:
            return who + " gave up or fell silent";
        case DualEnded::How::gave_way:
            return "gave way while " + who + " was Active";
        case DualEnded::How::gave_way_late:
            return "gave way to " + who + ", whose silence had made this router Active";
    }
    return "?";
}

}  // namespace

Instance::Instance(const Tools& tools, InstanceSetting setting)
    : timer(tools.loop, [this] { group_->timer_fired(member_); }),
      kernel(tools.loop, [this] { tools_.reporter.kernel_changed(*this); }),
      tools_(tools),
      setting_(std::move(setting)),
      since_(tools.loop.wall_clock_seconds()),
      limit_(kRate) {}

WireKey Instance::wire_key() const {
    return {setting_.interface, setting_.expected.family, setting_.expected.unicast};
}

void Instance::join(SyncGroup& group, std::size_t member) {
    group_ = &group;
    member_ = member;
}

const Router& Instance::router() const {
    return group_->router(member_);
}

void Instance::receive(const Datagram& datagram) {
    const auto verdict = check(setting_.expected, datagram);
    if (const auto* why = std::get_if<Rejection>(&verdict)) return refuse(datagram, *why);
    const auto& accepted = std::get<Accepted>(verdict);
    const Advertisement& said = accepted.advertisement;
    ++counters_.advertisements_received;
    if (said.priority == 0) ++counters_.priority_zero_received;
    observations_.heard(datagram.source, accepted, tools_.loop.now());
    note_differences(datagram, accepted);
    group_->take(AdvertisementReceived{
        member_, {datagram.source, said.priority, said.max_advertise_interval}});
}

void Instance::refuse(const Datagram& datagram, Rejection why) {
    ++counters_.errors_received;
    observations_.refused(why, datagram.source, tools_.loop.now());
    warn(static_cast<unsigned>(why), "VRRP_PACKET",
         fmt::format("refused from {}: {}", datagram.source.text(), to_text(why)));
}

void Instance::note_differences(const Datagram& datagram, const Accepted& accepted) {
    if (accepted.addresses_differ)
        warn(kAddressesDiffer, "VRRP_DIFFERS",
             fmt::format("{} advertises other addresses than are configured here",
                         datagram.source.text()));
    if (accepted.interval_differs)
        warn(kIntervalDiffers, "VRRP_DIFFERS",
             fmt::format("{} advertises every {}, configured here is {}", datagram.source.text(),
                         core::to_text(accepted.advertisement.max_advertise_interval),
                         core::to_text(setting_.router.advert_interval)));
}

void Instance::advertise(std::uint8_t priority, const core::Address& source) {
    const Advertisement said{.version = setting_.router.version,
                             .vrid = setting_.expected.vrid,
                             .priority = priority,
                             .max_advertise_interval = setting_.router.advert_interval,
                             .addresses = setting_.advertised};
    const WireKey where = wire_key();
    bool failed = false;
    for (const core::Address& destination : setting_.destinations) {
        const auto message = encode(said, setting_.expected.authentication, source, destination);
        const auto sent = tools_.wire.send(where, {setting_.source, source}, message, destination);
        if (!sent) note_send_error(sent.error());
        failed = failed || !sent;
    }
    if (!failed) note_sent();
    ++counters_.advertisements_sent;
    if (priority == 0) ++counters_.priority_zero_sent;
}

void Instance::note_send_error(const core::Error& error) {
    observations_.send_failed(error.code(), tools_.loop.now());
    const std::string text = error.code() == EPERM
                                 ? "local firewall refuses advertisements: " + error.text()
                                 : error.text();
    send_failure_told_ = warn(kSendFailed, "VRRP_SEND", text) || send_failure_told_;
}

void Instance::note_sent() {
    const std::uint64_t failed = observations_.sent();
    if (failed == 0 || !std::exchange(send_failure_told_, false)) return;
    tools_.log.notice("VRRP_SEND",
                      fmt::format("{} advertisements go out again, after {} that could not be sent",
                                  setting_.name, failed),
                      {{"VRRP_INSTANCE", setting_.name}});
}

void Instance::notice(const Noticed& what) {
    const std::string who =
        fmt::format("{} (priority {})", what.source.text(), unsigned{what.priority});
    std::string text;
    switch (what.what) {
        case Noticed::What::lower_priority:
            text = fmt::format("also hears {}, which it outranks", who);
            break;
        case Noticed::What::own_address:
            text = fmt::format("hears its own address {} with its own priority", who);
            break;
        case Noticed::What::second_owner:
            text = fmt::format("hears a second owner of its addresses: {}", who);
            break;
    }
    warn(kNoticed + static_cast<unsigned>(what.what), "VRRP_RIVAL", text);
}

void Instance::notice(const DualBegan& episode) {
    const Rival& rival = episode.rival;
    observations_.episode_began(
        {.peer = rival.address, .priority = rival.priority, .start = rival.began});
    warn(kDualBegan, "VRRP_DUAL",
         fmt::format("begins: {} (priority {}) is Active as well{}", rival.address.text(),
                     unsigned{rival.priority},
                     episode.rival.told ? ": our advertisements do not reach it" : ""));
}

void Instance::notice(const DualEnded& episode) {
    const Rival& rival = episode.rival;
    const std::string how = in_words(episode);
    observations_.episode_ended(rival.heard_at, how);
    warn(kDualEnded, "VRRP_DUAL",
         fmt::format("ends after {:.3g} s: {}",
                     std::chrono::duration<double>(rival.heard_at - rival.began).count(), how));
}

void Instance::count(const StateChanged& change) {
    since_ = tools_.loop.wall_clock_seconds();
    observations_.changed(change, tools_.loop.now());
    if (change.to == StateName::active) ++counters_.became_active;
    if (change.from == StateName::active) ++counters_.released_active;
}

bool Instance::may_announce() {
    const core::Instant now = tools_.loop.now();
    if (announced_at_ && now < *announced_at_ + kAnnounceGap) return false;
    announced_at_ = now;
    return true;
}

void Instance::save() {
    const bool saved = tools_.saved.save_router(
        id(), {.router = router(), .counters = counters_, .since = since_});
    if (!saved && !file_full_)
        tools_.log.warning("VRRP_STATE_FULL",
                           setting_.name + " has no room in the state file: it will start cold");
    file_full_ = !saved;
}

void Instance::restore(const SavedRouter& saved) {
    counters_ = saved.counters;
    since_ = saved.since;
}

bool Instance::warn(unsigned kind, std::string_view event, const std::string& text) {
    const auto left_out = limit_.admit(kind, tools_.loop.now());
    if (!left_out) return false;
    const std::string more = *left_out == 0 ? "" : fmt::format(" ({} more like this)", *left_out);
    tools_.log.warning(event, fmt::format("{} {}{}", setting_.name, text, more),
                       {{"VRRP_INSTANCE", setting_.name}});
    return true;
}

}  // namespace holdfast::vrrp
