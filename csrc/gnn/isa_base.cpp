// SPDX-License-Identifier: MIT
// What every machine has: SSE2 on x86-64, NEON on aarch64.
#define NB_ISA base
#define NB_VECTOR_BYTES 16
#define NB_ROWS 1
#define NB_TARGET

#include "gnn/isa.hpp"
