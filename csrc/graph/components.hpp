// SPDX-License-Identifier: MIT
// The connected components of a formula: each gets a meta node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/poll.hpp"
#include "graph/rows.hpp"

namespace nb {

// Components are numbered by their first clause; an isolated variable has -1.
struct Components {
  std::size_t count = 0;
  std::vector<std::int32_t> of_clause, of_var;
};

Components find_components(const Rows &rows, const Poll &poll);

}  // namespace nb
