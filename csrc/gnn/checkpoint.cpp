// SPDX-License-Identifier: MIT
#include "gnn/checkpoint.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/error.hpp"
#include "base/json.hpp"
#include "graph/belief.hpp"
#include "graph/graph.hpp"

namespace nb::gnn {

namespace {

constexpr double format = 1;
constexpr std::size_t max_file_bytes = std::size_t{1} << 28;

// As measured on formulas of a million nodes and of three million literals, with AVX2: seconds a
// node (variable or clause), a literal, and a literal in a round of the beliefs.  Without AVX2 it
// takes two and a half times as long.
constexpr double seconds_per_node = 1.3e-6;
constexpr double seconds_per_literal = 0.12e-6;
constexpr double seconds_per_visit = 1.5e-8;

std::string read_file(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw FileError(path + ": " + std::strerror(errno));
  std::string content(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) throw FileError(path + ": cannot be read");
  if (content.size() > max_file_bytes) throw FileError(path + ": too large for a checkpoint");
  return content;
}

double number_from(const Json &table, const char *key, double low, double high) {
  const double *const number = table[key].number();
  if (!number || *number < low || *number > high)
    throw FileError(format_message("'%s' is no number from %g to %g", key, low, high));
  return *number;
}

bool names_equal(const Json &list, std::span<const FeatureRow> table) {
  const Json::Array *const array = list.array();
  return array && std::equal(array->begin(), array->end(), table.begin(), table.end(),
                             [](const Json &entry, const FeatureRow &row) {
                               return entry.text() && *entry.text() == row.name;
                             });
}

NetworkShape shape_from(const Json &network) {
  const double *const wide = network["width"].number(), *const many = network["heads"].number();
  if (!wide || !many || *wide != width || *many != heads)
    throw FileError(format_message("expected a network of width %zu with %zu heads", width, heads));
  const double *const schema = network["feature_schema"].number();
  if (!schema || *schema != feature_schema ||
      !names_equal(network["var_features"], var_feature_table) ||
      !names_equal(network["clause_features"], clause_feature_table))
    throw FileError(format_message("trained on other features, this version computes schema %d",
                                   feature_schema));
  NetworkShape shape{var_feature_table.size(), clause_feature_table.size(), {}};
  const Json::Array *const attention = network["attention"].array();
  if (!attention || attention->empty() || attention->size() > 64)
    throw FileError("expected a network of 1 to 64 layers");
  for (const Json &layer : *attention) {
    if (!layer.boolean()) throw FileError("'attention' is no list of true and false");
    shape.attention.push_back(*layer.boolean());
  }
  return shape;
}

double rounded(double p) {
  return std::nearbyint(p * 1e6) / 1e6;
}

}  // namespace

Checkpoint Checkpoint::read(const std::string &path) {
  const std::string stem = path.substr(0, path.rfind('.'));
  const std::string card_path = stem + ".json", weights_path = stem + ".safetensors";
  Checkpoint checkpoint;
  checkpoint.name = stem.substr(stem.rfind('/') + 1);
  NetworkShape shape;
  try {
    const Json card = Json::parse(read_file(card_path));
    const double *const version = card["format"].number();
    if (!version || *version != format) throw FileError("not a checkpoint of format 1");
    shape = shape_from(card["network"]);
    checkpoint.threshold = number_from(card, "threshold", 0.5, 1);
    checkpoint.gate = {number_from(card["gate"], "margin", 0, 1),
                       number_from(card["gate"], "min_share", 0, 2)};
    const Json &repair = card["repair"];
    if (!repair.is_null() && !repair.boolean()) throw FileError("'repair' is not true or false");
    checkpoint.repair = repair.boolean() && *repair.boolean();
  } catch (const ParseError &error) {
    throw FileError(card_path + ": not JSON (" + error.what() + ")");
  } catch (const FileError &error) {
    const std::string what = error.what();
    throw FileError(what.starts_with(card_path) ? what : card_path + ": " + what);
  }
  const std::string content = read_file(weights_path);
  try {
    checkpoint.network =
        Network::from_safetensors(std::as_bytes(std::span(content.data(), content.size())), shape);
  } catch (const FileError &error) {
    throw FileError(weights_path + ": " + error.what());
  }
  return checkpoint;
}

double clear_share(const Gate &gate, std::span<const float> p_true,
                   std::span<const Value> root_values) {
  std::size_t open = 0, clear = 0;
  for (std::size_t v = 0; v < p_true.size(); ++v) {
    if (root_values[v] != 0) continue;
    ++open;
    clear += std::abs(2.0 * rounded(p_true[v]) - 1.0) >= gate.margin;
  }
  return open ? static_cast<double>(clear) / static_cast<double>(open) : 0.0;
}

Advice advice_of(std::span<const float> p_true, double threshold) {
  Advice advice;
  advice.values.reserve(p_true.size());
  advice.confidence.reserve(p_true.size());
  for (const float probability : p_true) {
    const double p = rounded(probability);
    const double confidence = rounded(std::max(p, 1 - p)), side = rounded(p - 0.5);
    advice.values.push_back(confidence < threshold || side == 0 ? Value(0)
                                                                : Value(side > 0 ? 1 : -1));
    advice.confidence.push_back(static_cast<float>(confidence));
  }
  return advice;
}

double seconds_of_size(std::size_t num_vars, std::size_t num_clauses, std::size_t num_literals) {
  return seconds_per_node * static_cast<double>(num_vars + num_clauses) +
         seconds_per_literal * static_cast<double>(num_literals) +
         seconds_per_visit * static_cast<double>(belief_visits(num_literals));
}

}  // namespace nb::gnn
