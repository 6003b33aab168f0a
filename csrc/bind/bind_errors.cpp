// SPDX-License-Identifier: MIT
#include <cerrno>

#include "base/error.hpp"
#include "bind/bind.hpp"

namespace nb::bind {

namespace py = pybind11;

// ParseError reaches Python as an exception with `line`, `column`, `found` and `expected` as
// arguments; neuroback/formula.py adds the name of the file.
void register_errors(py::module_ &module) {
  static PyObject *parse_error =
      PyErr_NewException("neuroback._core.ParseError", PyExc_ValueError, nullptr);
  static PyObject *file_error =
      PyErr_NewException("neuroback._core.FileError", PyExc_OSError, nullptr);
  static PyObject *interrupted =
      PyErr_NewException("neuroback._core.Interrupted", PyExc_RuntimeError, nullptr);
  module.attr("ParseError") = py::reinterpret_borrow<py::object>(parse_error);
  module.attr("FileError") = py::reinterpret_borrow<py::object>(file_error);
  module.attr("Interrupted") = py::reinterpret_borrow<py::object>(interrupted);
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const ParseError &error) {
      const py::tuple arguments =
          py::make_tuple(error.line, error.column, error.found, error.expected);
      PyErr_SetObject(parse_error, arguments.ptr());
    } catch (const SystemError &error) {
      errno = error.code().value();
      PyErr_SetFromErrno(PyExc_OSError);
    } catch (const FileError &error) {
      PyErr_SetString(file_error, error.what());
    } catch (const Interrupted &error) {
      PyErr_SetString(interrupted, error.what());
    } catch (const ContractError &error) {
      PyErr_SetString(PyExc_ValueError, error.what());
    }
  });
}

}  // namespace nb::bind
