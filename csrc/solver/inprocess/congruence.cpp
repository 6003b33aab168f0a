// SPDX-License-Identifier: MIT
// Congruence: gates of one kind with equivalent inputs have equivalent outputs.
//
// Idea     Gates (AND, XOR, if-then-else) are read off the clauses and kept in a table by kind and
//          inputs, where each input is the representative of its class.  Two gates at one place
//          of the table merge the classes of their outputs; then the gates with such an input
//          move, and may meet others.  Equivalences become binary clauses, which substitution
//          then uses.
// Needs    root level        Reads   arena, watches
// Leaves   root level        Writes  watches (binary), trail (units)
// Proof    For AND the two implications follow by unit propagation through the clauses of the
//          gates and the equivalences found so far.  For the others a case split comes first: the
//          implication with some inputs fixed, in all ways, then with fewer and fewer.
// Cost     linear in the clauses, and a share of the ticks of the search
// Source   Biere, Fazekas, Fleury and Froleyks, "Clausal Congruence Closure", SAT 2024
#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <tuple>
#include <unordered_map>

#include "solver/effort.hpp"
#include "solver/inprocess/dense.hpp"
#include "solver/inprocess/inprocess.hpp"
#include "solver/search/search.hpp"
#include "solver/state/database.hpp"

namespace nb {

namespace {

enum class Kind : std::uint8_t { conjunction, parity, choice };

// The output is the conjunction or the parity of the inputs, or the second or third input
// depending on the first.
struct Gate {
  Kind kind;
  bool alive;
  Lit output;
  std::uint32_t begin, end;
};

class Congruence {
 public:
  Congruence(Core &core, Effort &effort)
      : core_(core), effort_(effort), dense_(core, effort, true) {
    const std::size_t lits = 2 * std::size_t{core.num_vars()};
    marks_.resize(lits, 0);
    uses_.resize(core.num_vars());
    parent_.resize(lits);
    for (std::uint32_t code = 0; code < lits; ++code)
      parent_[Lit::from_code(code)] = Lit::from_code(code);
  }

  void run() {
    find_conjunctions();
    find_parities_and_choices();
    core_.stats.congruence_gates += static_cast<std::int64_t>(gates_.size());
    for (std::uint32_t i = 0; i < gates_.size() && !core_.inconsistent; ++i) {
      if (i % 1024 == 0 && effort_.spent()) return;
      insert(i);
      reinsert_moved();
    }
  }

 private:
  std::span<const Lit> inputs(const Gate &gate) const {
    return std::span(pool_).subspan(gate.begin, gate.end - gate.begin);
  }

  void add_gate(Kind kind, Lit output, std::span<const Lit> inputs) {
    const auto begin = static_cast<std::uint32_t>(pool_.size());
    pool_.insert(pool_.end(), inputs.begin(), inputs.end());
    gates_.push_back({kind, true, output, begin, static_cast<std::uint32_t>(pool_.size())});
  }

  // x = AND(inputs): (x -inputs...) and (-x input) for each input.
  void find_conjunctions() {
    for (std::uint32_t code = 0; code < 2 * core_.num_vars(); ++code) {
      const Lit lit = Lit::from_code(code);
      if (core_.value(lit) || !core_.active(lit.var())) continue;
      if (effort_.over()) return;
      std::size_t implied = 0;
      effort_.ticks += 1 + (core_.watches[~lit].size() >> 3);
      for (const Watch watch : core_.watches[~lit])
        if (watch.is_binary()) {
          marks_[watch.blocking()] = 1;
          ++implied;
        }
      if (implied > 1) conjunctions_of(lit);
      for (const Watch watch : core_.watches[~lit])
        if (watch.is_binary()) marks_[watch.blocking()] = 0;
    }
  }

