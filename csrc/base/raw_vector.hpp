// SPDX-License-Identifier: MIT
// A growing array of plain data, half as large as std::vector in its header.
//
// The solver has one per literal (watches) and one arena of many megabytes; `realloc` moves
// large blocks by remapping pages, so growth does not hold two copies.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#include "base/check.hpp"

namespace nb {

template <class T>
class RawVector {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  RawVector() = default;
  RawVector(const RawVector &) = delete;
  RawVector &operator=(const RawVector &) = delete;
  RawVector(RawVector &&other) noexcept { swap(other); }
  RawVector &operator=(RawVector &&other) noexcept {
    swap(other);
    return *this;
  }
  ~RawVector() { std::free(data_); }

  std::uint32_t size() const { return size_; }
  std::uint32_t capacity() const { return capacity_; }
  bool empty() const { return !size_; }
  T *data() { return data_; }
  const T *data() const { return data_; }
  T *begin() { return data_; }
  T *end() { return data_ + size_; }
  const T *begin() const { return data_; }
  const T *end() const { return data_ + size_; }
  T &operator[](std::size_t i) { return data_[i]; }
  const T &operator[](std::size_t i) const { return data_[i]; }

  void push_back(T value) {
    if (size_ == capacity_) [[unlikely]]
      grow(size_ + 1);
    data_[size_++] = value;
  }
  // Room for `count` more elements, to be filled by the caller.
  T *extend(std::uint32_t count) {
    if (capacity_ - size_ < count) grow(std::uint64_t{size_} + count);
    T *place = data_ + size_;
    size_ += count;
    return place;
  }
  void shrink_size(std::uint32_t size) {
    NB_ASSERT(size <= size_);
    size_ = size;
  }
  void clear() { size_ = 0; }
  void reserve_exactly(std::uint32_t capacity) {
    if (capacity > capacity_) reallocate(capacity);
  }
  void release() {
    std::free(data_);
    data_ = nullptr;
    size_ = capacity_ = 0;
  }
  void shrink_to_fit() {
    if (!size_)
      release();
    else if (size_ < capacity_)
      reallocate(size_);
  }
  void swap(RawVector &other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  void grow(std::uint64_t needed) {
    std::uint64_t capacity = capacity_ < 2 ? 2 : std::uint64_t{capacity_} * 2;
    // Large blocks grow by half only: the arena is the peak of our memory.
    if (capacity_ > (1u << 20)) capacity = std::uint64_t{capacity_} + capacity_ / 2;
    if (capacity < needed) capacity = needed;
    if (capacity > 0xffffffffu) capacity = 0xffffffffu;
    if (capacity < needed) throw std::bad_alloc();
    reallocate(static_cast<std::uint32_t>(capacity));
  }
  void reallocate(std::uint32_t capacity) {
    void *data = std::realloc(static_cast<void *>(data_), std::size_t{capacity} * sizeof(T));
    if (!data) throw std::bad_alloc();
    data_ = static_cast<T *>(data);
    capacity_ = capacity;
  }

  T *data_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace nb
