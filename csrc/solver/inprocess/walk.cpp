// SPDX-License-Identifier: MIT
#include "solver/inprocess/inprocess.hpp"

namespace nb {

void walk(Core &, bool) {}

}  // namespace nb
