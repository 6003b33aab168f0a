// SPDX-License-Identifier: MIT
// What the solver offers to C++ alone.
#include "solver/solver.hpp"

#include <vector>

#include "unit.hpp"

namespace {

// One pigeon more than holes, without what would solve it before the search.
std::int64_t conflicts_with(const std::vector<float> &weights) {
  constexpr int holes = 6;
  nb::Solver solver;
  for (const char *off : {"factor", "lucky", "sweep"}) solver.set_option(off, 0);
  solver.set_option("stable", 2);
  const auto var = [&](int pigeon, int hole) { return pigeon * holes + hole + 1; };
  for (int p = 0; p <= holes; ++p) {
    std::vector<std::int32_t> clause;
    for (int h = 0; h < holes; ++h) clause.push_back(var(p, h));
    solver.add_clause(clause);
    for (int q = 0; q < p; ++q)
      for (int h = 0; h < holes; ++h) {
        const std::int32_t both[] = {-var(p, h), -var(q, h)};
        solver.add_clause(both);
      }
  }
  solver.set_bump_weights(weights);
  EXPECT(solver.solve({}, {}) == nb::Status::unsatisfiable);
  return solver.statistic("conflicts");
}

}  // namespace

TEST(weights_of_bumps_change_the_search_and_weights_of_one_do_not) {
  std::vector<float> weights(42, 1.0f);
  const std::int64_t plain = conflicts_with({});
  EXPECT(conflicts_with(weights) == plain);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = i % 7 ? 0.1f : 10.0f;
  EXPECT(conflicts_with(weights) != plain);
}
