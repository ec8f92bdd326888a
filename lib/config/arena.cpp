#include "lib/config/arena.hpp"

#include <algorithm>

namespace holdfast::config {

void Arena::add_chunk(std::size_t at_least) {
    const std::size_t size = std::max(kChunk, at_least);
    chunks_.push_back(std::unique_ptr<std::byte[]>(new std::byte[size]));
    if (chunks_.size() == 1) first_size_ = size;
    next_ = chunks_.back().get();
    left_ = size;
}

void Arena::drop_chunks(const Mark& mark) {
    if (mark.chunks == 0) return reset();
    chunks_.resize(mark.chunks);
    next_ = mark.next;
    left_ = mark.left;
}

void Arena::reset() {
    if (chunks_.empty()) return;
    chunks_.resize(1);
    next_ = chunks_.front().get();
    left_ = first_size_;
}

}  // namespace holdfast::config
