// SPDX-License-Identifier: MIT
#include "bind/clauses.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.hpp"
#include "formula/literal.hpp"

namespace nb::bind {

namespace py = pybind11;

namespace {

// Signals are looked at after this many literals of one conversion.
constexpr std::size_t signal_interval = 1 << 18;

[[noreturn]] void refuse(const std::string &place, std::size_t position, py::handle found,
                         const char *expected) {
  std::string text;
  try {
    text = py::str(py::repr(found)).cast<std::string>();
  } catch (py::error_already_set &) {
    text = "an object";
  }
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  throw ContractError(format_message("%s, position %zu: %s, expected %s", place.c_str(), position,
                                     text.c_str(), expected));
}

[[noreturn]] void refuse_number(const std::string &place, std::size_t position, long long value) {
  throw ContractError(
      format_message("%s, position %zu: literal %lld, expected 1 to %d or its negation",
                     place.c_str(), position, value, max_dimacs_var));
}

bool in_range(long long value) {
  return value != 0 && value <= max_dimacs_var && value >= -static_cast<long long>(max_dimacs_var);
}

// `place` is made only if it is needed.
template <class Place>
std::int32_t literal_of(PyObject *item, const Place &place, std::size_t position) {
  long long value = 0;
  int overflow = 0;
  if (PyLong_CheckExact(item)) {
    value = PyLong_AsLongLongAndOverflow(item, &overflow);
  } else {
    if (PyBool_Check(item) || PyFloat_Check(item) || !PyIndex_Check(item))
      refuse(place(), position, item, "an integer literal");
    PyObject *number = PyNumber_Index(item);
    if (!number) {
      PyErr_Clear();
      refuse(place(), position, item, "an integer literal");
    }
    value = PyLong_AsLongLongAndOverflow(number, &overflow);
    Py_DECREF(number);
  }
  if (overflow) refuse(place(), position, item, "a literal that a 32-bit integer holds");
  if (!in_range(value)) refuse_number(place(), position, value);
  return static_cast<std::int32_t>(value);
}

// The kind of integers in a buffer: its bytes if it is a signed 32- or 64-bit one, else 0.
int integer_bytes(const py::buffer_info &info) {
  const std::string &format = info.format;
  // The byte order may be named.
  const bool native =
      format.size() == 2 && (format[0] == '=' || format[0] == '@' ||
                             (format[0] == '<' && std::endian::native == std::endian::little));
  if (format.size() != 1 && !native) return 0;
  const char kind = format.back();
  if (kind != 'i' && kind != 'l' && kind != 'q') return 0;
  return info.itemsize == 4 || info.itemsize == 8 ? static_cast<int>(info.itemsize) : 0;
}

template <class T, class Place>
void append_buffer(const py::buffer_info &info, const Place &place, Literals &out) {
  const auto *bytes = static_cast<const char *>(info.ptr);
  for (py::ssize_t i = 0; i < info.size; ++i) {
    T value;
    std::memcpy(&value, bytes + i * info.strides[0], sizeof value);
    if (!in_range(value)) refuse_number(place(), static_cast<std::size_t>(i), value);
    out.push_back(static_cast<std::int32_t>(value));
  }
}

template <class Place>
bool append_if_buffer(PyObject *object, const Place &place, Literals &out) {
  if (!PyObject_CheckBuffer(object)) return false;
  const py::buffer_info info = py::reinterpret_borrow<py::buffer>(object).request();
  const int bytes = integer_bytes(info);
  if (info.ndim != 1 || !bytes) return false;
  if (bytes == 4)
    append_buffer<std::int32_t>(info, place, out);
  else
    append_buffer<std::int64_t>(info, place, out);
  return true;
}

template <class Place>
void append_clause(PyObject *clause, const Place &place, Literals &out) {
  if (PyList_CheckExact(clause) || PyTuple_CheckExact(clause)) {
    // A literal's __index__ may run any code, so the size is read again and again.
    for (py::ssize_t i = 0; i < PySequence_Fast_GET_SIZE(clause); ++i) {
      PyObject *item = PySequence_Fast_GET_ITEM(clause, i);
      if (PyLong_CheckExact(item)) {
        out.push_back(literal_of(item, place, static_cast<std::size_t>(i)));
      } else {
        const auto keep = py::reinterpret_borrow<py::object>(item);
        out.push_back(literal_of(item, place, static_cast<std::size_t>(i)));
      }
    }
    return;
  }
  if (append_if_buffer(clause, place, out)) return;
  PyObject *iterator =
      PyUnicode_Check(clause) || PyBytes_Check(clause) ? nullptr : PyObject_GetIter(clause);
  if (!iterator) {
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_TypeError)) throw py::error_already_set();
    PyErr_Clear();
    throw py::type_error(place() + ": " + py::str(py::type::handle_of(clause)).cast<std::string>() +
                         ", expected an iterable of literals");
  }
  const auto keep = py::reinterpret_steal<py::object>(iterator);
  std::size_t position = 0;
  while (PyObject *item = PyIter_Next(iterator)) {
    const auto held = py::reinterpret_steal<py::object>(item);
    out.push_back(literal_of(item, place, position++));
  }
  if (PyErr_Occurred()) throw py::error_already_set();
}

