// SPDX-License-Identifier: MIT
// Linear inequalities: the weights of the true literals add up to at most a bound.
//
// Idea     A counter for each row.  When a literal becomes true its weight is added; literals
//          heavier than what is left become false.  Literals are sorted by weight, so the scan
//          ends at the first that still fits, and a row of equal weights is scanned only when it
//          is full.  The reason of a literal is enough true ones to leave no room for it.
// Needs    see search/constraints.cpp  Writes  constraints, trail
// Source   Roussel and Manquinho, "Pseudo-Boolean and Cardinality Constraints", Handbook of
//          Satisfiability, 2009 (counters)
#include <algorithm>
#include <limits>
#include <numeric>

#include "solver/inprocess/inprocess.hpp"
#include "solver/search/constraints.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

std::int64_t weight_at(const Constraints &constraints, const Linear &row, std::uint32_t position) {
  return row.weights == Linear::unit ? 1 : constraints.weights[row.weights + position];
}

// Each variable once, with a positive weight, the heaviest first.
void normalize(std::vector<Term> &terms, std::int64_t &bound) {
  for (Term &term : terms)
    if (term.weight < 0) {
      term.lit = ~term.lit;
      term.weight = -term.weight;
      bound += term.weight;
    }
  std::ranges::sort(terms, [](const Term &a, const Term &b) { return a.lit < b.lit; });
  std::vector<Term> merged;
  for (const Term &term : terms) {
    if (merged.empty() || merged.back().lit.var() != term.lit.var()) {
      merged.push_back(term);
    } else if (merged.back().lit == term.lit) {
      merged.back().weight += term.weight;
    } else {
      // One of two opposite literals is always true.
      const std::int64_t both = std::min(merged.back().weight, term.weight);
      bound -= both;
      if (merged.back().weight == both)
        merged.back() = {term.lit, term.weight - both};
      else
        merged.back().weight -= both;
    }
  }
  std::erase_if(merged, [](const Term &term) { return !term.weight; });
  std::ranges::stable_sort(merged, std::greater(), &Term::weight);
  terms = std::move(merged);
}

void append_row(Core &core, const std::vector<Term> &terms, std::int64_t bound) {
  begin_constraint(core);
  Constraints &constraints = core.constraints;
  const auto index = static_cast<std::uint32_t>(constraints.linears.size());
  Linear row{};
  row.begin = static_cast<std::uint32_t>(constraints.lits.size());
  row.size = static_cast<std::uint32_t>(terms.size());
  row.bound = bound;
  row.weights = Linear::unit;
  row.clauses = std::numeric_limits<std::int64_t>::max();
  if (terms.front().weight == 1) row.clauses = clauses_of_row(row.size, bound);
  if (terms.front().weight > 1) {
    row.weights = static_cast<std::uint32_t>(constraints.weights.size());
    for (const Term &term : terms) constraints.weights.push_back(term.weight);
  }
  // With the literals of the trail that are not counted yet.
  std::int64_t sum = 0;
  for (std::uint32_t i = 0; i < row.size; ++i) {
    const Lit lit = terms[i].lit;
    constraints.lits.push_back(lit);
    constraints.linears_of[lit].push_back({index, i});
    freeze(core, lit.var(), frozen_by_constraint);
    if (core.value(lit) <= 0) continue;
    sum += terms[i].weight;
    if (core.trail.assigned[lit.var()].trail < constraints.counted) row.sum += terms[i].weight;
  }
  constraints.linears.push_back(row);
  note_due(core, row);
  if (sum > bound) {
    derive_empty(core);
    return;
  }
  for (const Term &term : terms)
    if (term.weight > bound - sum && !core.value(term.lit)) derive_unit(core, ~term.lit);
}

}  // namespace

void add_linear(Core &core, std::vector<Term> terms, std::int64_t bound) {
  NB_ASSERT(!core.trail.level && !core.proof);
  if (core.inconsistent) return;
  normalize(terms, bound);
  if (bound < 0) {
    derive_empty(core);
    return;
  }
  std::int64_t sum = 0, divisor = 0;
  for (const Term &term : terms) {
    sum += term.weight;
    divisor = std::gcd(divisor, term.weight);
  }
  if (sum <= bound) return;
  bound /= divisor;
  for (Term &term : terms) term.weight /= divisor;
  if (terms.front().weight == 1 && bound + 1 == std::ssize(terms)) {
    // Not all of them: a clause.
    std::vector<std::int32_t> clause;
    for (const Term &term : terms) clause.push_back(core.names.outer(~term.lit));
    add_original(core, clause);
    return;
  }
  append_row(core, terms, bound);
}

