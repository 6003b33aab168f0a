// SPDX-License-Identifier: MIT
#include "graph/belief.hpp"

#include <algorithm>
#include <cmath>

namespace nb {

namespace {

constexpr std::size_t most_visits = 50'000'000;
constexpr std::size_t least_rounds = 10;
// No message is so sure that it could not be taken back.
constexpr double least_message = 1e-6, least_false = 1e-9;
// A clause that is this improbable to be false otherwise presses none of its literals.
constexpr double negligible = 1e-200;
// Products are kept in range by powers of two counted apart.
constexpr double underflow = 0x1p-500, rescale = 0x1p500;
constexpr std::size_t ahead = 24;

// Products of the messages to the positive and to the negative literal of one variable.
struct Products {
  std::array<double, 2> now{1, 1}, next{1, 1};
  std::array<std::int32_t, 2> now_scale{}, next_scale{};

  void multiply(std::size_t sign, double message) {
    next[sign] *= message;
    if (next[sign] < underflow) {
      next[sign] *= rescale;
      ++next_scale[sign];
    }
  }
  void end_round() {
    now = next;
    now_scale = next_scale;
    next = {1, 1};
    next_scale = {};
  }
  // How probable the literal of this sign is false, by all clauses but the one of `message`.
  double is_false(std::size_t sign, double message) const {
    if (now_scale[0] != now_scale[1]) return now_scale[sign] > now_scale[sign ^ 1] ? 0 : 1;
    return now[sign] / (now[sign] + now[sign ^ 1] * message);
  }
  double log_odds() const {
    return std::log(now[1] / now[0]) + (now_scale[0] - now_scale[1]) * (std::log(rescale));
  }
};

class Belief {
 public:
  Belief(std::span<const std::int64_t> clause_offsets, std::span<const std::int32_t> clause_lits,
         std::span<const Value> root_values, const std::function<void(std::size_t)> &poll)
      : offsets_(clause_offsets),
        lits_(clause_lits),
        root_values_(root_values),
        poll_(poll),
        products_(root_values.size()),
        messages_(clause_lits.size(), 1.0) {}

  // Before the first round each literal is false with probability one half.
  void start() {
    for (std::size_t clause = 0; clause + 1 != offsets_.size(); ++clause) {
      const auto first = static_cast<std::size_t>(offsets_[clause]);
      const auto last = static_cast<std::size_t>(offsets_[clause + 1]);
      const auto others = static_cast<int>(std::min<std::size_t>(last - first, 1000)) - 1;
      const double message = std::max(1 - std::ldexp(1.0, -others), least_message);
      for (auto i = first; i != last; ++i) {
        messages_[i] = message;
        product(i).multiply(sign(i), message);
      }
    }
    end_round();
  }

  void round() {
    for (std::size_t clause = 0; clause + 1 != offsets_.size(); ++clause) {
      if (clause % 16384 == 0) poll_(clause);
      const auto first = static_cast<std::size_t>(offsets_[clause]);
      const auto last = static_cast<std::size_t>(offsets_[clause + 1]);
      if (last + ahead < lits_.size())
        for (auto i = first; i != last; ++i) __builtin_prefetch(&product(i + ahead), 1);
      false_.resize(last - first);
      double all_false = 1;
      for (auto i = first; i != last; ++i) {
        false_[i - first] = is_false(i);
        all_false *= false_[i - first];
      }
      if (all_false < negligible) all_false = 0;
      for (auto i = first; i != last; ++i) {
        const double told = 1 - all_false / false_[i - first];
        messages_[i] = std::max((messages_[i] + told) / 2, least_message);
        product(i).multiply(sign(i), messages_[i]);
      }
    }
    end_round();
  }

  float log_odds(std::size_t var) const {
    const Value value = root_values_[var];
    if (value) return value > 0 ? belief_limit : -belief_limit;
    return std::clamp(static_cast<float>(products_[var].log_odds()), -belief_limit, belief_limit);
  }

 private:
  Products &product(std::size_t edge) {
    return products_[static_cast<std::size_t>(lits_[edge]) >> 1];
  }
  std::size_t sign(std::size_t edge) const { return static_cast<std::size_t>(lits_[edge]) & 1; }

  double is_false(std::size_t edge) {
    const Value value = root_values_[static_cast<std::size_t>(lits_[edge]) >> 1];
    if (value) return (value > 0) == (sign(edge) == 0) ? least_false : 1;
    return std::max(product(edge).is_false(sign(edge), messages_[edge]), least_false);
  }

  void end_round() {
    for (Products &each : products_) each.end_round();
  }

  std::span<const std::int64_t> offsets_;
  std::span<const std::int32_t> lits_;
  std::span<const Value> root_values_;
  const std::function<void(std::size_t)> &poll_;
  std::vector<Products> products_;
  // By edge: how probable it is that another literal of the clause is true.
  std::vector<double> messages_;
  // By literal of the clause at hand.
  std::vector<double> false_;
};

int rounds_for(std::size_t edges) {
  const std::size_t affordable = most_visits / std::max<std::size_t>(edges, 1);
  return static_cast<int>(std::clamp<std::size_t>(affordable, least_rounds, belief_rounds.back()));
}

}  // namespace

std::size_t belief_visits(std::size_t edges) {
  return static_cast<std::size_t>(rounds_for(edges)) * edges;
}

std::vector<float> believe(std::span<const std::int64_t> clause_offsets,
                           std::span<const std::int32_t> clause_lits,
                           std::span<const Value> root_values,
                           const std::function<void(std::size_t)> &poll) {
  constexpr auto width = belief_rounds.size();
  std::vector<float> result(root_values.size() * width);
  const int rounds = rounds_for(clause_lits.size());
  Belief belief(clause_offsets, clause_lits, root_values, poll);
  belief.start();
  int done = 0;
  for (std::size_t column = 0; column != width; ++column) {
    for (; done < std::min(belief_rounds[column], rounds); ++done) belief.round();
    for (std::size_t var = 0; var != root_values.size(); ++var)
      result[var * width + column] = belief.log_odds(var);
  }
  return result;
}

}  // namespace nb
