// SPDX-License-Identifier: MIT
#include "solver/inprocess/xors.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace nb {

namespace {

constexpr std::size_t most_arity = 6;

// The variables of a clause, ascending; unused places hold a number that no variable has.
using Key = std::array<std::uint32_t, most_arity>;
constexpr std::uint32_t unused = ~0u;

// Clauses over the same variables, and the assignments that they forbid: bit a stands for the
// assignment that gives variable i the bit i of a.
struct Group {
  Key key;
  std::uint32_t size;
  std::uint32_t clauses;
  std::uint64_t forbidden;
};

std::uint64_t hash(const Key &key) {
  std::uint64_t result = 0;
  for (const std::uint32_t index : key) {
    result = (result ^ index) * 0x9e3779b97f4a7c15u;
    result ^= result >> 32;
  }
  return result;
}

// Assignments of `size` variables with an odd number of ones.
std::uint64_t odd_assignments(std::size_t size) {
  std::uint64_t result = 0;
  for (std::uint32_t a = 0; a < (1u << size); ++a)
    if (std::popcount(a) & 1) result |= std::uint64_t{1} << a;
  return result;
}

class XorFinder {
 public:
  XorFinder(const Core &core, std::size_t most_vars, Effort &effort)
      : core_(core), most_vars_(std::min(most_vars, most_arity)), effort_(effort) {}

  FoundXors run() {
    FoundXors found;
    if (!count()) return found;
    collect();
    merge();
    std::int64_t covered = 0;
    for (const Group &group : groups_) {
      if (effort_.spent()) break;
      effort_.ticks += 1 + (std::int64_t{1} << group.size) / 8;
      if (group.clauses < (1u << (group.size - 2))) continue;
      const std::uint64_t forbidden = group.forbidden | forbidden_by_shorter(group);
      const std::uint64_t odd = odd_assignments(group.size);
      const std::uint64_t even = odd_assignments(group.size) ^ all_assignments(group.size);
      if ((forbidden & odd) == odd) add(found, group, false);
      if ((forbidden & even) == even) add(found, group, true);
      if ((forbidden & odd) == odd || (forbidden & even) == even) covered += group.clauses;
    }
    found.complete = !effort_.spent() && covered == core_.stats.clauses_irredundant;
    return found;
  }

 private:
  static std::uint64_t all_assignments(std::size_t size) {
    return size == most_arity ? ~std::uint64_t{0} : (std::uint64_t{1} << (1u << size)) - 1;
  }

  static void add(FoundXors &found, const Group &group, bool parity) {
    Xor result;
    for (std::uint32_t i = 0; i < group.size; ++i) result.vars.emplace_back(group.key[i]);
    result.parity = parity;
    found.xors.push_back(std::move(result));
  }

  // Key, size and forbidden assignments of a clause without its false literals; false if it is
  // satisfied or of another size.
  bool describe(const Clause &clause, Group &group) const {
    if (clause.garbage || clause.learned || clause.size < 3) return false;
    std::array<Lit, most_arity> lits;
    std::uint32_t size = 0;
    for (const Lit lit : clause) {
      const Value value = core_.root_value(lit);
      if (value > 0) return false;
      if (value < 0) continue;
      if (size == most_vars_) return false;
      std::uint32_t place = size++;
      for (; place && lit < lits[place - 1]; --place) lits[place] = lits[place - 1];
      lits[place] = lit;
    }
    if (size < 3) return false;
    group.key.fill(unused);
    group.size = size;
    group.clauses = 1;
    std::uint32_t assignment = 0;
    for (std::uint32_t i = 0; i < size; ++i) {
      group.key[i] = lits[i].var().index();
      if (lits[i].negative()) assignment |= 1u << i;
    }
    group.forbidden = std::uint64_t{1} << assignment;
    return true;
  }

  template <class Visit>
  void for_clauses(Visit visit) {
    const Arena &arena = core_.arena;
    Group group;
    for (ClauseRef ref = arena.first(); ref != arena.end() && !effort_.spent();
         ref = arena.next(ref)) {
      ++effort_.ticks;
      if (describe(arena[ref], group)) visit(group);
    }
  }

