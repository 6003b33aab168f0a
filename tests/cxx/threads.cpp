// SPDX-License-Identifier: MIT
// What other threads may do to a solver that runs: give advice and interrupt.  The thread sanitizer
// (preset tsan) watches these.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "solver/solver.hpp"
#include "unit.hpp"

namespace {

// Random, far beyond the time of a test.
void add_hard(nb::Solver &solver, std::int32_t vars) {
  nb::Random random(1);
  for (std::int32_t i = 0; i < vars * 43 / 10; ++i) {
    std::int32_t clause[3];
    for (std::int32_t &literal : clause)
      literal = (1 + static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(vars)))) *
                (random.flip() ? 1 : -1);
    solver.add_clause(clause);
  }
}

}  // namespace

TEST(advice_and_an_interrupt_come_from_other_threads) {
  constexpr std::int32_t vars = 400;
  nb::Solver solver;
  add_hard(solver, vars);
  std::atomic<int> polls{0};
  solver.on_poll([&] {
    ++polls;
    return false;
  });
  const auto wait_for = [&](int wanted) {
    while (polls < wanted) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  std::thread adviser([&] {
    wait_for(1);
    const std::vector<signed char> advice(vars, 1);
    for (int i = 0; i < 100; ++i) solver.advise(advice, {}, nb::AdviceMode::always);
  });
  std::thread interrupter([&] {
    adviser.join();
    wait_for(polls + 2);
    solver.interrupt();
  });
  const nb::Status status = solver.solve({}, {});
  interrupter.join();
  EXPECT(status == nb::Status::unknown && solver.interrupted());
  EXPECT(solver.stop_reason() == nb::StopReason::interrupt);
  solver.clear_interrupt();
  nb::Budget budget;
  budget.conflicts = 10;
  EXPECT(solver.solve({}, budget) == nb::Status::unknown);
  // Taken at a restart, or at the latest now.
  EXPECT(!solver.handovers().empty());
}

TEST(two_solvers_run_in_two_threads) {
  std::int64_t conflicts[2] = {};
  std::vector<std::thread> threads;
  for (std::int64_t &counted : conflicts)
    threads.emplace_back([&counted] {
      nb::Solver solver;
      add_hard(solver, 120);
      nb::Budget budget;
      budget.conflicts = 500;
      solver.solve({}, budget);
      counted = solver.statistic("conflicts");
    });
  for (std::thread &thread : threads) thread.join();
  EXPECT(conflicts[0] == conflicts[1]);
}
