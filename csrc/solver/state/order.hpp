// SPDX-License-Identifier: MIT
// Which variable to decide next: a queue moved to the front in focused mode, a heap of scores in
// stable mode.
//
// O1  Every active variable is in the queue; no other is.
// O2  Every active variable without a value is in the heap.
// O3  No variable after `search` in the queue is without a value.
//
// Source   Biere and Fröhlich, "Evaluating CDCL Variable Scoring Schemes", SAT 2015.
#pragma once

#include "base/heap.hpp"
#include "formula/literal.hpp"

namespace nb {

struct Link {
  std::uint32_t prev = ~0u;
  std::uint32_t next = ~0u;
  // Larger is later in the queue.
  std::uint64_t stamp = 0;
};

class Queue {
 public:
  static constexpr std::uint32_t none = ~0u;

  void resize(std::size_t vars) { links_.resize(vars); }
  std::uint32_t last() const { return last_; }
  std::uint32_t first() const { return first_; }
  std::uint32_t prev(Var var) const { return links_[var].prev; }
  std::uint32_t next(Var var) const { return links_[var].next; }
  std::uint64_t stamp(Var var) const { return links_[var].stamp; }

  void enqueue(Var var) {
    Link &link = links_[var];
    link.prev = last_;
    link.next = none;
    (last_ == none ? first_ : links_[Var(last_)].next) = var.index();
    last_ = var.index();
    link.stamp = ++stamps_;
  }
  void dequeue(Var var) {
    const Link &link = links_[var];
    (link.prev == none ? first_ : links_[Var(link.prev)].next) = link.next;
    (link.next == none ? last_ : links_[Var(link.next)].prev) = link.prev;
    if (search == var.index()) search = link.prev != none ? link.prev : last_;
  }

  // Where the next decision starts to look.
  std::uint32_t search = none;

 private:
  std::uint32_t first_ = none, last_ = none;
  std::uint64_t stamps_ = 0;
  IndexVector<Var, Link> links_;
};

struct Order {
  Queue queue;
  ScoreHeap<Var> heap;
  double increment = 1;
  // The caller's factor on bumps; empty: 1.
  IndexVector<Var, float> weights;
};

}  // namespace nb
