// SPDX-License-Identifier: MIT
// Float arrays on 64-byte boundaries, large ones on huge pages if the system grants them:
// rows are gathered at random, and with small pages every gather would miss the TLB.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace nb::gnn {

template <class T>
class AlignedArray {
 public:
  AlignedArray() = default;
  // Contents are not initialised: whoever asks for memory writes it before reading it.
  explicit AlignedArray(std::size_t size) : size_(size) {
    if (size == 0) return;
    const std::size_t huge_page = std::size_t{2} << 20;
    const std::size_t wanted = size * sizeof(T);
    const std::size_t alignment = wanted >= huge_page ? huge_page : 64;
    const std::size_t bytes = (wanted + alignment - 1) / alignment * alignment;
    data_ = static_cast<T *>(std::aligned_alloc(alignment, bytes));
    if (data_ == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    // Only a hint; its failure changes nothing but speed.
    if (alignment == huge_page) (void)::madvise(data_, bytes, MADV_HUGEPAGE);
#endif
  }
  AlignedArray(AlignedArray &&other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  AlignedArray &operator=(AlignedArray &&other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  AlignedArray(const AlignedArray &) = delete;
  AlignedArray &operator=(const AlignedArray &) = delete;
  ~AlignedArray() { std::free(data_); }

  std::size_t size() const { return size_; }
  T *data() { return data_; }
  const T *data() const { return data_; }
  T &operator[](std::size_t index) { return data_[index]; }
  const T &operator[](std::size_t index) const { return data_[index]; }
  void fill_zero() {
    if (size_ != 0) std::memset(static_cast<void *>(data_), 0, size_ * sizeof(T));
  }

 private:
  T *data_ = nullptr;
  std::size_t size_ = 0;
};

using Floats = AlignedArray<float>;

}  // namespace nb::gnn
