// SPDX-License-Identifier: MIT
#include "graph/graph.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "graph/belief.hpp"

namespace nb {

namespace {

// Jeroslow-Wang weight of a clause; beyond 60 literals it is as good as nothing.
double weight_of(std::size_t size) {
  return std::ldexp(1.0, -static_cast<int>(std::min<std::size_t>(size, 60)));
}

// Literals of a large formula hit memory at random; ask for what comes this many later.
constexpr std::size_t far_ahead = 48, ahead = 24;

}  // namespace

// What the clauses of one literal add up to; half a cache line, so one miss a literal.
struct Graph::Occurrences {
  double weight = 0;
  double company = 0;
  std::uint32_t count = 0;
  std::uint32_t binary = 0;
  std::uint32_t shortest = 0;
};

// Asked at every clause of a pass.
class Graph::Poll {
 public:
  explicit Poll(const std::function<bool()> &should_stop) : should_stop_(should_stop) {}
  void operator()(std::size_t clause) const {
    if (clause % 16384 == 0 && should_stop_ && should_stop_()) throw Interrupted();
  }

 private:
  const std::function<bool()> &should_stop_;
};

Graph::Graph(const Formula &formula, const std::function<bool()> &should_stop)
    : root_values_(formula.num_vars(), 0) {
  NB_REQUIRE(formula.num_clauses() < (std::size_t{1} << 31), "%zu clauses, expected less than 2^31",
             formula.num_clauses());
  const Poll poll(should_stop);
  const auto occurrences = count(formula, poll);
  transpose(occurrences, poll);
  propagate_units(poll);
  find_components(poll);
  measure(occurrences, poll);
}

namespace {

void require_rows(std::span<const std::int64_t> offsets, std::span<const std::int32_t> entries,
                  std::size_t columns, const char *what) {
  NB_REQUIRE(!offsets.empty() && offsets.front() == 0 &&
                 offsets.back() == static_cast<std::int64_t>(entries.size()) &&
                 std::is_sorted(offsets.begin(), offsets.end()),
             "%s: offsets that do not fit their rows", what);
  for (const auto entry : entries)
    NB_REQUIRE(entry >= 0 && static_cast<std::size_t>(entry) < columns,
               "%s: index %d, expected less than %zu", what, entry, columns);
}

void require_size(std::size_t size, std::size_t expected, const char *what) {
  NB_REQUIRE(size == expected, "%s: %zu elements, expected %zu", what, size, expected);
}

}  // namespace

Graph::Graph(GraphArrays arrays)
    : root_conflict_(arrays.root_conflict),
      clause_offsets_(std::move(arrays.clause_offsets)),
      lit_offsets_(std::move(arrays.lit_offsets)),
      clause_lits_(std::move(arrays.clause_lits)),
      lit_clauses_(std::move(arrays.lit_clauses)),
      clause_component_(std::move(arrays.clause_component)),
      var_component_(std::move(arrays.var_component)),
      var_features_(std::move(arrays.var_features)),
      clause_features_(std::move(arrays.clause_features)),
      root_values_(std::move(arrays.root_values)) {
  require_size(lit_offsets_.size(), 2 * num_vars() + 1, "lit_offsets");
  require_rows(clause_offsets_, clause_lits_, 2 * num_vars(), "clause_lits");
  require_rows(lit_offsets_, lit_clauses_, num_clauses(), "lit_clauses");
  require_size(lit_clauses_.size(), num_edges(), "lit_clauses");
  require_size(clause_component_.size(), num_clauses(), "clause_component");
  require_size(var_component_.size(), num_vars(), "var_component");
  require_size(var_features_.size(), num_vars() * var_feature_names.size(), "var_features");
  require_size(clause_features_.size(), num_clauses() * clause_feature_names.size(),
               "clause_features");
  std::int32_t last = -1;
  for (const auto component : clause_component_) {
    NB_REQUIRE(component >= 0 && component <= last + 1, "clause_component: %d after %d", component,
               last);
    last = std::max(last, component);
  }
  for (const auto component : var_component_)
    NB_REQUIRE(component >= -1 && component <= last, "var_component: %d of %d", component, last);
  num_components_ = static_cast<std::size_t>(last + 1);
}

// One pass over the clauses: their rows, their features, and the sums for their literals.
std::vector<Graph::Occurrences> Graph::count(const Formula &formula, const Poll &poll) {
  constexpr auto width = clause_feature_names.size();
  const auto literals = formula.literals();
  clause_offsets_.assign(formula.offsets().begin(), formula.offsets().end());
  clause_lits_.resize(literals.size());
  clause_features_.resize(num_clauses() * width);
  std::vector<Occurrences> occurrences(2 * num_vars());
  for (std::size_t clause = 0; clause != num_clauses(); ++clause) {
    poll(clause);
    const auto first = static_cast<std::size_t>(clause_offsets_[clause]);
    const auto last = static_cast<std::size_t>(clause_offsets_[clause + 1]);
    const auto size = last - first;
    std::size_t positive = 0;
    for (auto i = first; i != last; ++i) {
      clause_lits_[i] = static_cast<std::int32_t>(Lit::from_dimacs(literals[i]).code());
      positive += literals[i] > 0;
      if (i + ahead < literals.size())
        __builtin_prefetch(&occurrences[Lit::from_dimacs(literals[i + ahead]).code()], 1);
    }
    float *row = clause_features_.data() + clause * width;
    row[0] = std::log1p(static_cast<float>(size));
    row[1] = size ? static_cast<float>(positive) / static_cast<float>(size) : 0.5f;
    row[2] = size <= 2;
    row[3] = size == 3;
    row[4] = 0;
    const auto weight = weight_of(size);
    for (auto i = first; i != last; ++i) {
      auto &sums = occurrences[static_cast<std::size_t>(clause_lits_[i])];
      sums.weight += weight;
      sums.company += static_cast<double>(row[1]);
      ++sums.count;
      sums.binary += size <= 2;
      if (!sums.shortest || size < sums.shortest) sums.shortest = static_cast<std::uint32_t>(size);
    }
  }
  return occurrences;
}

// The rows of literals, filled from the start of each; the starts, moved on to the ends by that,
// are then moved back.
void Graph::transpose(const std::vector<Occurrences> &occurrences, const Poll &poll) {
  lit_offsets_.assign(2 * num_vars() + 1, 0);
  for (std::size_t code = 0; code != occurrences.size(); ++code)
    lit_offsets_[code + 1] = lit_offsets_[code] + occurrences[code].count;
  lit_clauses_.resize(num_edges());
  for (std::size_t clause = 0; clause != num_clauses(); ++clause) {
    poll(clause);
    for (auto i = clause_offsets_[clause]; i != clause_offsets_[clause + 1]; ++i) {
      const auto edge = static_cast<std::size_t>(i);
      if (edge + far_ahead < num_edges()) {
        const auto next = static_cast<std::size_t>(clause_lits_[edge + far_ahead]);
        const auto near = static_cast<std::size_t>(clause_lits_[edge + ahead]);
        __builtin_prefetch(&lit_offsets_[next], 1);
        __builtin_prefetch(&lit_clauses_[static_cast<std::size_t>(lit_offsets_[near])], 1);
      }
      auto &place = lit_offsets_[static_cast<std::size_t>(clause_lits_[edge])];
      lit_clauses_[static_cast<std::size_t>(place++)] = static_cast<std::int32_t>(clause);
    }
  }
  for (auto code = 2 * num_vars(); code > 0; --code) lit_offsets_[code] = lit_offsets_[code - 1];
  lit_offsets_[0] = 0;
}

// Counts the literals of each clause that are not false yet.  Most formulas have no unit and pay
// only the first loop.
void Graph::propagate_units(const Poll &poll) {
  std::vector<std::int32_t> trail;
  const auto assign = [&](std::int32_t code) {
    Value &value = root_values_[static_cast<std::size_t>(code) >> 1];
    const Value wanted = code & 1 ? -1 : 1;
    if (value == -wanted) root_conflict_ = true;
    if (value) return;
    value = wanted;
    trail.push_back(code);
  };
  for (std::size_t clause = 0; clause != num_clauses(); ++clause) {
    poll(clause);
    const auto first = clause_offsets_[clause];
    const auto size = clause_offsets_[clause + 1] - first;
    if (size == 1) assign(clause_lits_[static_cast<std::size_t>(first)]);
    if (size == 0) root_conflict_ = true;
  }
  if (trail.empty()) return;
  std::vector<std::int32_t> open(num_clauses());
  for (std::size_t clause = 0; clause != num_clauses(); ++clause)
    open[clause] = static_cast<std::int32_t>(clause_offsets_[clause + 1] - clause_offsets_[clause]);
  for (std::size_t next = 0; next != trail.size() && !root_conflict_; ++next) {
    const auto falsified = static_cast<std::size_t>(trail[next] ^ 1);
    for (auto i = lit_offsets_[falsified]; i != lit_offsets_[falsified + 1]; ++i) {
      const auto clause = static_cast<std::size_t>(lit_clauses_[static_cast<std::size_t>(i)]);
      const auto left = --open[clause];
      if (left > 1) continue;
      bool satisfied = false;
      std::int32_t unit = -1;
      for (auto k = clause_offsets_[clause]; k != clause_offsets_[clause + 1]; ++k) {
        const auto code = clause_lits_[static_cast<std::size_t>(k)];
        const Value value = root_values_[static_cast<std::size_t>(code) >> 1];
        if (value == 0)
          unit = code;
        else if (value == (code & 1 ? -1 : 1))
          satisfied = true;
      }
      if (satisfied) continue;
      if (unit >= 0)
        assign(unit);
      else
        root_conflict_ = true;
    }
  }
}

// Union-find over variables with path halving; a clause joins all its variables.
void Graph::find_components(const Poll &poll) {
  std::vector<std::int32_t> parent(num_vars());
  std::iota(parent.begin(), parent.end(), 0);
  const auto find = [&](std::int32_t var) {
    auto at = static_cast<std::size_t>(var);
    while (parent[at] != static_cast<std::int32_t>(at)) {
      parent[at] = parent[static_cast<std::size_t>(parent[at])];
      at = static_cast<std::size_t>(parent[at]);
    }
    return static_cast<std::int32_t>(at);
  };
  for (std::size_t clause = 0; clause != num_clauses(); ++clause) {
    poll(clause);
    const auto first = clause_offsets_[clause], last = clause_offsets_[clause + 1];
    if (last - first < 2) continue;
    auto root = find(clause_lits_[static_cast<std::size_t>(first)] >> 1);
    for (auto i = first + 1; i != last; ++i) {
      const auto other = find(clause_lits_[static_cast<std::size_t>(i)] >> 1);
      if (other == root) continue;
      // The smaller index wins, so the result does not depend on the order of unions.
      parent[static_cast<std::size_t>(std::max(root, other))] = std::min(root, other);
      root = std::min(root, other);
    }
  }
  clause_component_.resize(num_clauses());
  var_component_.assign(num_vars(), -1);
  std::vector<std::int32_t> number(num_vars(), -1);
  std::int32_t next = 0;
  for (std::size_t clause = 0; clause != num_clauses(); ++clause) {
    poll(clause);
    const auto first = clause_offsets_[clause], last = clause_offsets_[clause + 1];
    if (first == last) {
      // An empty clause is joined to nothing: a component of its own.
      clause_component_[clause] = next++;
      continue;
    }
    auto &component =
        number[static_cast<std::size_t>(find(clause_lits_[static_cast<std::size_t>(first)] >> 1))];
    if (component < 0) component = next++;
    clause_component_[clause] = component;
    for (auto i = first; i != last; ++i)
      var_component_[static_cast<std::size_t>(clause_lits_[static_cast<std::size_t>(i)]) >> 1] =
          component;
  }
  num_components_ = static_cast<std::size_t>(next);
}

void Graph::measure(const std::vector<Occurrences> &occurrences, const Poll &poll) {
  constexpr auto width = clause_feature_names.size();
  for (std::size_t code = 0; code != 2 * num_vars(); ++code)
    if (root_values_[code >> 1] == (code & 1 ? -1 : 1))
      for (auto i = lit_offsets_[code]; i != lit_offsets_[code + 1]; ++i)
        clause_features_[static_cast<std::size_t>(lit_clauses_[static_cast<std::size_t>(i)]) *
                             width +
                         4] = 1;

  const auto beliefs = believe(clause_offsets_, clause_lits_, root_values_, poll);
  constexpr auto var_width = var_feature_names.size();
  var_features_.resize(num_vars() * var_width);
  for (std::size_t var = 0; var != num_vars(); ++var) {
    const Occurrences &positive = occurrences[2 * var], &negative = occurrences[2 * var + 1];
    const auto balance = [](double plus, double minus) {
      return plus + minus > 0 ? static_cast<float>((plus - minus) / (plus + minus)) : 0.0f;
    };
    const auto share = [](double part, std::uint32_t of) {
      return of ? static_cast<float>(part / of) : 0.0f;
    };
    const auto inverse = [](std::uint32_t size) {
      return size ? 1.0f / static_cast<float>(size) : 0.0f;
    };
    float *row = var_features_.data() + var * var_width;
    row[0] = static_cast<float>(std::log1p(positive.count));
    row[1] = static_cast<float>(std::log1p(negative.count));
    row[2] = balance(positive.count, negative.count);
    row[3] = balance(positive.weight, negative.weight);
    row[4] = static_cast<float>(std::log1p(positive.weight + negative.weight));
    row[5] = share(positive.binary, positive.count);
    row[6] = share(negative.binary, negative.count);
    row[7] = share(positive.company, positive.count);
    row[8] = share(negative.company, negative.count);
    row[9] = inverse(positive.shortest);
    row[10] = inverse(negative.shortest);
    row[11] = root_values_[var];
    std::copy_n(beliefs.data() + var * belief_rounds.size(), belief_rounds.size(), row + 12);
  }
}

}  // namespace nb
