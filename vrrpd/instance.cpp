#include "vrrpd/instance.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "vrrpd/sync_group.hpp"

namespace holdfast::vrrp {

namespace {

/// One line of each kind in this time, with the number of those left out.
constexpr log::RateLimit::Rate kRate{.every = std::chrono::seconds{60}, .burst = 1};
/// Bits of SavedRouter::old_checksum_peers.
constexpr std::size_t kSavedPeers = 32;
constexpr core::Interval kAnnounceGap = std::chrono::seconds{1};

/// Kinds of lines beyond those of Rejection.
enum Kind : unsigned {
    kNoticed = 100,
    kSendFailed = 110,
    kAddressesDiffer = 111,
    kIntervalDiffers = 112,
    kDualBegan = 113,
    kDualEnded = 114,
    kChecksumDiffers = 115,
    kChecksumSwitched = 116,
};

/// What one list has and the other one has not; a few of them.
std::string missing_from(std::vector<core::Address> has, std::vector<core::Address> lacks) {
    constexpr std::size_t kNamed = 3;
    std::ranges::sort(has);
    std::ranges::sort(lacks);
    std::vector<core::Address> only;
    std::ranges::set_difference(has, lacks, std::back_inserter(only));
    std::string text;
    for (std::size_t each = 0; each < std::min(only.size(), kNamed); ++each)
        text += (each == 0 ? "" : ", ") + only[each].text();
    if (only.size() > kNamed) text += fmt::format(" and {} more", only.size() - kNamed);
    return text;
}

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
      limit_(kRate) {
    prepare_proofs();
}

void Instance::configure(InstanceSetting setting) {
    const bool same_proofs =
        setting.trailer == setting_.trailer &&
        setting.expected.authentication == setting_.expected.authentication &&
        setting.expected.peers.size() == setting_.expected.peers.size();  // senders to remember
    const bool same_checksum = setting.checksum == setting_.checksum;
    setting_ = std::move(setting);
    if (!same_checksum) old_checksum_peers_.clear();
    const TrailerKeeper::Memory trailer = trailer_ ? trailer_->memory() : TrailerKeeper::Memory{};
    const std::uint32_t header = header_ ? header_->sequence() : 0;
    if (!same_proofs) trailer_.reset(), header_.reset();
    prepare_proofs();
    // New keys, the same senders: what was heard is not believed again.
    if (!same_proofs && trailer_) trailer_->restore(trailer);
    if (!same_proofs && header_) header_->restore(header);
}

void Instance::prepare_proofs() {
    const Authentication& authentication = setting_.expected.authentication;
    const bool wrapped = authentication.type == Authentication::Type::header;
    wire_key_ = {setting_.device(), setting_.expected.family, setting_.expected.unicast, wrapped};
    said_ = {.version = setting_.router.version,
             .vrid = setting_.expected.vrid,
             .max_advertise_interval = setting_.router.advert_interval,
             .addresses = setting_.advertised};
    if (setting_.trailer && !trailer_)
        if (auto made = TrailerKeeper::make(*setting_.trailer, setting_.expected.peers.size()))
            trailer_ = std::move(made).value();
    if (wrapped && !header_)
        if (auto made = HeaderKeeper::make(authentication.password))
            header_ = std::move(made).value();
}

Moment Instance::moment() const {
    const std::chrono::duration<double> wall(tools_.loop.wall_clock_seconds());
    return {.wall = std::chrono::duration_cast<core::Interval>(wall),
            .steady = tools_.loop.now().time_since_epoch() + tools_.loop.time_slept()};
}

void Instance::join(SyncGroup& group, std::size_t member) {
    group_ = &group;
    member_ = member;
}

const Router& Instance::router() const {
    return group_->router(member_);
}

void Instance::fetch(unsigned step) const {
    if (step == 0) {
        core::prefetch(timer);
        core::prefetch(setting_.router);
        core::prefetch(setting_.expected);
        core::prefetch(group_);
        core::prefetch(counters_);
        core::prefetch(observations_);
        core::prefetch(saved_at_);
    } else if (step == 1) {
        const auto& addresses = setting_.expected.addresses;
        core::prefetch(addresses.data(), addresses.size() * sizeof addresses.front());
        observations_.fetch();
        core::prefetch(*group_);
        tools_.saved.fetch(saved_at_, 0);
    } else {
        group_->fetch(member_);
        tools_.saved.fetch(saved_at_, 1);
    }
}

void Instance::receive(const Datagram& datagram) {
    Proofs proofs{.header = header_ ? &*header_ : nullptr};
    Moment now;
    if (trailer_) {
        now = moment();
        proofs.trailer = &*trailer_;
        proofs.now = &now;
    }
    const auto verdict = check(setting_.expected, datagram, proofs);
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
    ++counters_.refused[static_cast<std::size_t>(why)];
    observations_.refused(why, datagram.source, tools_.loop.now());
    warn(static_cast<unsigned>(why), "VRRP_PACKET", [&] {
        return fmt::format("refused from {}: {}; {}", datagram.source.text(), to_text(why),
                           advice_for(why));
    });
}

void Instance::note_differences(const Datagram& datagram, const Accepted& accepted) {
    const auto& active = router().active;
    const bool known = active && active->source == datagram.source;
    if (accepted.addresses_differ && !(known && setting_.skip_address_check))
        warn(kAddressesDiffer, "VRRP_DIFFERS", [&] {
            const auto& theirs = accepted.advertisement.addresses;
            const std::string more = missing_from(theirs, setting_.advertised);
            const std::string less = missing_from(setting_.advertised, theirs);
            return fmt::format("{} advertises other addresses than are configured here{}{}{}{}",
                               datagram.source.text(), more.empty() ? "" : ": also ", more,
                               less.empty() ? "" : ", but not ", less);
        });
    if (accepted.interval_differs)
        warn(kIntervalDiffers, "VRRP_DIFFERS", [&] {
            return fmt::format("{} advertises every {}, configured here is {}",
                               datagram.source.text(),
                               core::to_text(accepted.advertisement.max_advertise_interval),
                               core::to_text(setting_.router.advert_interval));
        });
    if (setting_.router.version == Version::v3) adopt_checksum(datagram, accepted.checksum);
}

void Instance::adopt_checksum(const Datagram& datagram, ChecksumForm heard) {
    const bool plain_differs = heard == ChecksumForm::plain && setting_.checksum != heard;
    if (plain_differs)
        warn(kChecksumDiffers, "VRRP_DIFFERS", [&] {
            return fmt::format(
                "{} makes checksums without a pseudo header, we make them {}; if it "
                "does not hear us, set v3_checksum_as_v2",
                datagram.source.text(), to_text(setting_.checksum));
        });
    if (!setting_.expected.old_checksum_group || setting_.checksum != ChecksumForm::pseudo_header)
        return;
    const bool wants_old = heard == ChecksumForm::old_unicast;
    if (wants_old == old_checksum_peers_.contains(datagram.source)) return;
    const auto& peers = setting_.expected.peers;
    if (std::ranges::find(peers, datagram.source, &Peer::address) == peers.end()) return;
    if (wants_old)
        old_checksum_peers_.insert(datagram.source);
    else
        old_checksum_peers_.erase(datagram.source);
    warn(kChecksumSwitched, "VRRP_CHECKSUM", [&] {
        return fmt::format("{} makes checksums {}: so do we, towards it", datagram.source.text(),
                           to_text(heard));
    });
}

ChecksumForm Instance::checksum_for(const core::Address& destination) const {
    return old_checksum_peers_.contains(destination) ? ChecksumForm::old_unicast
                                                     : setting_.checksum;
}

/// People should know that the time of day jumped, since keyed trailers carry it.
void Instance::note_time(const Moment& now) {
    constexpr core::Interval kSecond = std::chrono::seconds{1};
    const core::Interval difference = trailer_->time_difference(now);
    const core::Interval change = difference - time_difference_;
    if (change > -kSecond && change < kSecond) return;
    time_difference_ = difference;
    write("VRRP_CLOCK",
          fmt::format("the time of day was set by {:+.3f} s; keyed trailers go on {}",
                      std::chrono::duration<double>(change).count(),
                      difference == core::Interval::zero() ? "with it" : "with the time before"),
          0);
}

core::Status Instance::send_to(const core::Address& destination, const core::Address& source,
                               const Moment& now) {
    const ChecksumForm form = checksum_for(destination);
    const core::Address& summed =
        form == ChecksumForm::old_unicast ? *setting_.expected.old_checksum_group : destination;
    auto message = encode(said_, setting_.expected.authentication, source, summed, form);
    if (trailer_ && trailer_->sends()) trailer_->sign(message, source, now);
    if (header_)
        message =
            header_->wrap(message, source, destination,
                          setting_.expected.unicast ? setting_.send.time_to_live : kTimeToLive);
    return tools_.wire.send(wire_key_, {setting_.send, source}, message, destination);
}

void Instance::advertise(std::uint8_t priority, const core::Address& source) {
    said_.priority = priority;
    Moment now;
    if (trailer_) {
        now = moment();
        note_time(now);
    }
    bool failed = false;
    bool went_out = false;
    for (const core::Address& destination : setting_.destinations) {
        if (destination == source) continue;  // a list of peers with ourselves in it
        const auto sent = send_to(destination, source, now);
        if (!sent) note_send_error(sent.error());
        failed = failed || !sent;
        went_out = went_out || sent.ok();
    }
    if (!went_out) return;
    observations_.sent(tools_.loop.now());
    if (!failed) note_sent();
    ++counters_.advertisements_sent;
    if (priority == 0) ++counters_.priority_zero_sent;
}

void Instance::note_send_error(const core::Error& error) {
    observations_.send_failed(error.code(), tools_.loop.now());
    const bool told = warn(kSendFailed, "VRRP_SEND", [&] {
        return error.code() == EPERM ? "local firewall refuses advertisements: " + error.text()
                                     : error.text();
    });
    send_failure_told_ = told || send_failure_told_;
}

void Instance::note_sent() {
    const std::uint64_t failed = observations_.sent_to_all();
    if (failed == 0 || !std::exchange(send_failure_told_, false)) return;
    tools_.log.notice("VRRP_SEND",
                      fmt::format("{} advertisements go out again, after {} that could not be sent",
                                  setting_.name, failed),
                      {{"VRRP_INSTANCE", setting_.name}});
}

void Instance::notice(const Noticed& what) {
    warn(kNoticed + static_cast<unsigned>(what.what), "VRRP_RIVAL", [&]() -> std::string {
        const std::string who =
            fmt::format("{} (priority {})", what.source.text(), unsigned{what.priority});
        switch (what.what) {
            case Noticed::What::lower_priority:
                return fmt::format("also hears {}, which it outranks", who);
            case Noticed::What::own_address:
                return fmt::format("hears its own address {} with its own priority", who);
            case Noticed::What::second_owner:
                return fmt::format("hears a second owner of its addresses: {}", who);
        }
        return who;
    });
}

void Instance::notice(const DualBegan& episode) {
    const Rival& rival = episode.rival;
    observations_.episode_began(
        {.peer = rival.address, .priority = rival.priority, .start = rival.began});
    warn(kDualBegan, "VRRP_DUAL", [&] {
        return fmt::format("begins: {} (priority {}) is Active as well{}", rival.address.text(),
                           unsigned{rival.priority},
                           episode.rival.told ? ": our advertisements do not reach it" : "");
    });
}

void Instance::notice(const DualEnded& episode) {
    const Rival& rival = episode.rival;
    const std::string how = in_words(episode);
    observations_.episode_ended(rival.heard_at, how);
    warn(kDualEnded, "VRRP_DUAL", [&] {
        return fmt::format("ends after {:.3g} s: {}",
                           std::chrono::duration<double>(rival.heard_at - rival.began).count(),
                           how);
    });
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
    RouterView record{.router = router(), .counters = counters_, .since = since_};
    std::optional<TrailerKeeper::Memory> trailer;
    if (trailer_) record.trailer = &trailer.emplace(trailer_->memory());
    if (header_) record.header_sequence = header_->sequence();
    if (!old_checksum_peers_.empty()) {
        const auto& peers = setting_.expected.peers;
        for (std::size_t each = 0; each < std::min(peers.size(), kSavedPeers); ++each)
            if (old_checksum_peers_.contains(peers[each].address))
                record.old_checksum_peers |= 1U << each;
    }
    const bool saved = tools_.saved.save_router(id(), record, saved_at_);
    if (!saved && !file_full_)
        tools_.log.warning("VRRP_STATE_FULL",
                           setting_.name + " has no room in the state file: it will start cold");
    file_full_ = !saved;
}

void Instance::restore(const SavedRouter& saved) {
    counters_ = saved.counters;
    since_ = saved.since;
    if (trailer_) trailer_->restore(saved.trailer);
    if (header_) header_->restore(saved.header_sequence);
    const auto& peers = setting_.expected.peers;
    for (std::size_t each = 0; each < std::min(peers.size(), kSavedPeers); ++each)
        if ((saved.old_checksum_peers >> each & 1U) != 0)
            old_checksum_peers_.insert(peers[each].address);
}

void Instance::write(std::string_view event, const std::string& text, std::uint64_t left_out) {
    const std::string more = left_out == 0 ? "" : fmt::format(" ({} more like this)", left_out);
    tools_.log.warning(event, fmt::format("{} {}{}", setting_.name, text, more),
                       {{"VRRP_INSTANCE", setting_.name}});
}

}  // namespace holdfast::vrrp
