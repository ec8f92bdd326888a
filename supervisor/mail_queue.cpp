#include "supervisor/mail_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace holdfast::supervisor {

MailQueue::Item MailQueue::remove(Items::iterator which) {
    Item item = std::move(*which);
    by_object_.erase(item.object.value);
    items_.erase(which);
    return item;
}

std::vector<MailQueue::Item> MailQueue::push(Item item) {
    const auto older = by_object_.find(item.object.value);
    if (older != by_object_.end()) remove(older->second);
    items_.push_back(std::move(item));
    by_object_[items_.back().object.value] = std::prev(items_.end());
    std::vector<Item> dropped;
    if (items_.size() > kMost) dropped.push_back(remove(items_.begin()));
    return dropped;
}

std::vector<MailQueue::Item> MailQueue::take(std::size_t octets) {
    std::vector<Item> taken;
    std::size_t used = 0;
    while (!items_.empty()) {
        const MailText& text = items_.front().text;
        used += text.subject.size() + text.body.size();
        if (!taken.empty() && used > octets) break;
        taken.push_back(remove(items_.begin()));
    }
    return taken;
}

void MailQueue::put_back(Item item) {
    if (by_object_.contains(item.object.value) || items_.size() >= kMost) return;
    const auto younger =
        std::ranges::find_if(items_, [&](const Item& one) { return one.since > item.since; });
    const std::uint64_t object = item.object.value;
    by_object_[object] = items_.insert(younger, std::move(item));
}

std::vector<MailQueue::Item> MailQueue::expired(core::Instant now) {
    std::vector<Item> gone;
    while (!items_.empty() && now - items_.front().since >= kGiveUp) {
        gone.push_back(remove(items_.begin()));
    }
    return gone;
}

}  // namespace holdfast::supervisor
