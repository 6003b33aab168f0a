// SPDX-License-Identifier: MIT
// Clauses and literals as Python hands them over, turned into DIMACS integers.
//
// A literal is a Python integer, a NumPy integer or anything else with __index__; a clause is any
// iterable of literals, and clauses are any iterable of clauses.  Integer buffers are read in
// place.  A 0, a bool, a float, or a literal out of range is a ContractError (ValueError) that
// names the place.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "bind/bind.hpp"

namespace nb::bind {

using Literals = std::vector<std::int32_t>;

// Bytes of an integer of `info`: 4 or 8 if they are signed ones in this machine's order.
// Throws ContractError that begins with `what` otherwise.
int required_integers(const pybind11::buffer_info &info, const char *what);

// The elements of a flat buffer one after another; copied if they do not lie as T must, as in a
// message that another process sent.
template <class T>
class Elements {
 public:
  explicit Elements(const pybind11::buffer_info &info)
      : data_(static_cast<const T *>(info.ptr)), size_(static_cast<std::size_t>(info.size)) {
    NB_REQUIRE(info.ndim == 1, "an array of %d dimensions, expected 1",
               static_cast<int>(info.ndim));
    NB_REQUIRE(info.size == 0 || info.strides[0] == info.itemsize, "the array is not contiguous");
    if (reinterpret_cast<std::uintptr_t>(info.ptr) % alignof(T) == 0) return;
    copy_.resize(size_);
    std::memcpy(copy_.data(), info.ptr, size_ * sizeof(T));
    data_ = copy_.data();
  }

  const T *data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  const T *data_;
  std::size_t size_;
  std::vector<T> copy_;
};

// `work` on the Elements of a buffer of int32 or int64.  Throws as `required_integers` does.
template <class Work>
auto with_integers(const pybind11::buffer_info &info, const char *what, const Work &work) {
  if (required_integers(info, what) == 4) return work(Elements<std::int32_t>(info));
  return work(Elements<std::int64_t>(info));
}

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
