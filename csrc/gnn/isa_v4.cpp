// SPDX-License-Identifier: MIT
// AVX-512: 32 registers, eight rows are sixteen of them.
#include "gnn/kernels.hpp"

#ifdef NB_X86_LEVELS

#define NB_ISA v4
#define NB_VECTOR_BYTES 64
#define NB_ROWS 8
#define NB_TARGET __attribute__((target("avx2,fma,avx512f,avx512dq,avx512vl,avx512bw")))

#include "gnn/isa.hpp"

#endif
