// SPDX-License-Identifier: MIT
// Parity: sum XORs until they say something short.
//
// Idea     Take the variable that occurs in the fewest XORs, keep the shortest of these for it (its
//          row), and add that one to the others, which loses the variable from them: Gaussian
//          elimination in sparse order.  An empty sum of parity one refutes the formula.  What is
//          left unsolved is free; each solved variable is then a sum of free variables, and a hash
//          of these sums (XOR of one random word a free variable) shows which variables are
//          constant or equal without writing the sums out.  Only what the hash shows is summed
//          exactly, and only that gets a proof.
//          If the formula is nothing but XORs, a solution of them becomes the saved phases.
// Needs    root level        Reads   arena, watches
// Leaves   root level        Writes  trail, watches (binary), phases.saved
// Cost     a share of the ticks of the search
// Source   Soos, Nohl and Castelluccia, SAT 2009; Markowitz, Management Science 1957 (order);
//          proofs in parity_proof.hpp
#include <algorithm>
#include <queue>
#include <unordered_map>

#include "solver/inprocess/inprocess.hpp"
#include "solver/inprocess/parity_proof.hpp"
#include "solver/inprocess/xors.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

// Stands for the constant one in sums of hashes.
constexpr std::uint64_t one = 0x9e3779b97f4a7c15u;

// A random word for a free variable.
std::uint64_t word(Var var) {
  std::uint64_t mixed = (var.index() + 1) * 0xbf58476d1ce4e5b9u;
  mixed ^= mixed >> 27;
  mixed *= 0x94d049bb133111ebu;
  return mixed ^ (mixed >> 31);
}

class Parity {
 public:
  Parity(Core &core, Effort &effort) : core_(core), effort_(effort) {}

  // The number of facts derived.
  std::int64_t run() {
    FoundXors found =
        find_xors(core_, static_cast<std::size_t>(core_.options.parity_size), effort_);
    core_.stats.parity_xors += static_cast<std::int64_t>(found.xors.size());
    if (found.xors.empty()) return 0;
    live_.resize(core_.num_vars());
    occurrences_.resize(core_.num_vars(), 0);
    solved_at_.resize(core_.num_vars(), unsolved);
    known_.resize(core_.num_vars(), -1);
    for (Xor &each : found.xors) add_row({std::move(each.vars), each.parity, -1, -1});
    eliminate();
    if (contradiction_ < 0) compare();
    state_facts();
    if (found.complete && finished_ && facts_.empty() && !core_.inconsistent) follow_solution();
    return static_cast<std::int64_t>(facts_.size());
  }

 private:
  static constexpr std::uint32_t unsolved = ~0u;
  using Index = std::int32_t;
  // Fewest occurrences first; out of date if the variable has another number of them.
  using Candidate = std::pair<std::uint32_t, std::uint32_t>;

  ParityRow &row(Index index) { return rows_[static_cast<std::size_t>(index)]; }

  void add_row(ParityRow row) {
    const auto index = static_cast<Index>(rows_.size());
    for (const Var var : row.vars) {
      live_[var].push_back(index);
      ++occurrences_[var];
      queue_.emplace(occurrences_[var], var.index());
    }
    rows_.push_back(std::move(row));
    alive_.push_back(1);
  }

  void retire(Index index) {
    alive_[static_cast<std::size_t>(index)] = 0;
    for (const Var var : row(index).vars) {
      --occurrences_[var];
      if (solved_at_[var] == unsolved) queue_.emplace(occurrences_[var], var.index());
    }
  }

  ParityRow sum(Index left, Index right) {
    const ParityRow &a = row(left), &b = row(right);
    effort_.ticks += 1 + static_cast<std::int64_t>((a.vars.size() + b.vars.size()) / 2);
    ParityRow result;
    std::ranges::set_symmetric_difference(a.vars, b.vars, std::back_inserter(result.vars));
    result.parity = a.parity != b.parity;
    result.left = left;
    result.right = right;
    return result;
  }

  void eliminate() {
    const auto widest = static_cast<std::size_t>(core_.options.parity_width);
    while (!queue_.empty() && contradiction_ < 0) {
      if (effort_.spent()) return;
      const auto [count, index] = queue_.top();
      queue_.pop();
      const Var var(index);
      if (solved_at_[var] != unsolved || count != occurrences_[var] || !count) continue;
      std::vector<Index> &list = live_[var];
      std::erase_if(list, [&](Index i) { return !alive_[static_cast<std::size_t>(i)]; });
      effort_.ticks += 1 + static_cast<std::int64_t>(list.size() / 8);
      const Index pivot =
          *std::ranges::min_element(list, {}, [&](Index i) { return row(i).vars.size(); });
      solved_at_[var] = static_cast<std::uint32_t>(solved_.size());
      solved_.push_back({var, pivot});
      retire(pivot);
      const std::vector<Index> others = std::move(list);
      list.clear();
      for (const Index other : others) {
        if (other == pivot) continue;
        ParityRow added = sum(pivot, other);
        ++core_.stats.parity_sums;
        retire(other);
        if (added.vars.size() > widest) return;
        if (!added.vars.empty()) {
          add_row(std::move(added));
        } else if (added.parity) {
          contradiction_ = static_cast<Index>(rows_.size());
          rows_.push_back(std::move(added));
          alive_.push_back(0);
          return;
        }
      }
    }
    finished_ = true;
  }

