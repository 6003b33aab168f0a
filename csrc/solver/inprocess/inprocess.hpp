// SPDX-License-Identifier: MIT
// The verbs of inprocessing: passes that change the formula between two stretches of search.
#pragma once

#include "solver/core.hpp"

namespace nb {

// extend.cpp
void extend(Core &core);
void restore(Core &core);

// simplify.cpp: a round of all passes based on probing.
bool simplifying(Core &core);
void simplify(Core &core);
// Once, before the first search.
void preprocess(Core &core);

void vivify(Core &core);
void substitute(Core &core);
void sweep(Core &core);
void probe(Core &core);
// transitive.cpp
void deduplicate(Core &core);
void reduce_transitively(Core &core);

// eliminate.cpp
bool eliminating(Core &core);
void eliminate(Core &core);

// subsume.cpp: forward subsumption and strengthening of all clauses worth keeping.
void subsume(Core &core);

// lucky.cpp: true if all variables are assigned without conflict.
bool lucky(Core &core);

// walk.cpp: local search; sets the saved phases to its best assignment.
void walk(Core &core, bool initially);

}  // namespace nb
