// SPDX-License-Identifier: MIT
// Arena, watches, the extension stack, and the tables of techniques.
#include <algorithm>
#include <set>

#include "solver/schedule.hpp"
#include "solver/state/arena.hpp"
#include "solver/state/extension.hpp"
#include "solver/state/watch.hpp"
#include "unit.hpp"

using namespace nb;

static std::vector<Lit> lits_of(std::initializer_list<int> literals) {
  std::vector<Lit> result;
  for (const int literal : literals) result.push_back(Lit::from_dimacs(literal));
  return result;
}

static std::vector<Lit> lits_of(const Clause &clause) {
  return {clause.begin(), clause.end()};
}

TEST(arena_iterates_over_shrunken_clauses) {
  Arena arena;
  const auto a = lits_of({1, 2, 3, 4, 5, 6}), b = lits_of({-1, -2, 3}), c = lits_of({4, 5, -6, 7});
  const ClauseRef first = arena.allocate(a, false, 0);
  const ClauseRef second = arena.allocate(b, true, 2), third = arena.allocate(c, true, 1u << 30);
  arena.shrink(first, 5);
  arena.shrink(first, 3);
  std::vector<ClauseRef> seen;
  for (ClauseRef ref = arena.first(); ref != arena.end(); ref = arena.next(ref))
    seen.push_back(ref);
  EXPECT((seen == std::vector<ClauseRef>{first, second, third}));
  EXPECT(lits_of(arena[first]) == lits_of({1, 2, 3}));
  EXPECT(!arena[first].learned && arena[second].learned);
  EXPECT(arena[second].glue == 2 && arena[third].glue == max_glue);
}

TEST(arena_moves_clauses_down_whole) {
  Arena arena;
  const auto a = lits_of({1, 2, 3, 4, 5}), b = lits_of({-1, -2, 3, 9});
  const ClauseRef first = arena.allocate(a, false, 0), second = arena.allocate(b, true, 2);
  arena.shrink(first, 4);
  const ClauseRef after_first = arena.move_down(first, 0);
  const ClauseRef after_second = arena.move_down(second, after_first);
  arena.truncate(after_second);
  EXPECT(arena.next(first) == after_first && arena.next(after_first) == arena.end());
  EXPECT(lits_of(arena[after_first]) == b && arena[after_first].learned);
}

TEST(watches_tell_binary_from_large) {
  const Lit lit = Lit::from_dimacs(-7);
  for (const bool learned : {false, true}) {
    const Watch watch = Watch::binary(lit, learned);
    EXPECT(watch.is_binary() && watch.learned_binary() == learned && watch.blocking() == lit);
  }
  Watch promoted = Watch::binary(lit, true);
  promoted.set_irredundant();
  EXPECT(promoted == Watch::binary(lit, false));
  // The largest reference that the arena gives.
  Watch watch = Watch::large(lit, no_clause - 1);
  EXPECT(!watch.is_binary() && watch.ref() == no_clause - 1);
  watch.set_blocking(~lit);
  EXPECT(watch.blocking() == ~lit && watch.ref() == no_clause - 1);
}

TEST(extension_is_read_backwards_with_the_witness_first) {
  Extension extension;
  extension.push(Lit::from_dimacs(3), lits_of({1, 2, 3}));
  extension.push(Lit::from_dimacs(-4), lits_of({-4, 5}));
  std::vector<std::vector<Lit>> seen;
  extension.backwards([&](Lit witness, std::span<const Lit> clause) {
    EXPECT(witness == clause[0]);
    seen.emplace_back(clause.begin(), clause.end());
  });
  EXPECT((seen == std::vector<std::vector<Lit>>{lits_of({-4, 5}), lits_of({3, 1, 2})}));
}

TEST(extension_keeps_what_is_not_taken) {
  Extension extension;
  for (int i = 1; i <= 6; ++i) extension.push(Lit::from_dimacs(i), lits_of({i, -7, 8}));
  std::vector<int> order;
  extension.remove_forwards([&](Lit witness, std::span<const Lit>) {
    order.push_back(witness.dimacs());
    return witness.dimacs() % 2 == 0;
  });
  EXPECT((order == std::vector<int>{1, 2, 3, 4, 5, 6}));
  std::vector<int> left;
  extension.backwards([&](Lit witness, std::span<const Lit>) { left.push_back(witness.dimacs()); });
  EXPECT((left == std::vector<int>{5, 3, 1}));
}

TEST(tables_give_each_letter_one_meaning) {
  std::multiset<char> letters;
  for (const EventRow &row : event_table) letters.insert(row.letter);
  for (const TechniqueRow &row : technique_table)
    if (row.letter != ' ') letters.insert(row.letter);
  EXPECT(std::ranges::all_of(letters, [&](char c) { return letters.count(c) == 1; }));
  EXPECT(std::ranges::is_sorted(technique_table, {}, &TechniqueRow::name));
  EXPECT(std::ranges::is_sorted(round_table, {}, &RoundRow::name));
}

TEST(schedule_is_due_after_its_interval_and_not_before) {
  Options options;
  Statistics stats;
  stats.conflicts = 100;
  Schedule schedule;
  schedule.start(options, stats);
  stats.conflicts = 99 + options.reduce_interval;
  EXPECT(!schedule.due(Round::reduce, stats));
  ++stats.conflicts;
  EXPECT(schedule.due(Round::reduce, stats));
  schedule.done(Round::reduce, options, stats);
  EXPECT(stats.reductions == 1 && !schedule.due(Round::reduce, stats));
  options.test_schedule = 1;
  schedule.done(Round::reduce, options, stats);
  stats.conflicts += 7;
  EXPECT(stats.reductions == 2 && schedule.due(Round::reduce, stats));
}
