#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "lib/core/ids.hpp"
#include "lib/core/interval.hpp"
#include "supervisor/mail_text.hpp"

namespace holdfast::supervisor {

/// Pure: mails that wait. Of one object only the newest waits, so that a server that is away for
/// long is not flooded afterwards, and never more than `kMost` in all.
class MailQueue {
  public:
    static constexpr std::size_t kMost = 16384;
    /// From the event to the moment at which a mail is given up.
    static constexpr core::Interval kGiveUp = std::chrono::minutes(15);

    struct Item {
        core::ObjectId object;
        MailText text;
        core::Instant since{};
    };

    /// The mails that had to go: none, or the oldest when the queue is full.
    std::vector<Item> push(Item item);
    /// The oldest, at most `octets` of text and at least one; they leave the queue.
    [[nodiscard]] std::vector<Item> take(std::size_t octets);
    /// One that was taken and not delivered waits again, unless a newer one of its object does.
    void put_back(Item item);
    /// Those that have waited too long; they leave the queue.
    [[nodiscard]] std::vector<Item> expired(core::Instant now);
    [[nodiscard]] bool empty() const { return items_.empty(); }
    [[nodiscard]] std::size_t size() const { return items_.size(); }

  private:
    using Items = std::list<Item>;
    Item remove(Items::iterator which);

    Items items_;  // the oldest first
    std::unordered_map<std::uint64_t, Items::iterator> by_object_;
};

}  // namespace holdfast::supervisor