  void conjunctions_of(Lit lit) {
    constexpr std::uint32_t hub = 1000;
    if (core_.watches[lit].size() > hub) return;
    effort_.ticks += 1 + (core_.watches[lit].size() >> 3);
    for (const Watch watch : core_.watches[lit]) {
      if (watch.is_binary()) continue;
      const Clause &clause = core_.arena[watch.ref()];
      ++effort_.ticks;
      if (clause.garbage) continue;
      inputs_.clear();
      for (const Lit other : clause) {
        if (other == lit) continue;
        if (!marks_[~other]) break;
        inputs_.push_back(~other);
      }
      if (inputs_.size() + 1 == clause.size) add_gate(Kind::conjunction, lit, inputs_);
    }
  }

  static constexpr std::size_t longest = 5;
  struct Signs {
    std::array<std::uint32_t, longest> vars;
    std::uint8_t size, negative;
    friend auto operator<=>(const Signs &, const Signs &) = default;
  };

  // Clauses over the same variables stand together when sorted.
  void find_parities_and_choices() {
    std::vector<Signs> all;
    for (ClauseRef ref = core_.arena.first(); ref != core_.arena.end();
         ref = core_.arena.next(ref)) {
      const Clause &clause = core_.arena[ref];
      if (clause.garbage || clause.learned || clause.size > longest) continue;
      std::vector<Lit> &lits = inputs_;
      lits.assign(clause.begin(), clause.end());
      std::sort(lits.begin(), lits.end());
      Signs signs{};
      signs.size = static_cast<std::uint8_t>(clause.size);
      for (std::uint32_t i = 0; i < clause.size; ++i) {
        signs.vars[i] = lits[i].var().index();
        if (lits[i].negative()) signs.negative |= static_cast<std::uint8_t>(1u << i);
      }
      all.push_back(signs);
    }
    effort_.ticks += static_cast<std::int64_t>(all.size() / 2);
    std::sort(all.begin(), all.end());
    for (std::size_t begin = 0, end; begin < all.size(); begin = end) {
      std::uint32_t present = 0;
      for (end = begin;
           end < all.size() && all[end].vars == all[begin].vars && all[end].size == all[begin].size;
           ++end)
        present |= 1u << all[end].negative;
      parity_of(all[begin], present);
      if (all[begin].size == 3) equalities_of(all[begin], present);
    }
    find_choices();
  }

  // All clauses with an even number of negative literals, or all with an odd one.
  void parity_of(const Signs &signs, std::uint32_t present) {
    const std::uint32_t patterns = 1u << signs.size;
    for (const unsigned odd : {0u, 1u}) {
      bool all = true;
      for (std::uint32_t pattern = 0; pattern < patterns && all; ++pattern)
        all = (std::popcount(pattern) & 1u) != odd || (present >> pattern & 1);
      if (!all) continue;
      // The clause that is false if all variables are false has no negative literal: it forbids
      // their sum to be even.
      for (std::uint32_t out = 0; out < signs.size; ++out) {
        inputs_.clear();
        for (std::uint32_t i = 0; i < signs.size; ++i)
          if (i != out) inputs_.push_back(Lit(Var(signs.vars[i]), false));
        const bool sum_is_odd = (odd == 0);
        // With an odd sum the output is the negated parity of the inputs.
        add_gate(Kind::parity, Lit(Var(signs.vars[out]), sum_is_odd), inputs_);
      }
    }
  }

  // If `condition` is true, both literals are equal.
  struct Equality {
    Lit condition, a, b;
  };

  // (-c -a b) and (-c a -b).
  void equalities_of(const Signs &signs, std::uint32_t present) {
    for (std::uint32_t c = 0; c < 3; ++c) {
      const std::uint32_t i = (c + 1) % 3, j = (c + 2) % 3;
      for (std::uint32_t pattern = 0; pattern < 8; ++pattern) {
        // Each pair once: with the first of the two literals positive.
        const std::uint32_t other = pattern ^ (1u << i) ^ (1u << j);
        if (pattern >> i & 1 || !(present >> pattern & 1) || !(present >> other & 1)) continue;
        const Lit first(Var(signs.vars[i]), false);
        const Lit second(Var(signs.vars[j]), !(pattern >> j & 1));
        equalities_.push_back({Lit(Var(signs.vars[c]), !(pattern >> c & 1)), first, second});
      }
    }
  }

