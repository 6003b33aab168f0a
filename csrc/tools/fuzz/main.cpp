// SPDX-License-Identifier: MIT
// nb-fuzz: random legal call sequences on the solver, checked against a solver of forty lines.
//
//   nb-fuzz [--count=N] [--seed=S] [--seconds=T] [--out=FOLDER]   random traces
//           [--options=random|default|cover] [--formulas] [--first]
//   nb-fuzz TRACE...                                              replay
//
// Options are set at random, left as they are, or taken from a cover of all pairs of them.  With
// --formulas a trace is one formula and one call of solve; with --first the first failure ends it
// all, as it is.
//
// A trace is a text file with one call a line: option NAME VALUE, reserve N, clause LITS,
// phases LITS, advise MODE LITS, propagate LITS, budget CONFLICTS, solve ASSUMPTIONS, atmost BOUND
// LITS, linear BOUND WEIGHT LIT..., xor VALUE VARS, or lazy LITS: a clause that a propagator knows,
// and the solver does not.  With one of the last four, or noproof, no proof is asked for.  Each
// runs in a forked child.  Checked: verdict, model, core, fixed literals, and every proof line by
// unit propagation that shares nothing with the solver, and again with the hints of LRAT.  A
// failing trace is shrunk and written.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "tools/fuzz/generator.hpp"
#include "tools/fuzz/trace.hpp"

namespace {

using nb::fuzz::Lines;
using nb::fuzz::Setting;

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
    if (lines.empty() || nb::fuzz::fails(lines, false)) {
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
  bool formulas = false, first_only = false;
  Setting setting = Setting::random;
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
    else if (word == "--options=default")
      setting = Setting::defaults;
    else if (word == "--options=cover")
      setting = Setting::cover;
    else if (word == "--formulas")
      formulas = true;
    else if (word == "--first")
      first_only = true;
    else if (word != "--options=random")
      paths.push_back(word);
  }
  if (!paths.empty()) return replay(paths);
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t done = 0, failures = 0;
  // Several traces share a process; if one of them fails, each gets its own.
  constexpr std::uint64_t together = 50;
  while (done < count && failures < 5) {
    if (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > seconds)
      break;
    const std::uint64_t first = seed + done;
    std::vector<Lines> traces;
    for (; traces.size() < together && done < count; ++done)
      traces.push_back(nb::fuzz::Generator(seed + done, setting, formulas).trace());
    if (!nb::fuzz::fails(traces, true)) continue;
    for (std::size_t i = 0; i < traces.size() && failures < 5; ++i) {
      if (!nb::fuzz::fails(traces[i], true)) continue;
      ++failures;
      const std::string path = out + "/red-" + std::to_string(first + i) + ".trace";
      const Lines lines = first_only ? traces[i] : nb::fuzz::shrink(traces[i]);
      write_trace(path, first + i, lines);
      std::printf("%s:\n", path.c_str());
      nb::fuzz::fails(lines, false);
      std::fflush(stdout);
      if (first_only) return 1;
    }
  }
  std::printf("%llu traces, %llu failed\n", static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(failures));
  return failures ? 1 : 0;
}
