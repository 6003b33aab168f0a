// SPDX-License-Identifier: MIT
// Encode: turn inequalities of equal weights into clauses, the small ones before the search and
// the others when conflicts have asked for so many of their reasons.
//
// Idea     A row costs no memory, but its reasons mention its own literals alone, and no technique
//          sees it.  Clauses over new variables give what is learned something to speak of.  So a
//          row stays as it is until its clauses are few, or few beside the reasons it was asked
//          for. One of few literals has a clause for each set that is too large.  For any other, a
//          tree over the literals counts them: a variable says that below a node there are at least
//          so many, up to one more than are allowed.  If more than half are allowed, the tree
//          counts what is left out, up to what has to be.
// Needs    root level        Reads   constraints
// Leaves   root level        Writes  constraints, arena, watches, vars, names
// Models   Each model of the clauses is one of the row, and each of the row has one of the clauses,
//          so nothing has to be restored or extended.
// Why not  Rows with weights: their trees have a variable for each sum.
// Cost     linear in the clauses made and in all constraints that are left
// Source   Bailleux and Boufkhad, "Efficient CNF Encoding of Boolean Cardinality Constraints",
//          CP 2003 (the tree); Abio and Stuckey, "Conflict Directed Lazy Decomposition", CP 2012
#include <algorithm>

#include "solver/inprocess/inprocess.hpp"
#include "solver/search/constraints.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

constexpr std::int64_t never = std::int64_t{1} << 40;

// Sets of `chosen` of `size`, up to `never`.
std::int64_t combinations(std::int64_t size, std::int64_t chosen) {
  chosen = std::min(chosen, size - chosen);
  std::int64_t result = 1;
  for (std::int64_t i = 1; i <= chosen && result < never; ++i)
    result = result * (size - chosen + i) / i;
  return std::min(result, never);
}

// Clauses at the nodes of a tree over `size` literals that counts up to `most`; the root has only
// those for sums of `most`.
std::int64_t tree_clauses(std::int64_t size, std::int64_t most, bool root) {
  if (size == 1) return 0;
  const std::int64_t left = size / 2, right = size - left;
  const std::int64_t a = std::min(left, most), b = std::min(right, most);
  const std::int64_t sum = std::min(a + b, most);
  std::int64_t here = 0;
  if (root)
    here = a + b - most + 1;
  else
    for (std::int64_t i = 0; i <= a; ++i) here += std::min(b, sum - i) + 1;
  here += tree_clauses(left, most, false);
  return std::min(never, here + (left == right ? here : tree_clauses(right, most, false)));
}

class Encoder {
 public:
  explicit Encoder(Core &core) : core_(core) {}

  // At most `bound` of the literals, none of which has a value.
  void add(std::vector<Lit> lits, std::uint32_t bound) {
    const auto size = static_cast<std::uint32_t>(lits.size());
    if (bound >= size) return;
    if (!bound) {
      for (const Lit lit : lits) derive_unit(core_, ~lit);
      return;
    }
    if (direct(size, bound)) {
      chosen_.clear();
      add_sets(lits, 0, bound + 1);
      return;
    }
    least_ = 2 * bound > size;
    if (least_)
      for (Lit &lit : lits) lit = ~lit;
    most_ = least_ ? size - bound : bound + 1;
    add_root(lits);
  }

  static bool direct(std::int64_t size, std::int64_t bound) {
    return combinations(size, bound + 1) <= direct_clauses(size, bound);
  }
  static std::int64_t clauses(std::int64_t size, std::int64_t bound) {
    if (bound >= size || !bound) return 0;
    if (direct(size, bound)) return combinations(size, bound + 1);
    return tree_clauses(size, 2 * bound > size ? size - bound : bound + 1, true);
  }

 private:
  // Factoring makes products of pairs, so there may be more of them than a tree has clauses.
  static std::int64_t direct_clauses(std::int64_t size, std::int64_t bound) {
    return bound == 1 ? most_pairs : size + 5;
  }
  static constexpr std::int64_t most_pairs = 2000;

  void add_clause_of(std::span<const Lit> lits) {
    ++core_.stats.encode_clauses;
    add_derived(core_, lits, false, 0);
  }

  // A clause for each set of so many more literals from here on.
  void add_sets(const std::vector<Lit> &lits, std::size_t from, std::uint32_t more) {
    if (!more) {
      add_clause_of(chosen_);
      return;
    }
    for (std::size_t i = from; i + more <= lits.size(); ++i) {
      chosen_.push_back(~lits[i]);
      add_sets(lits, i + 1, more - 1);
      chosen_.pop_back();
    }
  }

