// SPDX-License-Identifier: MIT
// AVX2 with fused multiply-add: 16 registers, three rows are twelve of them.
#include "gnn/kernels.hpp"

#ifdef NB_X86_LEVELS

#define NB_ISA v3
#define NB_VECTOR_BYTES 32
#define NB_ROWS 3
#define NB_TARGET __attribute__((target("avx2,fma")))

#include "gnn/isa.hpp"

#endif
