// SPDX-License-Identifier: MIT
// What the fuzzer believes instead of the solver: a solver of forty lines, and two checks of
// proofs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "proof/elaborate.hpp"
#include "proof/lrat_check.hpp"
#include "proof/proof.hpp"

namespace nb::fuzz {

using Clause = std::vector<int>;

[[noreturn]] inline void fail(const std::string &what) {
  std::fprintf(stderr, "nb-fuzz: %s\n", what.c_str());
  std::exit(1);
}

// Units until nothing changes; false on conflict.
inline bool propagate_all(const std::vector<Clause> &clauses, std::map<int, bool> &values) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const Clause &clause : clauses) {
      int open = 0, last = 0;
      bool satisfied = false;
      for (const int lit : clause) {
        const auto found = values.find(std::abs(lit));
        if (found == values.end()) {
          if (lit != last) ++open;
          last = lit;
        } else if (found->second == (lit > 0)) {
          satisfied = true;
          break;
        }
      }
      if (satisfied || open > 1) continue;
      if (!open) return false;
      values[std::abs(last)] = last > 0;
      changed = true;
    }
  }
  return true;
}

inline bool satisfiable(const std::vector<Clause> &clauses, std::map<int, bool> values) {
  if (!propagate_all(clauses, values)) return false;
  for (const Clause &clause : clauses) {
    int branch = 0;
    bool satisfied = false;
    for (const int lit : clause) {
      const auto found = values.find(std::abs(lit));
      if (found == values.end())
        branch = lit;
      else if (found->second == (lit > 0))
        satisfied = true;
    }
    if (satisfied || !branch) continue;
    for (const bool value : {branch > 0, branch < 0}) {
      std::map<int, bool> next = values;
      next[std::abs(branch)] = value;
      if (satisfiable(clauses, next)) return true;
    }
    return false;
  }
  return true;
}

// Every added clause must follow by unit propagation or as RAT on its first literal, every erased
// one must be there.
class NaiveChecker : public ProofListener {
 public:
  void original(std::uint64_t, std::span<const std::int32_t> clause) override { insert(clause); }
  void add(std::uint64_t, std::span<const std::int32_t> clause,
           std::span<const std::int64_t>) override {
    if (!refuted && !implied(clause) && !implied_by_resolvents(clause))
      fail("proof: clause " + text(clause) + " does not follow");
    if (clause.empty()) refuted = true;
    insert(clause);
  }
  void erase(std::uint64_t, std::span<const std::int32_t> clause) override {
    const Clause key = sorted(clause);
    const auto found = std::find(clauses_.begin(), clauses_.end(), key);
    if (found == clauses_.end()) fail("proof: erased clause " + text(clause) + " is not there");
    *found = clauses_.back();
    clauses_.pop_back();
  }
  bool implied(std::span<const std::int32_t> clause) const {
    std::map<int, bool> values;
    for (const int lit : clause) {
      const auto [place, fresh] = values.emplace(std::abs(lit), lit < 0);
      if (!fresh && place->second != (lit < 0)) return true;
    }
    return !propagate_all(clauses_, values);
  }
  bool implied_by_resolvents(std::span<const std::int32_t> clause) const {
    if (clause.empty()) return false;
    return std::ranges::all_of(clauses_, [&](const Clause &other) {
      if (std::find(other.begin(), other.end(), -clause[0]) == other.end()) return true;
      Clause resolvent(clause.begin(), clause.end());
      for (const int lit : other)
        if (lit != -clause[0]) resolvent.push_back(lit);
      return implied(resolvent);
    });
  }
  bool refuted = false;

 private:
  static Clause sorted(std::span<const std::int32_t> clause) {
    Clause result(clause.begin(), clause.end());
    std::sort(result.begin(), result.end());
    return result;
  }
  static std::string text(std::span<const std::int32_t> clause) {
    std::string result;
    for (const int lit : clause) result += std::to_string(lit) + " ";
    return result + "0";
  }
  void insert(std::span<const std::int32_t> clause) { clauses_.push_back(sorted(clause)); }
  std::vector<Clause> clauses_;
};

// The proof once more, with hints, believed by no one.
class Hinted : public ProofListener {
 public:
  void original(std::uint64_t id, std::span<const std::int32_t> clause) override {
    checker_.original(id, clause);
  }
  void add(std::uint64_t id, std::span<const std::int32_t> clause,
           std::span<const std::int64_t> hints) override {
    if (checker_.add(id, clause, hints) == LratChecker::Step::failed)
      fail("proof with hints: " + checker_.reason());
  }
  void erase(std::uint64_t id, std::span<const std::int32_t>) override { checker_.erase(id); }

 private:
  LratChecker checker_;
};

// Both checks, and that each clause has an id of its own, above those before it.
class Checks : public ProofListener {
 public:
  void original(std::uint64_t id, std::span<const std::int32_t> clause) override {
    take(id);
    naive.original(id, clause);
    elaborator_.original(id, clause);
  }
  void add(std::uint64_t id, std::span<const std::int32_t> clause,
           std::span<const std::int64_t> hints) override {
    take(id);
    naive.add(id, clause, hints);
    elaborator_.add(id, clause, hints);
  }
  void erase(std::uint64_t id, std::span<const std::int32_t> clause) override {
    naive.erase(id, clause);
    elaborator_.erase(id, clause);
  }

  NaiveChecker naive;

 private:
  void take(std::uint64_t id) {
    if (id <= last_id_) fail("proof: id " + std::to_string(id) + " is not a new one");
    last_id_ = id;
  }

  std::uint64_t last_id_ = 0;
  Hinted hinted_;
  Elaborator elaborator_{hinted_};
};

}  // namespace nb::fuzz
