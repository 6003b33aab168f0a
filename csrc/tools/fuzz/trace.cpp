// SPDX-License-Identifier: MIT
#include "tools/fuzz/trace.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "base/error.hpp"
#include "solver/options.hpp"
#include "solver/solver.hpp"
#include "tools/fuzz/checks.hpp"
#include "tools/fuzz/constraints.hpp"

namespace nb::fuzz {

namespace {

std::vector<int> rest_of(std::istringstream &words) {
  std::vector<int> result;
  for (int number = 0; words >> number;) result.push_back(number);
  return result;
}

void check_result(Solver &solver, Status status, const std::vector<Clause> &formula,
                  const std::vector<int> &assumptions, const NaiveChecker &checker, bool proof) {
  std::vector<Clause> asked = formula;
  for (const int lit : assumptions) asked.push_back({lit});
  const bool expected = satisfiable(asked, {});
  if (status == Status::satisfiable) {
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
  // Outlives the solver that asks its propagator.
  ConstraintLines constraints;
  Solver solver;
  Checks checks;
  const NaiveChecker &checker = checks.naive;
  // What a proof forbids runs only without one.
  const bool proof = std::ranges::none_of(lines, [](const std::string &line) {
    return line == "noproof" || ConstraintLines::has(line.substr(0, line.find(' ')));
  });
  if (proof) solver.connect_proof(&checks);
  std::vector<Clause> formula;
  Budget budget;
  for (const std::string &line : lines) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb.empty() || verb[0] == '#' || verb == "noproof") continue;
    if (verb == "option") {
      std::string name;
      int value = 0;
      words >> name >> value;
      if (find_option(name)) solver.set_option(name, value);
    } else if (verb == "reserve") {
      int n = 0;
      words >> n;
      solver.reserve_vars(n);
    } else if (verb == "clause") {
      formula.push_back(rest_of(words));
      solver.add_clause(formula.back());
    } else if (ConstraintLines::has(verb)) {
      constraints.play(solver, formula, verb, words);
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
      solver.advise(phases, {}, static_cast<AdviceMode>(mode));
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
      const Status status = solver.solve(assumptions, budget);
      if (status == Status::unknown) {
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

}  // namespace

bool fails(std::span<const Lines> traces, bool quiet) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (!child) {
    if (quiet && !std::freopen("/dev/null", "w", stderr)) _exit(1);
    try {
      for (const Lines &lines : traces) {
        alarm(20);
        run(lines);
      }
    } catch (const std::exception &error) {
      fail(std::string("exception: ") + error.what());
    }
    std::_Exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return !WIFEXITED(status) || WEXITSTATUS(status);
}

bool fails(const Lines &lines, bool quiet) {
  return fails(std::span(&lines, 1), quiet);
}

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
    if (!line.starts_with("clause") && !line.starts_with("solve") && !line.starts_with("lazy"))
      continue;
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

}  // namespace nb::fuzz
