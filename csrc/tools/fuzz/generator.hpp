// SPDX-License-Identifier: MIT
// Random traces: options, clauses with the structure that techniques look for, and calls.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "solver/options.hpp"
#include "tools/fuzz/cover.hpp"
#include "tools/fuzz/trace.hpp"

namespace nb::fuzz {

enum class Setting { random, defaults, cover };

class Generator {
 public:
  // formulas: one formula and one call of solve, without anything before it.
  Generator(std::uint64_t seed, Setting setting, bool formulas)
      : seed_(seed), setting_(setting), formulas_(formulas), random_(seed) {}

  Lines trace() {
    const bool incremental = options();
    vars_ = pick(2, 28);
    const int rounds = formulas_ || !incremental || one_in(2) ? 1 : pick(1, 6);
    if (setting_ != Setting::cover && rounds == 1 && one_in(2))
      add("option incremental 0");
    else if (!formulas_ && one_in(2))
      add("noproof");
    if (one_in(4)) add("reserve " + std::to_string(vars_ + pick(0, 3)));
    const bool constraints = setting_ != Setting::cover && !formulas_ && seed_ % 4 == 3;
    for (int round = 0; round < rounds; ++round) {
      clauses(round ? pick(0, 1 + vars_ / 2) : -1);
      if (constraints) add_constraints();
      if (one_in(4)) add("phases" + lits(pick(1, vars_)));
      if (one_in(3)) add("advise " + std::to_string(pick(0, 3)) + lits(pick(1, vars_)));
      if (one_in(8)) add("propagate" + lits(pick(0, 3)));
      if (one_in(6)) add("budget " + std::to_string(pick(0, 50)));
      if (one_in(6)) add("option seed " + std::to_string(pick(0, 100)));
      add("solve" + (one_in(2) ? lits(pick(0, 4)) : std::string()));
    }
    return lines_;
  }

 private:
  bool one_in(int n) { return !random_.below(static_cast<std::uint32_t>(n)); }
  int pick(int low, int high) {
    return low + static_cast<int>(random_.below(static_cast<std::uint32_t>(high - low + 1)));
  }
  void add(const std::string &line) { lines_.push_back(line); }
  int lit() { return pick(1, vars_) * (random_.flip() ? 1 : -1); }
  std::string lits(int count) {
    std::string result;
    for (int i = 0; i < count; ++i) result += " " + std::to_string(lit());
    return result;
  }
  void clause(std::initializer_list<int> clause) {
    std::string line = "clause";
    for (const int l : clause) line += " " + std::to_string(l);
    add(line);
  }

  // False if no clause may be added after the first call of solve.
  bool options() {
    if (setting_ == Setting::cover) return cover_options();
    if (setting_ == Setting::random) random_options();
    return true;
  }

  bool cover_options() {
    const std::vector<int> &row = Cover::rows()[seed_ % Cover::rows().size()];
    bool incremental = true;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string name(option_table[i].name);
      add("option " + name + " " + std::to_string(row[i]));
      if (name == "incremental") incremental = row[i];
    }
    return incremental;
  }

  void random_options() {
    const bool early = one_in(3);
    if (!early && !one_in(8)) add("option test_schedule 1");
    const int share = pick(1, 8);
    for (const OptionRow &row : option_table) {
      // Without `incremental` the proof says nothing about later clauses: see trace().
      if (row.name == "test_schedule" || row.name == "incremental" || !one_in(share + 1)) continue;
      int value = 0;
      if (row.high - row.low <= 8)
        value = pick(row.low, row.high);
      else if (one_in(4))
        value = row.low;
      else if (one_in(4))
        value = row.high;
      else
        // Near the low end more often than far away.
        value = row.low + pick(0, std::max(1, (row.high - row.low) >> pick(1, 24)));
      add("option " + std::string(row.name) + " " + std::to_string(std::min(value, row.high)));
    }
    if (early) early_rounds();
  }

  // Small formulas have few conflicts: the first one brings elimination, on clauses that nothing
  // has simplified before.
  void early_rounds() {
    for (const char *set : {"eliminate 1", "eliminate_interval 1", "effort_least 100000",
                            "inprocess 1", "lucky 0", "test_schedule 0"})
      add("option " + std::string(set));
    add(one_in(3) ? "option probe_interval 1" : "option preprocess 0");
    if (one_in(2)) add("option subsume 1");
  }

  void clauses(int count) {
    if (count < 0) {
      const double ratios[] = {2.0, 3.5, 4.3, 4.3, 5.0};
      count = static_cast<int>(vars_ * ratios[random_.below(5)]);
      if (one_in(8)) {
        // Products or twins alone, and nothing that solves them before they are looked for.
        const bool free = setting_ == Setting::random;
        for (const char *name : {"lucky", "probe", "sweep"})
          if (free) add("option " + std::string(name) + " 0");
        if (one_in(2)) {
          if (free) add("option congruence 1");
          twins();
        } else
          do {
            product();
            at_most_one();
          } while (one_in(2));
        count = pick(0, 2 * vars_);
      } else if (one_in(8)) {
        // Parities, with and without company.
        for (int i = 0, n = pick(2, vars_ + 2); i < n; ++i) parity();
        count = one_in(2) ? 0 : pick(0, vars_);
      } else if (one_in(3)) {
        structure();
        // Few other clauses leave the structure to the passes that look for it.
        if (one_in(2)) count = pick(0, vars_);
      }
    }
    const int longest = one_in(3) ? 6 : 3;
    for (int i = 0; i < count; ++i) {
      int size = one_in(3) ? pick(2, longest) : 3;
      if (one_in(60)) size = 1;
      if (one_in(300)) size = pick(0, 12);
      add("clause" + lits(size));
    }
  }