  // Element i is true if more than i of the literals are; with `least_`, false if not.
  std::vector<Lit> count(std::span<const Lit> lits) {
    if (lits.size() == 1) return {lits[0]};
    const std::vector<Lit> a = count(lits.first(lits.size() / 2));
    const std::vector<Lit> b = count(lits.subspan(lits.size() / 2));
    std::vector<Lit> sum;
    for (std::size_t i = 0; i < std::min<std::size_t>(a.size() + b.size(), most_); ++i)
      sum.push_back(Lit(add_own_var(core_), false));
    if (least_)
      add_at_least(a, b, sum);
    else
      add_at_most(a, b, sum);
    return sum;
  }

  // i on the left and j on the right are i + j together.
  void add_at_most(const std::vector<Lit> &a, const std::vector<Lit> &b,
                   const std::vector<Lit> &sum) {
    for (std::size_t i = 0; i <= a.size(); ++i)
      for (std::size_t j = i ? 0 : 1; j <= b.size() && i + j <= sum.size(); ++j) {
        clause_.clear();
        if (i) clause_.push_back(~a[i - 1]);
        if (j) clause_.push_back(~b[j - 1]);
        clause_.push_back(sum[i + j - 1]);
        add_clause_of(clause_);
      }
  }

  // Fewer than i on the left and fewer than j on the right are fewer than i + j - 1 together.
  void add_at_least(const std::vector<Lit> &a, const std::vector<Lit> &b,
                    const std::vector<Lit> &sum) {
    for (std::size_t total = 1; total <= sum.size(); ++total)
      for (std::size_t i = 1; i <= total; ++i) {
        const std::size_t j = total + 1 - i;
        // A side that cannot have so many always has fewer.
        if (i > a.size() + 1 || j > b.size() + 1) continue;
        clause_.assign(1, ~sum[total - 1]);
        if (i <= a.size()) clause_.push_back(a[i - 1]);
        if (j <= b.size()) clause_.push_back(b[j - 1]);
        add_clause_of(clause_);
      }
  }

  void add_root(std::span<const Lit> lits) {
    const std::vector<Lit> a = count(lits.first(lits.size() / 2));
    const std::vector<Lit> b = count(lits.subspan(lits.size() / 2));
    // At most: no i on the left with most - i on the right.  At least: i on the left or
    // most + 1 - i on the right.
    const std::size_t total = least_ ? most_ + 1 : most_;
    for (std::size_t i = least_ ? 1 : 0; i <= total; ++i) {
      const std::size_t j = total - i;
      if (least_) {
        if (!j || i > a.size() + 1 || j > b.size() + 1) continue;
      } else if (i > a.size() || j > b.size()) {
        continue;
      }
      clause_.clear();
      if (i && i <= a.size()) clause_.push_back(least_ ? a[i - 1] : ~a[i - 1]);
      if (j && j <= b.size()) clause_.push_back(least_ ? b[j - 1] : ~b[j - 1]);
      add_clause_of(clause_);
    }
  }

  Core &core_;
  bool least_ = false;
  // Counts end here.
  std::size_t most_ = 0;
  std::vector<Lit> clause_, chosen_;
};

bool due(const Core &core, const Linear &row) {
  return row.clauses <= core.options.encode_clauses + core.options.encode_rate * row.explained;
}

// The row as it is at the root.
void add_clauses_of(Core &core, Encoder &encoder, const Linear &row) {
  std::vector<Lit> open;
  std::int64_t bound = row.bound;
  for (std::uint32_t i = 0; i < row.size; ++i) {
    const Lit lit = core.constraints.lits[row.begin + i];
    const Value value = core.value(lit);
    if (!value) open.push_back(lit);
    bound -= value > 0;
  }
  ++core.stats.encoded;
  if (bound < 0)
    derive_empty(core);
  else
    encoder.add(std::move(open), static_cast<std::uint32_t>(std::min(bound, row.bound)));
}

}  // namespace

std::int64_t clauses_of_row(std::int64_t size, std::int64_t bound) {
  return Encoder::clauses(size, bound);
}

bool encoding(const Core &core) {
  return core.constraints.due && core.options.encode;
}

void note_due(Core &core, const Linear &row) {
  if (due(core, row)) core.constraints.due = true;
}

void encode(Core &core) {
  core.constraints.due = false;
  backtrack(core, 0);
  if (!propagate_root(core)) return;
  Encoder encoder(core);
  std::vector<Linear> kept;
  for (std::size_t i = 0; i < core.constraints.linears.size(); ++i) {
    const Linear row = core.constraints.linears[i];
    if (core.inconsistent || !due(core, row))
      kept.push_back(row);
    else
      add_clauses_of(core, encoder, row);
  }
  keep_linears(core, kept);
}

}  // namespace nb
