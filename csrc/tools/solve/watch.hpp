// SPDX-License-Identifier: MIT
// Signals and limits of a program that must end in time and with the right last words.
//
// Idea     A thread waits for signals (by a pipe that their handler writes to), for the deadline,
//          and for memory.  It asks the work to stop; what does not stop within the patience is
//          ended from outside, with the same last words.
// Cost     one thread that sleeps; with a limit of memory it looks every 50 ms.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>

namespace nb::tools {

// Why a run must end.
enum class Ending { none, time, memory, interrupt };

class Watch {
 public:
  using Clock = std::chrono::steady_clock;

  // Negative limits are none.  `ask` is called once, on the thread that watches, when the run must
  // end; `last_words` prints the end and returns the exit code if the run does not.
  Watch(double seconds, double memory_mib, std::function<void()> ask,
        std::function<int(Ending)> last_words);
  ~Watch() { release(); }
  Watch(const Watch &) = delete;
  Watch &operator=(const Watch &) = delete;

  // Must the run end?  Any thread may ask.
  bool stop() const { return ending_.load() != Ending::none; }
  Ending ending() const { return ending_.load(); }
  // The first signal that came, or 0.
  static int signal();
  // An allocation failed.
  void ran_out_of_memory() { end(Ending::memory); }
  // From here on nothing ends the run from outside.
  void release();

  double seconds_left() const;

 private:
  void run();
  void end(Ending why);
  bool wait(int milliseconds) const;

  std::atomic<Ending> ending_{Ending::none};
  Clock::time_point deadline_;
  double memory_bytes_;
  std::function<void()> ask_;
  std::function<int(Ending)> last_words_;
  std::mutex leaving_;
  bool released_ = false;
  std::thread thread_;
};

// Bytes of memory that this process has resident; 0 if the system does not say.
double resident_bytes();

}  // namespace nb::tools
