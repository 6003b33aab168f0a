// SPDX-License-Identifier: MIT
// A binary heap of small keys with the largest score on top; scores change in place.
#pragma once

#include <cstdint>
#include <vector>

#include "base/index_vector.hpp"

namespace nb {

// Ties are broken by the smaller key, so that the order is a function of scores alone.
template <class Key>
class ScoreHeap {
 public:
  void resize(std::size_t keys) {
    position_.resize(keys, absent);
    score_.resize(keys, 0);
  }
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  bool contains(Key key) const { return position_[key] != absent; }
  double score(Key key) const { return score_[key]; }
  Key top() const { return heap_.front(); }

  void push(Key key) {
    NB_ASSERT(!contains(key));
    position_[key] = static_cast<std::uint32_t>(heap_.size());
    heap_.push_back(key);
    up(position_[key]);
  }
  void pop() { remove(heap_.front()); }
  void remove(Key key) {
    const std::uint32_t hole = position_[key];
    position_[key] = absent;
    const Key last = heap_.back();
    heap_.pop_back();
    if (last == key) return;
    heap_[hole] = last;
    position_[last] = hole;
    up(hole);
    down(position_[last]);
  }
  void set_score(Key key, double score) {
    const double old = score_[key];
    score_[key] = score;
    if (!contains(key)) return;
    if (score > old)
      up(position_[key]);
    else if (score < old)
      down(position_[key]);
  }
  // Order is kept, so no element moves.
  void rescale(double factor) {
    for (double &score : score_) score *= factor;
  }
  double largest() const {
    double result = 0;
    for (const double score : score_)
      if (score > result) result = score;
    return result;
  }
  std::size_t bytes() const {
    return heap_.capacity() * sizeof(Key) + position_.bytes() + score_.bytes();
  }
  bool ordered() const {
    for (std::size_t i = 1; i < heap_.size(); ++i)
      if (above(heap_[i], heap_[(i - 1) / 2])) return false;
    return true;
  }

 private:
  static constexpr std::uint32_t absent = ~0u;

  bool above(Key a, Key b) const {
    const double s = score_[a], t = score_[b];
    return s > t || (s == t && a < b);
  }
  void up(std::uint32_t place) {
    const Key key = heap_[place];
    while (place) {
      const std::uint32_t parent = (place - 1) / 2;
      if (!above(key, heap_[parent])) break;
      heap_[place] = heap_[parent];
      position_[heap_[place]] = place;
      place = parent;
    }
    heap_[place] = key;
    position_[key] = place;
  }
  void down(std::uint32_t place) {
    const Key key = heap_[place];
    const auto size = static_cast<std::uint32_t>(heap_.size());
    for (;;) {
      std::uint32_t child = 2 * place + 1;
      if (child >= size) break;
      if (child + 1 < size && above(heap_[child + 1], heap_[child])) ++child;
      if (!above(heap_[child], key)) break;
      heap_[place] = heap_[child];
      position_[heap_[place]] = place;
      place = child;
    }
    heap_[place] = key;
    position_[key] = place;
  }

  std::vector<Key> heap_;
  IndexVector<Key, std::uint32_t> position_;
  IndexVector<Key, double> score_;
};

}  // namespace nb
