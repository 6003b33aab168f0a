// SPDX-License-Identifier: MIT
#include "graph/rows.hpp"

#include "formula/literal.hpp"

namespace nb {

namespace {

// Literals of a large formula hit memory at random; ask for what comes this many later.
constexpr std::size_t far_ahead = 48, ahead = 24;

}  // namespace

Rows::Rows(const Formula &formula, const Poll &poll)
    : clause_offsets(formula.offsets().begin(), formula.offsets().end()),
      lit_offsets(2 * static_cast<std::size_t>(formula.num_vars()) + 1, 0) {
  copy_clauses(formula, poll);
  transpose(poll);
}

// The rows of clauses; counts the occurrences of each literal one place behind its offset.
void Rows::copy_clauses(const Formula &formula, const Poll &poll) {
  const auto literals = formula.literals();
  clause_lits.resize(literals.size());
  for (std::size_t clause = 0; clause != num_clauses(); ++clause) {
    poll(clause);
    const auto last = static_cast<std::size_t>(clause_offsets[clause + 1]);
    for (auto i = static_cast<std::size_t>(clause_offsets[clause]); i != last; ++i) {
      const std::size_t code = Lit::from_dimacs(literals[i]).code();
      clause_lits[i] = static_cast<std::int32_t>(code);
      ++lit_offsets[code + 1];
      if (i + ahead < literals.size())
        __builtin_prefetch(&lit_offsets[Lit::from_dimacs(literals[i + ahead]).code() + 1], 1);
    }
  }
}

// The rows of literals, filled from the start of each; the starts, moved on to the ends by that,
// are then moved back.
void Rows::transpose(const Poll &poll) {
  for (std::size_t code = 0; code + 1 != lit_offsets.size(); ++code)
    lit_offsets[code + 1] += lit_offsets[code];
  lit_clauses.resize(num_edges());
  for (std::size_t clause = 0; clause != num_clauses(); ++clause) {
    poll(clause);
    for (auto i = clause_offsets[clause]; i != clause_offsets[clause + 1]; ++i) {
      const auto edge = static_cast<std::size_t>(i);
      if (edge + far_ahead < num_edges()) {
        const auto next = static_cast<std::size_t>(clause_lits[edge + far_ahead]);
        const auto near = static_cast<std::size_t>(clause_lits[edge + ahead]);
        __builtin_prefetch(&lit_offsets[next], 1);
        __builtin_prefetch(&lit_clauses[static_cast<std::size_t>(lit_offsets[near])], 1);
      }
      auto &place = lit_offsets[static_cast<std::size_t>(clause_lits[edge])];
      lit_clauses[static_cast<std::size_t>(place++)] = static_cast<std::int32_t>(clause);
    }
  }
  for (auto code = lit_offsets.size() - 1; code > 0; --code)
    lit_offsets[code] = lit_offsets[code - 1];
  lit_offsets[0] = 0;
}

}  // namespace nb
