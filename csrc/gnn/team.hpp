// SPDX-License-Identifier: MIT
// A few threads that share the numbered blocks of one phase after another.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace nb::gnn {

class Team {
 public:
  // `poll` is called by the calling thread before each of its blocks; true stops all work.
  Team(unsigned threads, std::function<bool()> poll) : poll_(std::move(poll)) {
    try {
      for (unsigned i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
    } catch (const std::system_error &) {
      // No more threads to be had: the ones that started, and the caller, do the work.
    }
  }
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;
  ~Team() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_all();
    for (auto &worker : workers_) worker.join();
  }

  // Calls block(0) ... block(blocks - 1), in any order and on any thread; returns when all are
  // done.  The first exception thrown by a block is thrown here.
  void run(std::size_t blocks, const std::function<void(std::size_t)> &block) {
    if (blocks == 0) return;
    const bool shared = !workers_.empty() && blocks > 1;
    next_ = 0;
    blocks_ = blocks;
    block_ = &block;
    if (shared) {
      const std::lock_guard lock(mutex_);
      busy_ = workers_.size();
      ++phase_;
    }
    if (shared) wake_.notify_all();
    take_blocks(true);
    if (shared && !soon([this] { return busy_ == 0; })) {
      std::unique_lock lock(mutex_);
      done_.wait(lock, [this] { return busy_ == 0; });
    }
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  // Looks at `reached` for some tens of microseconds: phases follow one another closely, and to put
  // a thread to sleep and wake it costs more than that.
  template <class Condition>
  static bool soon(const Condition &reached) {
    for (int look = 0; look < 1000; ++look) {
      if (reached()) return true;
#ifdef __x86_64__
      __builtin_ia32_pause();
#endif
    }
    return false;
  }

  void take_blocks(bool caller) {
    try {
      while (true) {
        if (caller && poll_ && poll_()) throw Interrupted();
        const std::size_t index = next_.fetch_add(1, std::memory_order_relaxed);
        if (index >= blocks_) return;
        (*block_)(index);
      }
    } catch (...) {
      next_ = blocks_;
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }

  void work() {
    std::size_t seen = 0;
    const auto called = [&] { return closing_ || phase_ != seen; };
    while (true) {
      if (!soon(called)) {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, called);
      }
      if (closing_) return;
      seen = phase_;
      take_blocks(false);
      // Under the lock, so that the caller cannot miss it between its look and its sleep.
      const std::lock_guard lock(mutex_);
      if (--busy_ == 0) done_.notify_one();
    }
  }

  std::function<bool()> poll_;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::atomic<std::size_t> next_{0};
  std::size_t blocks_ = 0;
  const std::function<void(std::size_t)> *block_ = nullptr;
  std::atomic<std::size_t> phase_{0};
  std::atomic<std::size_t> busy_{0};
  std::atomic<bool> closing_{false};
  std::exception_ptr error_;
};

}  // namespace nb::gnn