template <class T>
std::size_t append_flat_of(const T *data, std::size_t size, Literals &out) {
  if (size && data[size - 1] != 0)
    throw ContractError("the array ends inside a clause, expected a final 0");
  const std::size_t start = out.size();
  out.resize(start + size);
  std::int32_t *target = out.data() + start;
  // Two passes that vectorise: is all in range, and the copy.
  T low = 0, high = 0;
  std::size_t clauses = 0;
  for (std::size_t i = 0; i < size; ++i) {
    low = std::min(low, data[i]);
    high = std::max(high, data[i]);
    clauses += data[i] == 0;
    target[i] = static_cast<std::int32_t>(data[i]);
  }
  if (low >= -static_cast<std::int64_t>(max_dimacs_var) && high <= max_dimacs_var) return clauses;
  out.resize(start);
  std::size_t clause = 0, position = 0;
  for (std::size_t i = 0;; ++i) {
    if (data[i] == 0) {
      ++clause;
      position = 0;
      continue;
    }
    if (!in_range(data[i])) refuse_number("clause " + std::to_string(clause), position, data[i]);
    ++position;
  }
}

template <class T, class U>
std::size_t append_csr_of(const T *data, std::size_t size, const U *offsets, std::size_t rows,
                          Literals &out) {
  NB_REQUIRE(rows >= 1 && offsets[0] == 0 && static_cast<std::size_t>(offsets[rows - 1]) == size,
             "offsets must begin with 0 and end with the number of literals");
  for (std::size_t row = 1; row < rows; ++row)
    NB_REQUIRE(offsets[row - 1] <= offsets[row], "offset %zu is smaller than the one before", row);
  const std::size_t start = out.size();
  out.resize(start + size + rows - 1);
  std::int32_t *target = out.data() + start;
  for (std::size_t row = 1; row < rows; ++row) {
    for (auto i = static_cast<std::size_t>(offsets[row - 1]);
         i < static_cast<std::size_t>(offsets[row]); ++i) {
      if (!in_range(data[i])) [[unlikely]] {
        out.resize(start);
        refuse_number("clause " + std::to_string(row - 1),
                      i - static_cast<std::size_t>(offsets[row - 1]), data[i]);
      }
      *target++ = static_cast<std::int32_t>(data[i]);
    }
    *target++ = 0;
  }
  return rows - 1;
}

}  // namespace

int required_integers(const py::buffer_info &info, const char *what) {
  const int bytes = integer_bytes(info);
  NB_REQUIRE(bytes, "%s of format '%s', expected int32 or int64", what, info.format.c_str());
  return bytes;
}

void append_literals(py::handle literals, const std::string &place, Literals &out) {
  append_clause(literals.ptr(), [&] { return place; }, out);
}

std::size_t append_clauses(py::handle clauses, Literals &out) {
  std::size_t index = 0, next_look = out.size() + signal_interval;
  const auto place = [&] { return "clause " + std::to_string(index); };
  const py::iterator iterator = py::iter(clauses);
  while (PyObject *clause = PyIter_Next(iterator.ptr())) {
    const auto held = py::reinterpret_steal<py::object>(clause);
    append_clause(clause, place, out);
    out.push_back(0);
    ++index;
    if (out.size() < next_look) continue;
    next_look = out.size() + signal_interval;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }
  if (PyErr_Occurred()) throw py::error_already_set();
  return index;
}

bool is_flat_buffer(py::handle object) {
  if (!PyObject_CheckBuffer(object.ptr())) return false;
  const py::buffer_info info = py::reinterpret_borrow<py::buffer>(object).request();
  // An array of objects is an iterable like any other.
  return info.ndim == 1 && info.format != "O";
}

std::size_t append_flat(const py::buffer &literals, Literals &out) {
  const py::buffer_info info = literals.request();
  return with_integers(info, "an array", [&](const auto &elements) {
    const py::gil_scoped_release release;
    return append_flat_of(elements.data(), elements.size(), out);
  });
}

std::size_t append_csr(const py::buffer &literals, const py::buffer &offsets, Literals &out) {
  const py::buffer_info info = literals.request(), bounds = offsets.request();
  return with_integers(info, "literals", [&](const auto &elements) {
    return with_integers(bounds, "offsets", [&](const auto &ends) {
      const py::gil_scoped_release release;
      return append_csr_of(elements.data(), elements.size(), ends.data(), ends.size(), out);
    });
  });
}

}  // namespace nb::bind
