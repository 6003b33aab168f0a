// SPDX-License-Identifier: MIT
// One register_<thing> per bind_<thing>.cpp; module.cpp lists them.
#pragma once

#include <pybind11/pybind11.h>

namespace nb::bind {

void register_errors(pybind11::module_ &module);
void register_formula(pybind11::module_ &module);

}  // namespace nb::bind
