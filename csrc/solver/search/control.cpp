// SPDX-License-Identifier: MIT
// Control: budgets, interrupts, and advice from other threads.
#include <algorithm>
#include <utility>

#include "solver/search/search.hpp"

namespace nb {

namespace {

// What the clock has to say: the deadline, and whether the caller wants to be asked again.
void look_at_clock(Control &control) {
  const auto now = std::chrono::steady_clock::now();
  if (control.has_deadline && now >= control.deadline) {
    control.stop = StopReason::seconds;
  } else if (control.poll && now >= control.next_poll) {
    if (control.poll()) control.stop = StopReason::interrupt;
    control.next_poll = std::chrono::steady_clock::now() + poll_interval;
  }
}

// Once: the caller looks at the counters and says whether this is the end.
bool ends_at_milestone(Control &control) {
  control.milestone_conflicts = control.milestone_ticks = Control::no_milestone;
  return std::exchange(control.milestone, nullptr)();
}

}  // namespace

// Every `polls` calls the clock is read, which costs more than a counter.
bool interrupted_now(Core &core, std::uint32_t polls) {
  Control &control = core.control;
  if (control.interrupted.load(std::memory_order_relaxed)) {
    control.stop = StopReason::interrupt;
    return true;
  }
  if ((control.has_deadline || control.poll) && ++control.polls % polls == 0)
    look_at_clock(control);
  return control.stop == StopReason::seconds || control.stop == StopReason::interrupt;
}

bool stopping(Core &core) {
  Control &control = core.control;
  const Statistics &stats = core.stats;
  if (stats.conflicts >= control.conflicts)
    control.stop = StopReason::conflicts;
  else if (stats.decisions >= control.decisions)
    control.stop = StopReason::decisions;
  else if (stats.propagations >= control.propagations)
    control.stop = StopReason::propagations;
  else if (stats.ticks >= control.ticks)
    control.stop = StopReason::ticks;
  else if ((stats.conflicts >= control.milestone_conflicts ||
            stats.ticks >= control.milestone_ticks) &&
           ends_at_milestone(control))
    control.stop = StopReason::interrupt;
  else
    return interrupted_now(core, 64);
  return true;
}

void open_mail(Core &core) {
  Control &control = core.control;
  const auto take = [&](Letter &letter) {
    const std::size_t known = std::min<std::size_t>(letter.phases.size(), core.names.user_vars());
    core.phases.advice.assign(core.num_vars(), 0);
    core.phases.confidence.assign(core.num_vars(), 1.0f);
    for (std::uint32_t i = 0; i < known; ++i) {
      const Var var = core.names.inner(Var(i).dimacs()).var();
      core.phases.advice[var] = letter.phases[i];
      if (i < letter.confidence.size()) core.phases.confidence[var] = letter.confidence[i];
    }
    core.phases.mode = letter.mode;
    ++core.stats.advice_taken;
    control.handovers.push_back(core.stats.conflicts);
    if (core.started) seed_order(core);
  };
  if (control.mail.exchange(false)) {
    std::vector<Letter> letters;
    {
      const std::lock_guard guard(control.mutex);
      letters.swap(control.mailbox);
    }
    if (!letters.empty()) take(letters.back());
  }
  while (!control.replay.empty() && control.replay.back().conflicts <= core.stats.conflicts) {
    take(control.replay.back());
    control.replay.pop_back();
  }
}

}  // namespace nb
