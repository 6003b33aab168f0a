// SPDX-License-Identifier: MIT
// The verbs of inprocessing: passes that change the formula between two stretches of search.
#pragma once

#include "solver/core.hpp"

namespace nb {

class Effort;

// extend.cpp
void extend(Core &core);
void restore(Core &core);

// encode.cpp: rows to clauses, as soon as one is due.
std::int64_t clauses_of_row(std::int64_t size, std::int64_t bound);
void note_due(Core &core, const Linear &row);
bool encoding(const Core &core);
void encode(Core &core);

// simplify.cpp: rounds of techniques, the first before the search.
bool simplifying(Core &core);
void simplify(Core &core);
void preprocess(Core &core);

// The techniques.  `run` calls them: at the root, propagated and consistent.
#define TECHNIQUE(name, ...) void name(Core &core, Effort &effort);
#include "solver/techniques.def"

// transitive.cpp: root level, propagated.  Removes copies of binary clauses.
void deduplicate(Core &core);

}  // namespace nb