std::uint32_t count_linears(Core &core, Lit lit) {
  Constraints &constraints = core.constraints;
  std::uint32_t violated = no_row;
  for (const Occurrence occurrence : constraints.linears_of[lit]) {
    Linear &row = constraints.linears[occurrence.row];
    row.sum += weight_at(constraints, row, occurrence.position);
    if (row.sum > row.bound) violated = occurrence.row;
    if (violated != no_row) continue;
    const std::int64_t room = row.bound - row.sum;
    const Lit *const lits = constraints.lits.data() + row.begin;
    if (weight_at(constraints, row, 0) <= room) continue;
    core.stats.ticks += 1 + (row.size >> 4);
    const LazySource source{occurrence.row, static_cast<std::uint32_t>(LazySource::Kind::linear)};
    for (std::uint32_t i = 0; i < row.size; ++i) {
      if (row.weights != Linear::unit && weight_at(constraints, row, i) <= room) break;
      if (core.value(lits[i])) continue;
      ++core.stats.constraint_propagations;
      imply_lazily(core, ~lits[i], source);
    }
  }
  return violated;
}

void uncount_linears(Core &core, Lit lit) {
  Constraints &constraints = core.constraints;
  for (const Occurrence occurrence : constraints.linears_of[lit]) {
    Linear &row = constraints.linears[occurrence.row];
    row.sum -= weight_at(constraints, row, occurrence.position);
  }
}

namespace {

// Negations of true literals of the row before this position of the trail, until their weights
// exceed `limit`.
void gather(Core &core, const Linear &row, std::uint32_t before, std::int64_t limit,
            std::vector<Lit> &clause) {
  const Constraints &constraints = core.constraints;
  std::int64_t sum = 0;
  for (std::uint32_t i = 0; i < row.size && sum <= limit; ++i) {
    const Lit lit = constraints.lits[row.begin + i];
    if (core.value(lit) <= 0 || core.trail.assigned[lit.var()].trail >= before) continue;
    sum += weight_at(constraints, row, i);
    clause.push_back(~lit);
  }
  NB_ASSERT(sum > limit);
}

}  // namespace

Conflict violated_linear(Core &core, std::uint32_t index) {
  Constraints &constraints = core.constraints;
  Linear &row = constraints.linears[index];
  ++row.explained;
  note_due(core, row);
  constraints.scratch.clear();
  gather(core, row, constraints.counted, row.bound, constraints.scratch);
  return false_clause(core, constraints.scratch);
}

void explain_linear(Core &core, std::uint32_t index, std::vector<Lit> &clause) {
  const Constraints &constraints = core.constraints;
  Linear &row = core.constraints.linears[index];
  ++row.explained;
  note_due(core, row);
  const Lit implied = clause[0];
  std::int64_t weight = 1;
  if (row.weights != Linear::unit)
    for (const Occurrence occurrence : constraints.linears_of[~implied])
      if (occurrence.row == index) weight = weight_at(constraints, row, occurrence.position);
  gather(core, row, core.trail.assigned[implied.var()].trail, row.bound - weight, clause);
}

void keep_linears(Core &core, std::span<const Linear> kept) {
  Constraints &constraints = core.constraints;
  NB_ASSERT(!core.trail.level);
  for (const Lit lit : constraints.lits)
    core.vars[lit.var()].frozen &= static_cast<std::uint8_t>(~frozen_by_constraint);
  std::vector<Lit> lits;
  std::vector<std::int64_t> weights;
  std::vector<Linear> linears;
  for (RawVector<Occurrence> &list : constraints.linears_of) {
    list.clear();
    list.shrink_to_fit();
  }
  for (Linear row : kept) {
    const auto begin = static_cast<std::uint32_t>(lits.size());
    const auto index = static_cast<std::uint32_t>(linears.size());
    const auto first = static_cast<std::uint32_t>(weights.size());
    for (std::uint32_t i = 0; i < row.size; ++i) {
      lits.push_back(constraints.lits[row.begin + i]);
      if (row.weights != Linear::unit) weights.push_back(constraints.weights[row.weights + i]);
      constraints.linears_of[lits.back()].push_back({index, i});
    }
    row.begin = begin;
    if (row.weights != Linear::unit) row.weights = first;
    linears.push_back(row);
  }
  for (ParityConstraint &row : constraints.parities) {
    const auto begin = static_cast<std::uint32_t>(lits.size());
    for (std::uint32_t i = 0; i < row.size; ++i) lits.push_back(constraints.lits[row.begin + i]);
    row.begin = begin;
  }
  lits.shrink_to_fit();
  constraints.lits = std::move(lits);
  constraints.weights = std::move(weights);
  constraints.linears = std::move(linears);
  constraints.any =
      !constraints.linears.empty() || !constraints.parities.empty() || core.external.propagator;
  for (const Lit lit : constraints.lits) core.vars[lit.var()].frozen |= frozen_by_constraint;
}

bool satisfies_linears(const Core &core, std::span<const signed char> model) {
  const Constraints &constraints = core.constraints;
  for (const Linear &row : constraints.linears) {
    std::int64_t sum = 0;
    for (std::uint32_t i = 0; i < row.size; ++i) {
      const Lit lit = constraints.lits[row.begin + i];
      const bool positive = model[lit.var().index()] > 0;
      if (positive != lit.negative()) sum += weight_at(constraints, row, i);
    }
    if (sum > row.bound) return false;
  }
  return true;
}

}  // namespace nb
