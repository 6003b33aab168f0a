// SPDX-License-Identifier: MIT
#include "gnn/forward.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "gnn/kernels.hpp"
#include "gnn/team.hpp"

namespace nb::gnn {

namespace {

// Below this, a thread costs more to start than it saves.
constexpr std::size_t edges_worth_a_thread = 20000;

std::size_t blocks_of(std::size_t count, std::size_t block) {
  return (count + block - 1) / block;
}

// Mean and standard deviation of each column of `states`.
void pool(const float *states, std::size_t rows, std::span<float> pooled) {
  double sums[width] = {}, squares[width] = {};
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t i = 0; i < width; ++i) {
      const double value = states[row * width + i];
      sums[i] += value;
      squares[i] += value * value;
    }
  for (std::size_t i = 0; i < width; ++i) {
    const double mean = sums[i] / static_cast<double>(rows);
    const double variance = squares[i] / static_cast<double>(rows) - mean * mean;
    pooled[i] = static_cast<float>(mean);
    pooled[width + i] = static_cast<float>(std::sqrt(std::max(0.0, variance)));
  }
}

}  // namespace

std::size_t memory_bytes(const NetworkShape &shape, std::size_t num_vars, std::size_t num_clauses,
                         std::size_t num_components) {
  const std::size_t row = width * sizeof(float);
  const bool attention = std::ranges::find(shape.attention, true) != shape.attention.end();
  return num_clauses * (row + (attention ? heads * sizeof(float) : 0)) + num_vars * 3 * row +
         num_components * (3 * row + width * sizeof(std::int64_t) + sizeof(std::int64_t));
}

void predict(const Network &network, const Graph &graph, unsigned threads,
             const std::function<bool()> &should_stop, std::span<float> probabilities,
             std::span<float> pooled) {
  NB_REQUIRE(probabilities.size() == graph.num_vars(), "one probability per variable expected");
  NB_REQUIRE(pooled.empty() || pooled.size() == 2 * width, "room for two pooled rows expected");
  std::ranges::fill(pooled, 0.0f);
  NB_REQUIRE(!network.layers.empty(), "a network without layers");
  if (network.shape.var_features != var_feature_table.size() ||
      network.shape.clause_features != clause_feature_table.size())
    throw FileError("the network was trained on other features than this version computes");
  if (graph.num_vars() == 0) return;
  const Kernels &kernel = kernels();
  const std::size_t vars = graph.num_vars(), clauses = graph.num_clauses();
  const std::size_t components = graph.num_components();

  Floats var_states(vars * width), table(2 * vars * width), clause_states(clauses * width);
  const auto &pools = network.shape.attention;
  const bool attention = std::ranges::find(pools, true) != pools.end();
  Floats scores(attention ? clauses * heads : 0);
  Floats meta(components * width), meta_for_vars(components * width),
      meta_for_clauses(components * width);
  meta.fill_zero();
  AlignedArray<std::int64_t> sums(components * width), sizes(components);
  sizes.fill_zero();
  for (const std::int32_t component : graph.clause_component())
    ++sizes[static_cast<std::size_t>(component)];

  const std::size_t work = graph.clause_lits().size() + vars + clauses;
  const auto useful = static_cast<unsigned>(
      std::min<std::size_t>(1 + work / edges_worth_a_thread, std::max(1u, threads)));
  Team team(useful, should_stop);

  VarJob var_job{&graph,
                 nullptr,
                 &network.layers[0],
                 &network,
                 var_states.data(),
                 clause_states.data(),
                 nullptr,
                 meta_for_vars.data(),
                 table.data(),
                 probabilities.data()};
  const auto run_blocks = [&](std::size_t count, std::size_t block, const auto &job,
                              const auto &function) {
    team.run(blocks_of(count, block), [&](std::size_t index) {
      function(job, index * block, std::min(count, (index + 1) * block));
    });
  };
  run_blocks(vars, var_block, var_job, kernel.embed_vars);

  for (std::size_t index = 0; index < network.layers.size(); ++index) {
    const Layer &layer = network.layers[index];
    const Layer *next = index + 1 < network.layers.size() ? &network.layers[index + 1] : nullptr;
    float *layer_scores = layer.attention ? scores.data() : nullptr;
    sums.fill_zero();
    const ClauseJob clause_job{&graph,
                               &layer,
                               index == 0 ? &network : nullptr,
                               clause_states.data(),
                               table.data(),
                               index == 0 ? nullptr : meta_for_clauses.data(),
                               layer_scores,
                               sums.data()};
    run_blocks(clauses, clause_block, clause_job, kernel.update_clauses);
    const MetaJob meta_job{
        &layer,       next,        components,           sums.data(),
        sizes.data(), meta.data(), meta_for_vars.data(), meta_for_clauses.data()};
    run_blocks(components, var_block, meta_job, kernel.update_meta);
    var_job.layer = &layer;
    var_job.next = next;
    var_job.scores = layer_scores;
    run_blocks(vars, var_block, var_job, kernel.update_vars);
  }

  if (!pooled.empty()) pool(var_states.data(), vars, pooled);
  // The weights are finite, but a hostile file can still overflow on the way.
  bool finite = true;
  for (const float p : probabilities) finite &= std::isfinite(p);
  if (!finite) throw FileError("the network's prediction is not a number");
}

}  // namespace nb::gnn
