// SPDX-License-Identifier: MIT
// What must hold between two steps of the search, as functions that abort if it does not.
// They cost a pass over everything and run in check builds only: NB_CHECK(2, check_all(core)).
#pragma once

#include "solver/core.hpp"

namespace nb {

void check_trail(const Core &core);
void check_watches(const Core &core);
void check_order(const Core &core);
void check_clauses(const Core &core);
void check_constraints(const Core &core);
void check_all(const Core &core);

}  // namespace nb