  // Rows, parities and clauses of a propagator.
  void add_constraints() {
    const bool lazy = one_in(3);
    for (int i = 0, n = pick(0, 6); i < n; ++i) {
      const int size = pick(1, 9);
      if (one_in(5)) {
        std::string line = "linear " + std::to_string(pick(-2, 3 * size));
        for (int k = 0; k < size; ++k) line += " " + std::to_string(pick(-3, 9)) + lits(1);
        add(line);
      } else if (one_in(5)) {
        std::string line = "xor " + std::to_string(pick(0, 1));
        for (int k = 0; k < size; ++k) line += " " + std::to_string(pick(1, vars_));
        add(line);
      } else if (lazy) {
        for (int k = 0; k < 4; ++k) add("lazy" + lits(pick(1, 5)));
      } else {
        add("atmost " + std::to_string(one_in(3) ? pick(-1, 1) : pick(1, size)) + lits(size));
      }
    }
  }

  // Each of some literals or each of some rests.
  void product() {
    std::set<int> first, second;
    for (int i = 0, n = pick(2, 6); i < n; ++i) first.insert(lit());
    for (int i = 0, n = pick(2, 6); i < n; ++i) second.insert(lit());
    const std::string more = one_in(3) ? lits(pick(1, 2)) : std::string();
    for (const int a : first)
      for (const int b : second)
        add("clause " + std::to_string(a) + " " + std::to_string(b) + more);
  }

  // Some variables sum to zero or to one; now and then a clause is left out or shortened.
  void parity() {
    std::set<int> chosen;
    for (int i = 0, n = pick(2, 6); i < n; ++i) chosen.insert(pick(1, vars_));
    const std::vector<int> sum(chosen.begin(), chosen.end());
    const bool odd = random_.flip();
    for (std::uint32_t a = 0; a < (1u << sum.size()); ++a) {
      bool parity = false;
      std::string line = "clause";
      const bool shorter = sum.size() > 3 && one_in(30);
      for (std::size_t i = 0; i < sum.size(); ++i) {
        parity ^= a >> i & 1;
        if (i || !shorter) line += " " + std::to_string(a >> i & 1 ? -sum[i] : sum[i]);
      }
      if (parity != odd && !one_in(60)) add(line);
    }
  }

  // At most one of some literals.
  void at_most_one() {
    std::set<int> group;
    for (int i = 0, n = pick(3, 9); i < n; ++i) group.insert(lit());
    for (const int a : group)
      for (const int b : group)
        if (a < b) clause({-a, -b});
  }

  // x = a AND b, x = a XOR b, or x = c ? a : b.
  void gate(int kind, int x, int a, int b, int c) {
    if (kind == 0) {
      clause({-x, a});
      clause({-x, b});
      clause({x, -a, -b});
    } else if (kind == 1) {
      clause({-x, a, b});
      clause({-x, -a, -b});
      clause({x, -a, b});
      clause({x, a, -b});
    } else {
      clause({-x, -c, a});
      clause({-x, c, b});
      clause({x, -c, -a});
      clause({x, c, -b});
    }
  }

  // Two circuits of the same gates over the same inputs, each with outputs of its own.
  void twins() {
    const int inputs = pick(3, 5), gates = pick(2, 8), base = vars_;
    vars_ += inputs + 2 * gates;
    const auto signal = [&](int number, int copy) {
      return number < inputs ? base + number + 1
                             : base + inputs + copy * gates + (number - inputs) + 1;
    };
    for (int i = 0; i < gates; ++i) {
      const int kind = pick(0, 2), size = inputs + i;
      int from[3], signs[4];
      for (int &number : from) number = pick(0, size - 1);
      for (int &sign : signs) sign = random_.flip() ? 1 : -1;
      for (const int copy : {0, 1}) {
        const auto input = [&](int which) { return signs[which] * signal(from[which], copy); };
        const bool turned = copy == 1 && kind < 2;
        // Now and then the branches are those of the opposite condition.
        const int opposite = copy == 1 && kind == 2 && one_in(4) ? -1 : 1;
        gate(kind, signs[3] * signal(size, copy), input(turned ? 1 : 0), input(turned ? 0 : 1),
             opposite * input(2));
      }
    }
    if (one_in(2)) {
      // Are they equal?
      const int a = signal(inputs + gates - 1, 0), b = signal(inputs + gates - 1, 1);
      clause({a, b});
      clause({-a, -b});
    }
  }

  // Gates, chains of equivalences and implications, products and small pigeon holes.
  void structure() {
    while (one_in(3)) product();
    while (one_in(3)) at_most_one();
    const int kind = pick(0, 3);
    for (int i = 0, n = pick(1, vars_); i < n; ++i) {
      const int x = lit(), a = lit(), b = lit(), c = lit();
      if (kind == 0 || (kind == 3 && one_in(2))) {
        gate(0, x, a, b, c);
      } else if (kind < 3) {
        gate(kind, x, a, b, c);
      } else {
        clause({-x, a});
        if (one_in(2)) clause({x, -a});
      }
    }
    if (!one_in(6)) return;
    const int holes = pick(1, 4), base = vars_;
    const auto var = [&](int pigeon, int hole) { return base + pigeon * holes + hole + 1; };
    vars_ += (holes + 1) * holes;
    for (int p = 0; p <= holes; ++p) {
      std::string line = "clause";
      for (int h = 0; h < holes; ++h) line += " " + std::to_string(var(p, h));
      add(line);
      for (int q = 0; q < p; ++q)
        for (int h = 0; h < holes; ++h) clause({-var(p, h), -var(q, h)});
    }
  }

  const std::uint64_t seed_;
  const Setting setting_;
  const bool formulas_;
  Random random_;
  int vars_ = 0;
  Lines lines_;
};

}  // namespace nb::fuzz