  void find_choices() {
    // Both directions, so that it is enough to compare the first literals.
    for (std::size_t i = 0, size = equalities_.size(); i < size; ++i) {
      const Equality e = equalities_[i];
      const bool flip = e.b.negative();
      equalities_.push_back({e.condition, flip ? ~e.b : e.b, flip ? ~e.a : e.a});
    }
    std::sort(equalities_.begin(), equalities_.end(), [](const Equality &x, const Equality &y) {
      return std::tuple(x.condition.var(), x.a, x.condition, x.b) <
             std::tuple(y.condition.var(), y.a, y.condition, y.b);
    });
    constexpr std::size_t most = 16;
    for (std::size_t begin = 0, end; begin < equalities_.size(); begin = end) {
      const Equality &first = equalities_[begin];
      for (end = begin; end < equalities_.size() && equalities_[end].a == first.a &&
                        equalities_[end].condition.var() == first.condition.var();)
        ++end;
      if (end - begin > most) continue;
      for (std::size_t i = begin; i < end; ++i)
        for (std::size_t j = i + 1; j < end; ++j) {
          const Equality &then = equalities_[i], &otherwise = equalities_[j];
          if (then.condition != ~otherwise.condition) continue;
          if (then.b.var() == otherwise.b.var()) continue;
          const Lit lits[] = {then.condition, then.b, otherwise.b};
          add_gate(Kind::choice, then.a, lits);
        }
    }
  }

  Lit find(Lit lit) {
    Lit root = lit;
    while (parent_[root] != root) root = parent_[root];
    while (parent_[lit] != root) {
      const Lit next = parent_[lit];
      parent_[lit] = root;
      lit = next;
    }
    return root;
  }

  // Writes the place of the gate into `key_`; the literal that equals the output there goes to
  // `output`, in the names of the clauses.  False if the gate is none any more.
  bool place(const Gate &gate, Lit &output) {
    key_.clear();
    output = gate.output;
    for (const Lit lit : inputs(gate)) {
      const Lit root = find(lit);
      if (core_.value(root) || core_.value(lit)) return false;
      key_.push_back(root);
    }
    if (core_.value(output)) return false;
    switch (gate.kind) {
      case Kind::conjunction:
        std::sort(key_.begin(), key_.end());
        key_.erase(std::unique(key_.begin(), key_.end()), key_.end());
        return true;
      case Kind::parity:
        for (Lit &lit : key_)
          if (lit.negative()) {
            lit = ~lit;
            output = ~output;
          }
        std::sort(key_.begin(), key_.end());
        return std::adjacent_find(key_.begin(), key_.end()) == key_.end();
      case Kind::choice:
        if (key_[0].negative()) {
          key_[0] = ~key_[0];
          std::swap(key_[1], key_[2]);
        }
        if (key_[1].negative()) {
          for (Lit *lit : {&key_[1], &key_[2], &output}) *lit = ~*lit;
        }
        return key_[0].var() != key_[1].var() && key_[0].var() != key_[2].var() &&
               key_[1].var() != key_[2].var();
    }
    return false;
  }

  static bool clash(std::span<const Lit> sorted) {
    for (std::size_t i = 1; i < sorted.size(); ++i)
      if (sorted[i] == ~sorted[i - 1]) return true;
    return false;
  }

  void insert(std::uint32_t index) {
    Gate &gate = gates_[index];
    Lit output;
    effort_.ticks += 2;
    if (!place(gate, output)) {
      gate.alive = false;
      return;
    }
    if (gate.kind == Kind::conjunction && clash(key_)) {
      gate.alive = false;
      ++effort_.found;
      derive_unit(core_, ~output);
      return;
    }
    if (key_.size() == 1) {
      gate.alive = false;
      // The literal itself, not what represents it: both are joined by clauses.
      merge(output, inputs(gate)[0]);
      return;
    }
    std::vector<std::uint32_t> name(1, static_cast<std::uint32_t>(gate.kind));
    for (const Lit lit : key_) name.push_back(lit.code());
    const auto [entry, fresh] = table_.try_emplace(std::move(name), index);
    if (fresh) {
      for (const Lit lit : key_) uses_[lit.var()].push_back(index);
      return;
    }
    if (entry->second == index) return;
    gate.alive = false;
    const Gate &other = gates_[entry->second];
    Lit others;
    place(other, others);
    if (find(output) == find(others)) return;
    // An output among the inputs would make lemmas of the case split tautologies.
    if (gate.kind != Kind::conjunction)
      for (const Lit lit : inputs(gate))
        if (lit.var() == output.var() || lit.var() == others.var()) return;
    split(gate, output, others);
    split(gate, others, output);
    merge(output, others);
    for (auto lemma = split_.rbegin(); lemma != split_.rend(); ++lemma) core_.proof.erase(*lemma);
    split_.clear();
  }

