// SPDX-License-Identifier: MIT
// The values tried first.  This is where a prediction enters the search.
//
//   advice   what the caller suggests, 0: nothing
//   user     what the caller insists on (`set_user_phases`), 0: nothing
//   saved    the last value
//   target   the values of the longest trail without conflict since the last rephase
//   best     the same since the last use of `best` by rephase
//
// One function, `initial_phase`, stands for the solver's constant phase.  The table of places
// says which of them take advice instead; each has an option, so that each can be measured.
#pragma once

#include "base/index_vector.hpp"
#include "formula/literal.hpp"
#include "solver/options.hpp"
#include "solver/result.hpp"

namespace nb {

enum class Place { decide, rephase_initial, rephase_inverted, focused, walk };

struct PlaceRow {
  Place place;
  int Options::*takes_advice;
};

inline constexpr PlaceRow advice_places[] = {
    {Place::decide, &Options::advice_decide},
    {Place::rephase_initial, &Options::advice_rephase_initial},
    {Place::rephase_inverted, &Options::advice_rephase_inverted},
    {Place::focused, &Options::advice_focused},
    {Place::walk, &Options::advice_walk},
};

struct Phases {
  IndexVector<Var, Value> advice;
  IndexVector<Var, float> confidence;
  IndexVector<Var, Value> user;
  IndexVector<Var, Value> saved;
  IndexVector<Var, Value> target;
  IndexVector<Var, Value> best;
  AdviceMode mode = AdviceMode::off;
  bool any_user = false;
  // Length of the trails that `target` and `best` came from.
  std::uint32_t target_assigned = 0;
  std::uint32_t best_assigned = 0;

  void resize(std::size_t vars) {
    for (auto *table : {&advice, &user, &saved, &target, &best}) table->resize(vars, 0);
    confidence.resize(vars, 1.0f);
  }
};

inline Value initial_phase(const Phases &phases, const Options &options, Place place, Var var) {
  const Value constant = options.phase ? 1 : -1;
  if (phases.mode == AdviceMode::off) return constant;
  if (phases.mode == AdviceMode::first && place != Place::decide) return constant;
  if (!(options.*advice_places[static_cast<int>(place)].takes_advice)) return constant;
  const Value advice = phases.advice[var];
  return advice ? advice : constant;
}

}  // namespace nb
