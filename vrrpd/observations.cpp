#include "vrrpd/observations.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace holdfast::vrrp {

HeardRouter& Observations::entry_of(const core::Address& source) {
    const auto known = std::ranges::find(heard_, source, &HeardRouter::address);
    if (known != heard_.end()) return *known;
    if (heard_.size() == kMaxHeard)
        heard_.erase(std::ranges::min_element(heard_, {}, &HeardRouter::last));
    heard_.push_back({.address = source});
    return heard_.back();
}

void Observations::heard(const core::Address& source, const Accepted& accepted, core::Instant now) {
    const Advertisement& said = accepted.advertisement;
    HeardRouter& entry = entry_of(source);
    entry.priority = said.priority;
    entry.interval = said.max_advertise_interval;
    ++entry.count;
    entry.last = now;
    entry.addresses_differ = accepted.addresses_differ;
    if (accepted.addresses_differ) ++addresses_differed_;
    if (accepted.interval_differs) ++intervals_differed_;
    keep_addresses(said.addresses, entry);
}

void Observations::keep_addresses(const std::vector<core::Address>& said, HeardRouter& entry) {
    entry.address_count = entry.addresses_differ ? said.size() : 0;
    const auto first = std::span(said).first(std::min(entry.address_count, kMaxAddresses));
    if (!std::ranges::equal(entry.addresses, first))
        entry.addresses.assign(first.begin(), first.end());
}

void Observations::refused(Rejection why, const core::Address& source, core::Instant now) {
    Refused& entry = refused_[why];
    ++entry.count;
    entry.source = source;
    entry.last = now;
}

void Observations::send_failed(int error, core::Instant now) {
    failing_ = error;
    ++failed_in_a_row_;
    if (send_errors_.size() == kMaxSendErrors && !send_errors_.contains(error)) return;
    SendError& entry = send_errors_[error];
    ++entry.count;
    entry.last = now;
}

std::uint64_t Observations::sent_to_all() {
    failing_ = 0;
    return std::exchange(failed_in_a_row_, 0);
}

void Observations::changed(const StateChanged& change, core::Instant now) {
    last_change_ = Change{change, now};
}

void Observations::episode_began(Episode episode) {
    ++episode_count_;
    if (episodes_.size() == kMaxEpisodes) episodes_.erase(episodes_.begin());
    episodes_.push_back(std::move(episode));
}

void Observations::episode_ended(core::Instant end, const std::string& how) {
    if (episodes_.empty() || episodes_.back().end) return;
    episodes_.back().end = end;
    episodes_.back().how_it_ended = how;
}

std::vector<HeardRouter> Observations::heard() const {
    std::vector<HeardRouter> all = heard_;
    std::ranges::stable_sort(all, std::ranges::greater{}, &HeardRouter::last);
    return all;
}

}  // namespace holdfast::vrrp
