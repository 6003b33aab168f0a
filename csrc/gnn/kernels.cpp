// SPDX-License-Identifier: MIT
#include "gnn/kernels.hpp"

#include <cstdlib>
#include <string_view>

namespace nb::gnn {

namespace {

const Kernels &choose() {
#ifdef NB_X86_LEVELS
  const char *wish = std::getenv("NEUROBACK_SIMD");
  const std::string_view limit = wish != nullptr ? wish : "v4";
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
  if (v4 && limit != "v3" && limit != "base") return v4::kernels;
  if (v3 && limit != "base") return v3::kernels;
#endif
  return base::kernels;
}

}  // namespace

const Kernels &kernels() {
  static const Kernels &chosen = choose();
  return chosen;
}

}  // namespace nb::gnn
