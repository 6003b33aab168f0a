// SPDX-License-Identifier: MIT
// Clauses and literals as Python hands them over, turned into DIMACS integers.
//
// Taken are Python integers, NumPy integers and anything else with __index__; any iterable is a
// clause and any iterable of clauses is many.  Integer buffers are read in place.  A 0, a bool, a
// float, or a literal out of range is a ContractError (ValueError) that names the place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bind/bind.hpp"

namespace nb::bind {

using Literals = std::vector<std::int32_t>;

// One iterable of literals, appended to `out`.  `place` opens the message of an error, as in
// "assumptions, position 3: ...".
void append_literals(pybind11::handle literals, const std::string &place, Literals &out);

// An iterable of clauses, appended to `out`, a 0 behind each.  Returns their number.  An iterator
// is consumed; on an error `out` holds what came before.
std::size_t append_clauses(pybind11::handle clauses, Literals &out);

// Is this a flat buffer of 32- or 64-bit integers (an array, not a list of clauses)?
bool is_flat_buffer(pybind11::handle object);

// A flat buffer of zero-terminated clauses, or literals with `offsets` (one more than clauses, in
// CSR form).  Appended to `out` with a 0 behind each clause; the GIL is released meanwhile.
std::size_t append_flat(const pybind11::buffer &literals, Literals &out);
std::size_t append_csr(const pybind11::buffer &literals, const pybind11::buffer &offsets,
                       Literals &out);

}  // namespace nb::bind
