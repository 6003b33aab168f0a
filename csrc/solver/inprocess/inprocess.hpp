// SPDX-License-Identifier: MIT
// The verbs of inprocessing: passes that change the formula between two stretches of search.
#pragma once

#include "solver/core.hpp"

namespace nb {

// extend.cpp
void extend(Core &core);
void restore(Core &core);

// walk.cpp: local search; sets the saved phases to its best assignment.
void walk(Core &core, bool initially);

}  // namespace nb