  // Which solved variables are constant, or equal to each other or to a free one?
  void compare() {
    std::unordered_map<Var, std::uint64_t, HashVar> hashes;
    std::unordered_map<std::uint64_t, Var> first;
    const auto hash_of = [&](Var var) {
      const auto found = hashes.find(var);
      if (found != hashes.end()) return found->second;
      const std::uint64_t hash = word(var);
      hashes.emplace(var, hash);
      first.try_emplace(std::min(hash, hash ^ one), var);
      return hash;
    };
    for (std::size_t i = solved_.size(); i-- > 0 && !effort_.spent();) {
      const auto [var, index] = solved_[i];
      const ParityRow &solved = row(index);
      effort_.ticks += 1 + static_cast<std::int64_t>(solved.vars.size() / 4);
      std::uint64_t hash = solved.parity ? one : 0;
      for (const Var other : solved.vars)
        if (other != var) hash ^= hash_of(other);
      hashes.emplace(var, hash);
      if (!hash || hash == one) {
        prove({var}, var);
      } else if (const auto [same, fresh] = first.try_emplace(std::min(hash, hash ^ one), var);
                 !fresh) {
        prove({same->second, var}, var);
      }
    }
  }

  // Sum rows until only these variables are left, whose sum is then a fact about `of`.  Facts
  // about variables solved later keep the sums short.
  void prove(std::vector<Var> vars, Var of) {
    std::ranges::sort(vars);
    std::vector<Var> open = vars;
    std::vector<Var> scratch;
    Index total = -1;
    for (;;) {
      std::uint32_t next = unsolved;
      for (const Var var : open) next = std::min(next, solved_at_[var]);
      if (next == unsolved) break;
      const Var first = solved_[next].first;
      const Index added = known_[first] >= 0 ? known_[first] : solved_[next].second;
      scratch.clear();
      std::ranges::set_symmetric_difference(open, row(added).vars, std::back_inserter(scratch));
      open.swap(scratch);
      effort_.ticks += 1 + static_cast<std::int64_t>(open.size() / 8);
      if (effort_.spent()) return;
      if (total < 0) {
        total = added;
        continue;
      }
      ParityRow both = sum(total, added);
      total = static_cast<Index>(rows_.size());
      rows_.push_back(std::move(both));
      alive_.push_back(0);
    }
    // The hash may have lied.
    if (total < 0 || !open.empty()) return;
    NB_ASSERT(row(total).vars == vars);
    facts_.push_back(total);
    known_[of] = total;
  }

  void state_facts() {
    if (contradiction_ >= 0) facts_.assign(1, contradiction_);
    if (facts_.empty()) return;
    ParityProof proof(core_, rows_);
    for (const Index fact : facts_) {
      if (core_.inconsistent) break;
      if (core_.proof) proof.derive(fact);
      const ParityRow &stated = row(fact);
      if (stated.vars.empty()) {
        derive_empty(core_);
      } else if (stated.vars.size() == 1) {
        ++core_.stats.parity_units;
        const Lit lit(stated.vars[0], !stated.parity);
        if (!core_.value(lit))
          derive_unit(core_, lit);
        else if (core_.value(lit) < 0)
          derive_empty(core_);
      } else {
        ++core_.stats.parity_equivalences;
        state_equivalence(stated);
      }
    }
    if (!core_.inconsistent) proof.close();
  }

  // As learned clauses: they follow from the others.
  void state_equivalence(const ParityRow &stated) {
    const Lit a(stated.vars[0], false), b(stated.vars[1], stated.parity);
    if (core_.value(a) || core_.value(b)) return;
    const Lit forth[] = {a, ~b}, back[] = {~a, b};
    add_derived(core_, forth, true, 1);
    add_derived(core_, back, true, 1);
  }

  // Free variables keep their phases, solved ones get what their rows demand.
  void follow_solution() {
    Phases &phases = core_.phases;
    IndexVector<Var, Value> value;
    value.resize(core_.num_vars(), 0);
    const auto value_of = [&](Var var) {
      if (!value[var]) value[var] = decide_phase(core_, var);
      return value[var];
    };
    for (std::size_t i = solved_.size(); i-- > 0;) {
      const auto [var, index] = solved_[i];
      bool sum = row(index).parity;
      for (const Var other : row(index).vars)
        if (other != var) sum ^= value_of(other) > 0;
      value[var] = sum ? 1 : -1;
    }
    for (std::uint32_t i = 0; i < core_.num_vars(); ++i)
      if (value[Var(i)]) phases.saved[Var(i)] = value[Var(i)];
  }

  struct HashVar {
    std::size_t operator()(Var var) const { return var.index() * 0x9e3779b97f4a7c15u; }
  };

  Core &core_;
  Effort &effort_;
  std::vector<ParityRow> rows_;
  std::vector<std::uint8_t> alive_;
  // Rows with a variable, some of them dead, and how many live ones there are.
  IndexVector<Var, std::vector<Index>> live_;
  IndexVector<Var, std::uint32_t> occurrences_;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue_;
  // Variables in the order in which they were solved, with their rows; each row has only free
  // variables and ones solved later.
  std::vector<std::pair<Var, Index>> solved_;
  IndexVector<Var, std::uint32_t> solved_at_;
  // Facts, and the one about each variable (-1: none).
  std::vector<Index> facts_;
  IndexVector<Var, Index> known_;
  Index contradiction_ = -1;
  bool finished_ = false;
};

}  // namespace

void parity(Core &core, Effort &effort) {
  // Variables of the proof alone must not meet those that the user may still add.
  if (core.proof && core.options.incremental) return;
  const std::int64_t facts = Parity(core, effort).run();
  effort.found = facts;
  if (facts && !core.inconsistent) propagate_root(core);
}

}  // namespace nb
