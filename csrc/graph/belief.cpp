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
// Products are kept in range by powers of two counted apart, odds by bounds.
constexpr double underflow = 0x1p-500, rescale = 0x1p500, log_rescale = 346.57359027997264;
constexpr double most_odds = 1e300;
constexpr std::size_t ahead = 24;

// Of one variable; two of them are a cache line.
struct alignas(32) Pressure {
  // How many times more probable false is than true, by the messages of the round before.
  double odds_false = 1;
  // Products of this round's messages to the positive and to the negative literal.
  std::array<double, 2> product{1, 1};

  // How probable the literal of this sign is false, by all clauses but that of `message`.
  double is_false(std::size_t sign, double message) const {
    return sign ? 1 / (1 + odds_false * message) : odds_false / (odds_false + message);
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
        pressures_(root_values.size()),
        scales_(2 * root_values.size()),
        messages_(clause_lits.size()) {}

  // Before the first round each literal is false with probability one half.
  void start() {
    for (std::size_t clause = 0; clause + 1 != offsets_.size(); ++clause) {
      const auto first = static_cast<std::size_t>(offsets_[clause]);
      const auto last = static_cast<std::size_t>(offsets_[clause + 1]);
      const auto others = static_cast<int>(std::min<std::size_t>(last - first, 1000)) - 1;
      for (auto i = first; i != last; ++i) tell(i, 1 - std::ldexp(1.0, -others));
    }
    end_round();
  }

  void round() {
    for (std::size_t clause = 0; clause + 1 != offsets_.size(); ++clause) {
      if (clause % 16384 == 0) poll_(clause);
      const auto first = static_cast<std::size_t>(offsets_[clause]);
      const auto last = static_cast<std::size_t>(offsets_[clause + 1]);
      if (last + ahead < lits_.size())
        for (auto i = first; i != last; ++i) __builtin_prefetch(&pressure(i + ahead), 1);
      tell_clause(first, last);
    }
    end_round();
  }

  float log_odds(std::size_t var) const {
    if (const Value value = root_values_[var]) return value > 0 ? belief_limit : -belief_limit;
    return std::clamp(static_cast<float>(-std::log(pressures_[var].odds_false)), -belief_limit,
                      belief_limit);
  }

 private:
  Pressure &pressure(std::size_t edge) {
    return pressures_[static_cast<std::size_t>(lits_[edge]) >> 1];
  }
  std::size_t sign(std::size_t edge) const { return static_cast<std::size_t>(lits_[edge]) & 1; }

  double is_false(std::size_t edge) {
    return std::max(pressure(edge).is_false(sign(edge), messages_[edge]), least_false);
  }

  void tell_clause(std::size_t first, std::size_t last) {
    const auto mean = [this](std::size_t edge, double others_false) {
      tell(edge, (messages_[edge] + 1 - others_false) / 2);
    };
    // Without divisions for the clauses that most formulas have most of.
    if (last - first == 2) {
      const double p = is_false(first), q = is_false(first + 1);
      mean(first, q);
      mean(first + 1, p);
    } else if (last - first == 3) {
      const double p = is_false(first), q = is_false(first + 1), r = is_false(first + 2);
      mean(first, q * r);
      mean(first + 1, p * r);
      mean(first + 2, p * q);
    } else {
      false_.resize(last - first);
      double all_false = 1;
      for (auto i = first; i != last; ++i) {
        false_[i - first] = is_false(i);
        all_false *= false_[i - first];
      }
      if (all_false < negligible) all_false = 0;
      for (auto i = first; i != last; ++i) mean(i, all_false / false_[i - first]);
    }
  }

  // The clause's new message to its literal.
  void tell(std::size_t edge, double message) {
    messages_[edge] = std::max(message, least_message);
    double &product = pressure(edge).product[sign(edge)];
    product *= messages_[edge];
    if (product < underflow) {
      product *= rescale;
      ++scales_[static_cast<std::size_t>(lits_[edge])];
    }
  }

  void end_round() {
    for (std::size_t var = 0; var != pressures_.size(); ++var) {
      Pressure &each = pressures_[var];
      std::int32_t &positive = scales_[2 * var], &negative = scales_[2 * var + 1];
      if (const Value value = root_values_[var])
        each.odds_false = value > 0 ? 1 / most_odds : most_odds;
      else if (positive != negative)
        each.odds_false = odds_apart(each, positive - negative);
      else
        each.odds_false = each.product[0] / each.product[1];
      each.product = {1, 1};
      positive = negative = 0;
    }
  }

  static double odds_apart(const Pressure &each, std::int32_t scale) {
    const double log = std::log(each.product[0] / each.product[1]) - scale * log_rescale;
    return std::exp(std::clamp(log, -std::log(most_odds), std::log(most_odds)));
  }

  std::span<const std::int64_t> offsets_;
  std::span<const std::int32_t> lits_;
  std::span<const Value> root_values_;
  const std::function<void(std::size_t)> &poll_;
  std::vector<Pressure> pressures_;
  // By literal code: how often its product was rescaled in this round.
  std::vector<std::int32_t> scales_;
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
