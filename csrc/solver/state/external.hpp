// SPDX-License-Identifier: MIT
// What the solver keeps about the user's propagator; see search/external.cpp.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/index_vector.hpp"
#include "formula/literal.hpp"
#include "solver/user_propagator.hpp"

namespace nb {

struct External {
  UserPropagator *propagator = nullptr;
  // Hears of nothing but backtracking and is asked about models only.
  bool passive = false;
  // Literals and levels of the trail that it has heard of.
  std::uint32_t told = 0, told_level = 0;
  // Trail and level when it last had nothing to add.
  std::uint32_t quiet_trail = ~0u, quiet_level = ~0u;
  IndexVector<Var, std::uint8_t> observed;
  // Asked for while a call was under way; positive to observe, negative to ignore.
  std::vector<std::int32_t> requests;
  // Reasons given for literals that still have their value.
  std::unordered_map<std::uint32_t, std::vector<std::int32_t>> reasons;
  std::vector<UserPropagator::Event> events;
  std::vector<std::int32_t> buffer;
};

// Thrown when the search cannot go on: the propagator has failed, or gave a fact as a reason.
struct Abandon {
  Lit fact;
  bool has_fact = false;
};

}  // namespace nb
