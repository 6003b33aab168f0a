// SPDX-License-Identifier: MIT
#include "gnn/gradient.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.hpp"
#include "gnn/gradient_state.hpp"
#include "gnn/kernels.hpp"

namespace nb::gnn {

namespace {

Floats transpose(const float *matrix, std::size_t outputs, std::size_t inputs,
                 std::size_t columns = width) {
  Floats result(inputs * columns);
  result.fill_zero();
  for (std::size_t o = 0; o < outputs; ++o)
    for (std::size_t i = 0; i < inputs; ++i) result[i * columns + o] = matrix[o * inputs + i];
  return result;
}

struct TakeValues {
  const Trainer::Lookup &lookup;

  void matrix(const std::string &name, Matrix &p) {
    p.value = lookup(name, width * width);
    p.transposed = transpose(p.value, width, width);
  }
  void features(const std::string &name, Places::Features &p, std::size_t features) {
    p.value = lookup(name, width * features);
    p.transposed = transpose(p.value, width, features);
    p.gradient_transposed = Floats(features * width);
  }
  void scores(const std::string &name, Places::Scores &p) {
    p.value = lookup(name, heads * width);
    p.columns = transpose(p.value, heads, width, lanes);
  }
  void row(const std::string &name, Places::Vector &p) { vector(name, p, width); }
  void vector(const std::string &name, Places::Vector &p, std::size_t size) {
    p.value = lookup(name, size);
  }
  void constant(const std::string &name, Places::Constant &p, std::size_t size) {
    p = lookup(name, size);
  }
};

struct TakeGradients {
  const Trainer::Lookup &lookup;

  void matrix(const std::string &name, Matrix &p) { p.gradient = lookup(name, width * width); }
  void features(const std::string &name, Places::Features &p, std::size_t features) {
    p.gradient = lookup(name, width * features);
  }
  void scores(const std::string &name, Places::Scores &p) {
    p.gradient = lookup(name, heads * width);
  }
  void row(const std::string &name, Places::Vector &p) { vector(name, p, width); }
  void vector(const std::string &name, Places::Vector &p, std::size_t size) {
    p.gradient = lookup(name, size);
  }
  void constant(const std::string &, Places::Constant &, std::size_t) {}
};

std::vector<std::int32_t> offsets_of(std::span<const std::int32_t> sizes) {
  std::vector<std::int32_t> offsets(sizes.size() + 1, 0);
  for (std::size_t i = 0; i < sizes.size(); ++i) offsets[i + 1] = offsets[i] + sizes[i];
  return offsets;
}

void check_indices(const char *name, std::span<const std::int32_t> indices, std::size_t end) {
  for (const std::int32_t index : indices)
    NB_REQUIRE(index >= 0 && static_cast<std::size_t>(index) < end,
               "%s holds an index outside the batch", name);
}

}  // namespace

Trainer::Trainer(NetworkShape shape) : state_(std::make_unique<TrainerState>(std::move(shape))) {}

Trainer::~Trainer() = default;

void Trainer::forward(const BatchView &batch, const Lookup &weights, std::span<float> logits) {
  TrainerState &s = *state_;
  s.batch = batch;
  s.vars = batch.lit_sizes.size() / 2;
  s.clauses = batch.clause_sizes.size();
  s.components = batch.component_sizes.size();
  s.edges = batch.clause_lits.size();
  s.clause_offsets = offsets_of(batch.clause_sizes);
  s.lit_offsets = offsets_of(batch.lit_sizes);
  NB_REQUIRE(static_cast<std::size_t>(s.clause_offsets.back()) == s.edges &&
                 static_cast<std::size_t>(s.lit_offsets.back()) == s.edges &&
                 batch.lit_clauses.size() == s.edges && batch.clause_position.size() == s.edges,
             "edges of a batch do not add up");
  NB_REQUIRE(batch.clause_component.size() == s.clauses && batch.var_component.size() == s.vars &&
                 batch.in_component.size() == s.vars && logits.size() == s.vars &&
                 batch.var_features.size() == s.vars * s.shape.var_features &&
                 batch.clause_features.size() == s.clauses * s.shape.clause_features,
             "arrays of a batch do not fit together");
  check_indices("clause_lits", batch.clause_lits, 2 * s.vars);
  check_indices("lit_clauses", batch.lit_clauses, s.clauses);
  check_indices("clause_position", batch.clause_position, s.edges);
  check_indices("clause_component", batch.clause_component, s.components);
  for (std::size_t v = 0; v < s.vars; ++v)
    NB_REQUIRE(batch.in_component[v] == 0.0f ||
                   (batch.var_component[v] >= 0 &&
                    static_cast<std::size_t>(batch.var_component[v]) < s.components),
               "var_component holds an index outside the batch");

  TakeValues take{weights};
  visit_parameters(s, take);

  const std::size_t var_rows = s.vars * width, clause_rows = s.clauses * width;
  const std::size_t meta_rows = s.components * width;
  s.var_rows.get(s.vars * s.shape.var_features);
  s.clause_rows.get(s.clauses * s.shape.clause_features);
  for (Buffer *buffer : {&s.var_normalised, &s.first_vars, &s.head_units, &s.var_grads})
    buffer->get(var_rows);
  for (Buffer *buffer :
       {&s.clause_normalised, &s.first_clauses, &s.clause_grads, &s.clause_messages})
    buffer->get(clause_rows);
  for (Buffer *buffer : {&s.literal_table, &s.literal_grads}) buffer->get(2 * var_rows);
  for (Buffer *buffer : {&s.first_meta, &s.meta_grads, &s.component_sums}) buffer->get(meta_rows);
  s.var_inverse.get(s.vars);
  s.clause_inverse.get(s.clauses);
  s.score_grads.get(s.edges * heads);
  for (LayerMemory &m : s.memory) {
    for (Buffer *buffer : {&m.clauses, &m.clause.hidden, &m.clause.normalised})
      buffer->get(clause_rows);
    for (Buffer *buffer : {&m.vars, &m.var.hidden, &m.var.normalised}) buffer->get(var_rows);
    for (Buffer *buffer : {&m.meta, &m.mean, &m.meta_hidden, &m.meta_normalised})
      buffer->get(meta_rows);
    m.clause.inverse.get(s.clauses);
    m.var.inverse.get(s.vars);
    m.meta_inverse.get(s.components);
    m.pooled.get(2 * var_rows);
  }
  for (std::size_t index = 0; index < s.layers.size(); ++index)
    if (s.layers[index].attention) {
      s.memory[index].clause_scores.get(s.clauses * heads);
      s.memory[index].var_scores.get(s.vars * heads);
      s.memory[index].weights.get(s.edges * heads);
      s.memory[index].totals.get(s.vars * heads);
    }
  kernels().forward(s, logits.data());
}

void Trainer::backward(std::span<const float> grad_logits, const Lookup &gradients) {
  TrainerState &s = *state_;
  NB_REQUIRE(grad_logits.size() == s.vars, "one gradient per variable expected");
  TakeGradients take{gradients};
  visit_parameters(s, take);
  kernels().backward(s, grad_logits.data());
}

}  // namespace nb::gnn
