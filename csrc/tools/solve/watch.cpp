// SPDX-License-Identifier: MIT
#include "tools/solve/watch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>

namespace nb::tools {

namespace {

constexpr double mib = 1 << 20;
// What must not fail under a bound of memory, as the start of a thread.
constexpr double slack_bytes = 8 * mib;
constexpr int memory_tick_ms = 50;
constexpr auto patience = std::chrono::milliseconds(80);
// A century is for ever, and fits the clock.
constexpr double century_seconds = 3e9;

std::atomic<int> caught{0};
int wake[2] = {-1, -1};

// A second signal of the same kind does not wait for anything.
void on_signal(int number) {
  int none = 0;
  if (!caught.compare_exchange_strong(none, number) && none == number) ::_exit(128 + number);
  const char byte = 0;
  [[maybe_unused]] const auto written = ::write(wake[1], &byte, 1);
}

void catch_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGXCPU}) {
    struct sigaction action{};
    // `nohup` asks that hanging up is ignored.
    if (number == SIGHUP && ::sigaction(number, nullptr, &action) == 0 &&
        action.sa_handler == SIG_IGN)
      continue;
    action = {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    ::sigaction(number, &action, nullptr);
  }
  // What cannot be written is an error of its own.
  std::signal(SIGPIPE, SIG_IGN);
}

// A large allocation beyond the bound fails instead of waking the kernel's killer.
void bound_memory(double bytes) {
  std::ifstream status("/proc/self/status");
  rlimit limit{};
  if (!status || ::getrlimit(RLIMIT_DATA, &limit) != 0) return;
  double data = 0;
  for (std::string word; status >> word;)
    if (word == "VmData:" && status >> data) break;
  const double soft = data * 1024 + std::max(bytes - resident_bytes() + slack_bytes, 0.0);
  const auto bound = static_cast<rlim_t>(std::min(soft, 1e18));
  if (limit.rlim_max != RLIM_INFINITY && bound >= limit.rlim_max) return;
  limit.rlim_cur = bound;
  ::setrlimit(RLIMIT_DATA, &limit);
}

void unbound_memory() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_DATA, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_DATA, &limit);
}

}  // namespace

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  if (!(file >> total >> resident)) return 0;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

Watch::Watch(double seconds, double memory_mib, std::function<void()> ask,
             std::function<int(Ending)> last_words)
    : deadline_(seconds < 0 || seconds > century_seconds
                    ? Clock::time_point::max()
                    : Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                         std::chrono::duration<double>(seconds))),
      memory_bytes_(memory_mib < 0 ? -1 : memory_mib * mib),
      ask_(std::move(ask)),
      last_words_(std::move(last_words)) {
  if (::pipe(wake) != 0) return;
  for (const int end : wake) {
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
    ::fcntl(end, F_SETFL, O_NONBLOCK);
  }
  catch_signals();
  // What is passed from the start leaves no time for a short run to slip through.
  if (seconds_left() == 0)
    end(Ending::time);
  else if (memory_bytes_ >= 0 && resident_bytes() > memory_bytes_)
    end(Ending::memory);
  thread_ = std::thread([this] { run(); });
  if (memory_bytes_ >= 0) bound_memory(memory_bytes_);
}

int Watch::signal() {
  return caught.load();
}

double Watch::seconds_left() const {
  if (deadline_ == Clock::time_point::max()) return -1;
  return std::max(0.0, std::chrono::duration<double>(deadline_ - Clock::now()).count());
}

void Watch::end(Ending why) {
  Ending none = Ending::none;
  if (!ending_.compare_exchange_strong(none, why)) return;
  ask_();
}

// False: time is up.
bool Watch::wait(int milliseconds) const {
  pollfd entry{wake[0], POLLIN, 0};
  return ::poll(&entry, 1, milliseconds) > 0;
}

void Watch::run() {
  for (;;) {
    double left = seconds_left() * 1000;
    if (left < 0) left = std::numeric_limits<int>::max();
    if (memory_bytes_ >= 0) left = std::min<double>(left, memory_tick_ms);
    const bool woken = wait(static_cast<int>(std::min(left + 1, 1e9)));
    {
      const std::lock_guard guard(leaving_);
      if (released_) return;
    }
    if (woken && caught.load()) break;
    if (Clock::now() >= deadline_ || stop()) break;
    if (memory_bytes_ >= 0 && resident_bytes() > memory_bytes_) break;
  }
  end(caught.load()               ? Ending::interrupt
      : Clock::now() >= deadline_ ? Ending::time
                                  : Ending::memory);
  const auto began = Clock::now();
  while (Clock::now() - began < patience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const std::lock_guard guard(leaving_);
    if (released_) return;
  }
  const std::lock_guard guard(leaving_);
  if (released_) return;
  unbound_memory();
  const int code = last_words_(ending());
  std::fflush(stdout);
  ::_exit(code);
}

void Watch::release() {
  {
    const std::lock_guard guard(leaving_);
    if (released_) return;
    released_ = true;
  }
  if (memory_bytes_ >= 0) unbound_memory();
  const char byte = 0;
  [[maybe_unused]] const auto written = ::write(wake[1], &byte, 1);
  if (thread_.joinable()) thread_.join();
}

}  // namespace nb::tools