  // How many clauses share their variables, by hash: most clauses of most formulas do not.
  bool count() {
    std::size_t size = 1024;
    while (size < 2 * static_cast<std::size_t>(core_.stats.clauses_irredundant)) size *= 2;
    effort_.ticks += static_cast<std::int64_t>(size / 64);
    if (effort_.spent()) return false;
    counts_.assign(size, 0);
    bool any = false;
    for_clauses([&](const Group &group) {
      std::uint8_t &count = counts_[hash(group.key) & (counts_.size() - 1)];
      if (count < 255) ++count;
      any = any || count >= 2;
    });
    return any && !effort_.spent();
  }

  void collect() {
    for_clauses([&](const Group &group) {
      const std::uint32_t needed = 1u << (group.size - 2);
      // A clause may also serve a larger XOR that it is a part of, if it has company.
      if (counts_[hash(group.key) & (counts_.size() - 1)] >= std::min(needed, 2u))
        groups_.push_back(group);
    });
  }

  void merge() {
    effort_.ticks += static_cast<std::int64_t>(groups_.size());
    std::ranges::sort(groups_, {}, &Group::key);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      if (kept && groups_[kept - 1].key == groups_[i].key) {
        // The same clause twice forbids nothing more, but belongs to the XOR.
        groups_[kept - 1].forbidden |= groups_[i].forbidden;
        ++groups_[kept - 1].clauses;
      } else {
        groups_[kept++] = groups_[i];
      }
    }
    groups_.resize(kept);
  }

  // The assignments of the group's variables that agree with `part`, an assignment of those in
  // `subset`.
  static std::uint64_t extensions(std::uint32_t size, std::uint32_t subset, std::uint32_t part) {
    std::uint64_t result = 0;
    for (std::uint32_t a = 0; a < (1u << size); ++a)
      if ((a & subset) == part) result |= std::uint64_t{1} << a;
    return result;
  }

  // Spread the low bits of `part` over the places of `subset`.
  static std::uint32_t spread(std::uint32_t part, std::uint32_t subset) {
    std::uint32_t result = 0;
    for (; subset; subset &= subset - 1, part >>= 1)
      if (part & 1) result |= subset & (0u - subset);
    return result;
  }

  std::uint64_t forbidden_by_shorter(const Group &group) {
    std::uint64_t result = 0;
    for (std::uint32_t subset = 1; subset < (1u << group.size) - 1; ++subset) {
      const auto size = static_cast<std::uint32_t>(std::popcount(subset));
      if (size < 3) continue;
      Key key;
      key.fill(unused);
      std::uint32_t n = 0;
      for (std::uint32_t i = 0; i < group.size; ++i)
        if (subset >> i & 1) key[n++] = group.key[i];
      const auto found = std::ranges::lower_bound(groups_, key, {}, &Group::key);
      if (found == groups_.end() || found->key != key) continue;
      for (std::uint32_t a = 0; a < (1u << size); ++a)
        if (found->forbidden >> a & 1) result |= extensions(group.size, subset, spread(a, subset));
    }
    for (std::uint32_t i = 0; i < group.size; ++i)
      for (const bool negative : {false, true}) {
        const WatchList &list = core_.watches[Lit(Var(group.key[i]), negative)];
        effort_.ticks += 1 + static_cast<std::int64_t>(list.size() / 8);
        if (effort_.spent()) return result;
        for (const Watch watch : list) {
          if (!watch.is_binary() || watch.learned_binary()) continue;
          const auto end = group.key.begin() + group.size;
          const auto other =
              std::find(group.key.begin() + i + 1, end, watch.blocking().var().index());
          if (other == end) continue;
          const auto j = static_cast<std::uint32_t>(other - group.key.begin());
          const std::uint32_t part =
              (negative ? 1u << i : 0) | (watch.blocking().negative() ? 1u << j : 0);
          result |= extensions(group.size, 1u << i | 1u << j, part);
        }
      }
    return result;
  }

  const Core &core_;
  const std::size_t most_vars_;
  Effort &effort_;
  std::vector<std::uint8_t> counts_;
  std::vector<Group> groups_;
};

}  // namespace

FoundXors find_xors(const Core &core, std::size_t most_vars, Effort &effort) {
  return XorFinder(core, most_vars, effort).run();
}

}  // namespace nb
