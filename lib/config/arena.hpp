#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

namespace holdfast::config {

/// Memory that is given back all at once. Nothing in it is destroyed, so it takes plain values
/// only.
class Arena {
  public:
    Arena() = default;
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    [[nodiscard]] void* allocate(std::size_t octets) {
        const std::size_t rounded = (octets + kAlignment - 1) / kAlignment * kAlignment;
        if (rounded > left_) add_chunk(rounded);
        std::byte* const given = next_;
        next_ += rounded;
        left_ -= rounded;
        return given;
    }
    /// Makes the latest piece larger where it lies; false when there is no room behind it.
    [[nodiscard]] bool extend(const void* piece, std::size_t octets, std::size_t to_octets) {
        const std::size_t had = (octets + kAlignment - 1) / kAlignment * kAlignment;
        const std::size_t more = (to_octets + kAlignment - 1) / kAlignment * kAlignment - had;
        if (static_cast<const std::byte*>(piece) + had != next_ || more > left_) return false;
        next_ += more;
        left_ -= more;
        return true;
    }
    [[nodiscard]] std::string_view copy(std::string_view text) {
        if (text.empty()) return {};
        auto* const kept = static_cast<char*>(allocate(text.size()));
        std::memcpy(kept, text.data(), text.size());
        return {kept, text.size()};
    }
    /// Where the next piece would lie; rewind() gives back all that was given since.
    struct Mark {
        std::byte* next = nullptr;
        std::size_t left = 0;
        std::size_t chunks = 0;
    };
    [[nodiscard]] Mark mark() const { return {next_, left_, chunks_.size()}; }
    void rewind(const Mark& mark) {
        if (chunks_.size() == mark.chunks) {
            next_ = mark.next;
            left_ = mark.left;
        } else {
            drop_chunks(mark);
        }
    }
    /// Gives everything back. The first chunk stays for what follows.
    void reset();

  private:
    static constexpr std::size_t kAlignment = alignof(std::max_align_t);
    static constexpr std::size_t kChunk = 64UL * 1024;
    void add_chunk(std::size_t at_least);
    void drop_chunks(const Mark& mark);

    std::vector<std::unique_ptr<std::byte[]>> chunks_;
    std::byte* next_ = nullptr;
    std::size_t left_ = 0;
    std::size_t first_size_ = 0;
};

/// A growing array in an Arena. Copies refer to the same elements.
template <class T>
class ArenaList {
  public:
    void push_back(Arena& arena, const T& value) {
        static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
        if (size_ == capacity_) grow(arena);
        new (data_ + size_) T(value);
        ++size_;
    }
    [[nodiscard]] const T* begin() const { return data_; }
    [[nodiscard]] const T* end() const { return data_ + size_; }
    [[nodiscard]] T* begin() { return data_; }
    [[nodiscard]] T* end() { return data_ + size_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] const T& operator[](std::size_t index) const { return data_[index]; }
    [[nodiscard]] T& operator[](std::size_t index) { return data_[index]; }
    [[nodiscard]] const T& front() const { return *data_; }
    [[nodiscard]] const T& back() const { return data_[size_ - 1]; }
    /// Without its first element.
    [[nodiscard]] ArenaList rest() const {
        ArenaList less;
        if (size_ > 1) {
            less.data_ = data_ + 1;
            less.size_ = size_ - 1;
            less.capacity_ = size_ - 1;
        }
        return less;
    }

  private:
    void grow(Arena& arena) {
        const std::uint32_t wanted = capacity_ == 0 ? 4 : capacity_ * 2;
        if (data_ == nullptr || !arena.extend(data_, capacity_ * sizeof(T), wanted * sizeof(T))) {
            auto* const larger = static_cast<T*>(arena.allocate(wanted * sizeof(T)));
            if (size_ > 0) std::memcpy(static_cast<void*>(larger), data_, size_ * sizeof(T));
            data_ = larger;
        }
        capacity_ = wanted;
    }

    T* data_ = nullptr;
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = 0;
};

}  // namespace holdfast::config
