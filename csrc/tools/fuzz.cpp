// SPDX-License-Identifier: MIT
// nb-fuzz: random legal call sequences on the solver, checked against a solver of forty lines.
//
//   nb-fuzz [--count=N] [--seed=S] [--seconds=T] [--out=FOLDER]   random traces
//   nb-fuzz TRACE...                                              replay
//
// A trace is a text file with one call a line: option NAME VALUE, reserve N, clause LITS,
// phases LITS, advise MODE LITS, propagate LITS, budget CONFLICTS, solve ASSUMPTIONS, or noproof
// anywhere: no proof is asked for.  Each runs in a forked child.  Checked: verdict, model, core,
// fixed literals, and every proof line by unit propagation that shares nothing with the solver, and
// again with the hints of LRAT.  A failing trace is shrunk and written.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "proof/elaborate.hpp"
#include "proof/lrat_check.hpp"
#include "solver/options.hpp"
#include "solver/solver.hpp"

namespace {

using Clause = std::vector<int>;
using Lines = std::vector<std::string>;

[[noreturn]] void fail(const std::string &what) {
  std::fprintf(stderr, "nb-fuzz: %s\n", what.c_str());
  std::exit(1);
}

// Units until nothing changes; false on conflict.
bool propagate_all(const std::vector<Clause> &clauses, std::map<int, bool> &values) {
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

bool satisfiable(const std::vector<Clause> &clauses, std::map<int, bool> values) {
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
class NaiveChecker : public nb::ProofListener {
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
class Hinted : public nb::ProofListener {
 public:
  void original(std::uint64_t id, std::span<const std::int32_t> clause) override {
    checker_.original(id, clause);
  }
  void add(std::uint64_t id, std::span<const std::int32_t> clause,
           std::span<const std::int64_t> hints) override {
    if (checker_.add(id, clause, hints) == nb::LratChecker::Step::failed)
      fail("proof with hints: " + checker_.reason());
  }
  void erase(std::uint64_t id, std::span<const std::int32_t>) override { checker_.erase(id); }

 private:
  nb::LratChecker checker_;
};

// Both checks.
class Checks : public nb::ProofListener {
 public:
  void original(std::uint64_t id, std::span<const std::int32_t> clause) override {
    naive.original(id, clause);
    elaborator_.original(id, clause);
  }
  void add(std::uint64_t id, std::span<const std::int32_t> clause,
           std::span<const std::int64_t> hints) override {
    naive.add(id, clause, hints);
    elaborator_.add(id, clause, hints);
  }
  void erase(std::uint64_t id, std::span<const std::int32_t> clause) override {
    naive.erase(id, clause);
    elaborator_.erase(id, clause);
  }

  NaiveChecker naive;

 private:
  Hinted hinted_;
  nb::Elaborator elaborator_{hinted_};
};

std::vector<int> rest_of(std::istringstream &words) {
  std::vector<int> result;
  for (int number = 0; words >> number;) result.push_back(number);
  return result;
}

void check_result(nb::Solver &solver, nb::Status status, const std::vector<Clause> &formula,
                  const std::vector<int> &assumptions, const NaiveChecker &checker, bool proof) {
  std::vector<Clause> asked = formula;
  for (const int lit : assumptions) asked.push_back({lit});
  const bool expected = satisfiable(asked, {});
  if (status == nb::Status::satisfiable) {
    for (const Clause &clause : asked)
      if (std::none_of(clause.begin(), clause.end(), [&](int l) { return solver.value(l) > 0; }))
        fail("model falsifies a clause");
    if (!expected) fail("satisfiable, but the reference says unsatisfiable");
    for (int var = 1; var <= solver.num_vars(); ++var)
      if (const int fixed = solver.fixed(var); fixed && fixed != solver.value(var))
        fail("model contradicts a fixed literal");
  } else {
    if (expected) fail("unsatisfiable, but the reference says satisfiable");
    std::vector<Clause> cored = formula;
    for (const int lit : solver.core()) {
      if (std::find(assumptions.begin(), assumptions.end(), lit) == assumptions.end())
        fail("core is not a subset of the assumptions");
      if (!solver.failed(lit)) fail("failed() and core() differ");
      cored.push_back({lit});
    }
    if (satisfiable(cored, {})) fail("core is satisfiable");
    if (proof && solver.inconsistent() && !checker.refuted) fail("no empty clause in the proof");
  }
}

void run(const Lines &lines) {
  nb::Solver solver;
  Checks checks;
  const NaiveChecker &checker = checks.naive;
  // What a proof forbids runs only without one.
  const bool proof = std::ranges::find(lines, "noproof") == lines.end();
  if (proof) solver.connect_proof(&checks);
  std::vector<Clause> formula;
  nb::Budget budget;
  for (const std::string &line : lines) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb.empty() || verb[0] == '#' || verb == "noproof") continue;
    if (verb == "option") {
      std::string name;
      int value = 0;
      words >> name >> value;
      if (nb::find_option(name)) solver.set_option(name, value);
    } else if (verb == "reserve") {
      int n = 0;
      words >> n;
      solver.reserve_vars(n);
    } else if (verb == "clause") {
      formula.push_back(rest_of(words));
      solver.add_clause(formula.back());
    } else if (verb == "phases") {
      solver.set_user_phases(rest_of(words));
    } else if (verb == "advise") {
      int mode = 0;
      words >> mode;
      std::vector<signed char> phases;
      for (const int lit : rest_of(words)) {
        const auto var = static_cast<std::size_t>(std::abs(lit));
        if (phases.size() < var) phases.resize(var, 0);
        phases[var - 1] = lit < 0 ? -1 : 1;
      }
      solver.advise(phases, {}, static_cast<nb::AdviceMode>(mode));
    } else if (verb == "budget") {
      words >> budget.conflicts;
    } else if (verb == "propagate") {
      std::vector<std::int32_t> implied;
      const std::vector<int> assumptions = rest_of(words);
      if (solver.propagate(assumptions, implied)) continue;
      std::vector<Clause> asked = formula;
      for (const int lit : assumptions) asked.push_back({lit});
      if (satisfiable(asked, {})) fail("propagate finds a conflict, but there is a model");
    } else if (verb == "solve") {
      const std::vector<int> assumptions = rest_of(words);
      const nb::Status status = solver.solve(assumptions, budget);
      if (status == nb::Status::unknown) {
        if (budget.conflicts < 0) fail("unknown without a limit");
      } else {
        check_result(solver, status, formula, assumptions, checker, proof);
      }
      budget = {};
    } else {
      fail("unknown line: " + line);
    }
  }
}

//  True if the trace fails: crash, timeout, or a finding.
bool fails(const Lines &lines, bool quiet) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (!child) {
    if (quiet && !std::freopen("/dev/null", "w", stderr)) _exit(1);
    alarm(20);
    try {
      run(lines);
    } catch (const std::exception &error) {
      fail(std::string("exception: ") + error.what());
    }
    std::_Exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return !WIFEXITED(status) || WEXITSTATUS(status);
}

// Remove lines in ever smaller pieces, then single literals, as long as it still fails.
Lines shrink(Lines lines) {
  for (std::size_t piece = lines.size() / 2; piece; piece /= 2)
    for (std::size_t at = 0; at + piece <= lines.size();) {
      Lines fewer = lines;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(at),
                  fewer.begin() + static_cast<std::ptrdiff_t>(at + piece));
      if (fails(fewer, true))
        lines = fewer;
      else
        at += piece;
    }
  for (std::string &line : lines) {
    if (!line.starts_with("clause") && !line.starts_with("solve")) continue;
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    std::vector<int> lits = rest_of(words);
    for (std::size_t i = 0; i < lits.size();) {
      std::vector<int> fewer = lits;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      std::string shorter = verb;
      for (const int lit : fewer) shorter += " " + std::to_string(lit);
      const std::string old = line;
      line = shorter;
      if (fails(lines, true)) {
        lits = fewer;
      } else {
        line = old;
        ++i;
      }
    }
  }
  return lines;
}

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  Lines trace() {
    options();
    vars_ = pick(2, 28);
    const int rounds = one_in(2) ? 1 : pick(1, 6);
    if (rounds == 1 && one_in(2))
      add("option incremental 0");
    else if (one_in(2))
      add("noproof");
    if (one_in(4)) add("reserve " + std::to_string(vars_ + pick(0, 3)));
    for (int round = 0; round < rounds; ++round) {
      clauses(round ? pick(0, 1 + vars_ / 2) : -1);
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

  void options() {
    if (!one_in(8)) add("option test_schedule 1");
    const int share = pick(1, 8);
    for (const nb::OptionRow &row : nb::option_table) {
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
  }

  void clauses(int count) {
    if (count < 0) {
      const double ratios[] = {2.0, 3.5, 4.3, 4.3, 5.0};
      count = static_cast<int>(vars_ * ratios[random_.below(5)]);
      if (one_in(8)) {
        // Products or twins alone, and nothing that solves them before they are looked for.
        for (const char *name : {"lucky", "probe", "sweep"})
          add("option " + std::string(name) + " 0");
        if (one_in(2)) {
          add("option congruence 1");
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
        gate(kind, signs[3] * signal(size, copy), input(turned ? 1 : 0), input(turned ? 0 : 1),
             input(2));
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

  nb::Random random_;
  int vars_ = 0;
  Lines lines_;
};

void write_trace(const std::string &path, std::uint64_t seed, const Lines &lines) {
  std::ofstream file(path);
  file << "# nb-fuzz seed " << seed << "\n";
  for (const std::string &line : lines) file << line << "\n";
}

int replay(const std::vector<std::string> &paths) {
  int failures = 0;
  for (const std::string &path : paths) {
    std::ifstream file(path);
    Lines lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    if (lines.empty() || fails(lines, false)) {
      std::printf("%s: failed\n", path.c_str());
      ++failures;
    }
  }
  std::printf("%zu traces, %d failed\n", paths.size(), failures);
  return failures ? 1 : 0;
}

}  // namespace

int main(int argc, char **argv) {
  std::uint64_t count = 1000, seed = 1;
  double seconds = 1e9;
  std::string out = ".";
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string value = word.substr(std::min(word.size(), word.find('=') + 1));
    if (word.starts_with("--count="))
      count = std::stoull(value);
    else if (word.starts_with("--seed="))
      seed = std::stoull(value);
    else if (word.starts_with("--seconds="))
      seconds = std::stod(value);
    else if (word.starts_with("--out="))
      out = value;
    else
      paths.push_back(word);
  }
  if (!paths.empty()) return replay(paths);
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t done = 0, failures = 0;
  for (; done < count && failures < 5; ++done) {
    if (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > seconds)
      break;
    const std::uint64_t now = seed + done;
    Lines lines = Generator(now).trace();
    if (!fails(lines, true)) continue;
    ++failures;
    const std::string path = out + "/red-" + std::to_string(now) + ".trace";
    lines = shrink(lines);
    write_trace(path, now, lines);
    std::printf("%s:\n", path.c_str());
    fails(lines, false);
    std::fflush(stdout);
  }
  std::printf("%llu traces, %llu failed\n", static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(failures));
  return failures ? 1 : 0;
}