  // The proof's case split for `from` implies `to`.
  void split(const Gate &gate, Lit from, Lit to) {
    if (!core_.proof || gate.kind == Kind::conjunction) return;
    const std::size_t cases =
        gate.kind == Kind::choice ? 1 : static_cast<std::size_t>(gate.end - gate.begin - 1);
    for (std::size_t fixed = cases; fixed; --fixed)
      for (std::uint32_t pattern = 0; pattern < 1u << fixed; ++pattern) {
        std::vector<Lit> lemma{~from, to};
        for (std::size_t i = 0; i < fixed; ++i) {
          const Lit lit = inputs(gate)[i];
          lemma.push_back(pattern >> i & 1 ? ~lit : lit);
        }
        core_.proof.add(lemma);
        split_.push_back(std::move(lemma));
      }
  }

  // Both literals are known to be equivalent by unit propagation.
  void merge(Lit a, Lit b) {
    const Lit first = find(a), second = find(b);
    if (first == second || core_.value(a) || core_.value(b)) return;
    ++effort_.found;
    const Lit forth[] = {~a, b}, back[] = {a, ~b};
    ++core_.stats.congruence_equivalences;
    if (first == ~second) {
      derive_unit(core_, a);
      derive_unit(core_, ~a);
      return;
    }
    add_derived(core_, forth, true, 1);
    add_derived(core_, back, true, 1);
    // The class with fewer gates moves.
    const bool swap = uses_[first.var()].size() > uses_[second.var()].size();
    const Lit from = swap ? second : first, to = swap ? first : second;
    parent_[from] = to;
    parent_[~from] = ~to;
    waiting_.push_back(from.var());
  }

  // Gates whose inputs got another representative find their new place.
  void reinsert_moved() {
    while (!waiting_.empty() && !core_.inconsistent) {
      const Var var = waiting_.back();
      waiting_.pop_back();
      const std::vector<std::uint32_t> moved = std::move(uses_[var]);
      uses_[var].clear();
      for (const std::uint32_t index : moved) {
        if (core_.inconsistent) return;
        if (gates_[index].alive) insert(index);
      }
    }
  }

  struct Hash {
    std::size_t operator()(const std::vector<std::uint32_t> &name) const {
      std::uint64_t sum = name.size();
      for (const std::uint32_t word : name) sum = (sum ^ word) * 0x9e3779b97f4a7c15u + (sum >> 29);
      return sum;
    }
  };

  Core &core_;
  Effort &effort_;
  Dense dense_;
  IndexVector<Lit, std::uint8_t> marks_;
  std::vector<Gate> gates_;
  std::vector<Lit> pool_, inputs_, key_;
  std::vector<Equality> equalities_;
  // A literal equivalent to this one, nearer to the representative of its class; itself there.
  IndexVector<Lit, Lit> parent_;
  // Gates by variable of an input, as represented when they were put into the table.
  IndexVector<Var, std::vector<std::uint32_t>> uses_;
  std::unordered_map<std::vector<std::uint32_t>, std::uint32_t, Hash> table_;
  // Variables that are no representatives any more.
  std::vector<Var> waiting_;
  std::vector<std::vector<Lit>> split_;
};

}  // namespace

void congruence(Core &core, Effort &effort) {
  Congruence(core, effort).run();
}

}  // namespace nb
