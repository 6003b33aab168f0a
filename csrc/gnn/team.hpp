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
  // done.  The first exception thrown by a block is thrown here.  A thread that the system lets
  // wait takes no block, so the others need not wait for it.
  void run(std::size_t blocks, const std::function<void(std::size_t)> &block) {
    if (blocks == 0) return;
    block_ = &block;
    unfinished_ = blocks;
    if (workers_.empty() || blocks == 1) {
      left_ = blocks;
    } else {
      {
        const std::lock_guard lock(mutex_);
        left_ = blocks;
      }
      wake_.notify_all();
    }
    take_blocks(true);
    const auto done = [this] { return unfinished_ == 0; };
    if (!soon(done)) {
      std::unique_lock lock(mutex_);
      done_.wait(lock, done);
    }
    const std::lock_guard lock(mutex_);
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

  // One block of those left, or none.  Until it is finished the call of `run` that it belongs to
  // goes on, so `block_` is that call's.
  bool take(std::size_t &index) {
    std::size_t left = left_;
    while (left != 0) {
      if (left_.compare_exchange_weak(left, left - 1)) {
        index = left - 1;
        return true;
      }
    }
    return false;
  }

  void finish(std::size_t blocks) {
    if (unfinished_.fetch_sub(blocks) != blocks) return;
    // Under the lock, so that the caller cannot miss it between its look and its sleep.
    const std::lock_guard lock(mutex_);
    done_.notify_one();
  }

  void take_blocks(bool caller) {
    std::size_t index = 0;
    while (take(index)) {
      try {
        if (caller && poll_ && poll_()) throw Interrupted();
        (*block_)(index);
      } catch (...) {
        {
          const std::lock_guard lock(mutex_);
          if (!error_) error_ = std::current_exception();
        }
        finish(left_.exchange(0) + 1);
        return;
      }
      finish(1);
    }
  }

  void work() {
    const auto called = [&] { return closing_ || left_ != 0; };
    while (true) {
      if (!soon(called)) {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, called);
      }
      if (closing_) return;
      take_blocks(false);
    }
  }

  std::function<bool()> poll_;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  const std::function<void(std::size_t)> *block_ = nullptr;
  std::atomic<std::size_t> left_{0};        // blocks that nobody took yet
  std::atomic<std::size_t> unfinished_{0};  // blocks of this call that are not done
  std::atomic<bool> closing_{false};
  std::exception_ptr error_;
};

}  // namespace nb::gnn
