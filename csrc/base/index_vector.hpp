// SPDX-License-Identifier: MIT
// A vector indexed by one type only: a table of variables refuses a literal.
#pragma once

#include <cstddef>
#include <vector>

#include "base/check.hpp"

namespace nb {

// `Key` has index() or code(), a small unsigned number.
template <class Key>
constexpr std::size_t index_of(Key key) {
  if constexpr (requires { key.index(); })
    return key.index();
  else
    return key.code();
}

template <class Key, class T>
class IndexVector {
 public:
  T &operator[](Key key) {
    NB_ASSERT(index_of(key) < items_.size());
    return items_[index_of(key)];
  }
  const T &operator[](Key key) const {
    NB_ASSERT(index_of(key) < items_.size());
    return items_[index_of(key)];
  }
  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  void resize(std::size_t size, T value) { items_.resize(size, value); }
  void resize(std::size_t size) { items_.resize(size); }
  void assign(std::size_t size, T value) { items_.assign(size, value); }
  void clear() { items_.clear(); }
  void release() { std::vector<T>().swap(items_); }
  void swap(IndexVector &other) noexcept { items_.swap(other.items_); }
  T *data() { return items_.data(); }
  const T *data() const { return items_.data(); }
  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  std::size_t bytes() const { return items_.capacity() * sizeof(T); }

 private:
  std::vector<T> items_;
};

}  // namespace nb
