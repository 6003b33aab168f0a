// SPDX-License-Identifier: MIT
#include "bind/python_propagator.hpp"

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "bind/clauses.hpp"

namespace nb::bind {

namespace py = pybind11;

namespace {

// PySAT's own methods of this name say and do nothing, so they need not be called.
py::object method_of(const py::object &propagator, const char *name) {
  const py::object method = py::getattr(propagator, name, py::none());
  if (method.is_none()) return {};
  const py::object module = py::getattr(method, "__module__", py::str());
  const py::object owner = py::getattr(method, "__qualname__", py::str());
  const bool inherited = py::str(module).cast<std::string>() == "pysat.engines" &&
                         py::str(owner).cast<std::string>().starts_with("Propagator.");
  return inherited ? py::object() : method;
}

py::object checked(PyObject *result) {
  if (!result) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(result);
}

py::object number(std::int32_t literal) {
  return checked(PyLong_FromLong(literal));
}

py::object call_with(const py::object &method, const py::object &argument) {
  return checked(PyObject_CallOneArg(method.ptr(), argument.ptr()));
}

py::object call(const py::object &method) {
  return checked(PyObject_CallNoArgs(method.ptr()));
}

py::list list_of(std::span<const std::int32_t> literals) {
  py::list list(literals.size());
  for (std::size_t i = 0; i < literals.size(); ++i)
    PyList_SET_ITEM(list.ptr(), static_cast<py::ssize_t>(i), number(literals[i]).release().ptr());
  return list;
}

// None stands for no literals.
void take_literals(const py::object &literals, const char *place, Literals &out) {
  if (!literals.is_none()) append_literals(literals, place, out);
}

}  // namespace

PythonPropagator::PythonPropagator(const py::object &propagator, std::exception_ptr &kept,
                                   std::atomic<bool> &failed)
    : on_assignment_(method_of(propagator, "on_assignment")),
      on_new_level_(method_of(propagator, "on_new_level")),
      on_backtrack_(method_of(propagator, "on_backtrack")),
      check_model_(method_of(propagator, "check_model")),
      decide_(method_of(propagator, "decide")),
      propagate_(method_of(propagator, "propagate")),
      provide_reason_(method_of(propagator, "provide_reason")),
      has_clause_(method_of(propagator, "has_clause")),
      add_clause_(method_of(propagator, "add_clause")),
      lazy_(py::bool_(py::getattr(propagator, "is_lazy", py::bool_(false)))),
      kept_(kept),
      failed_(failed) {}

template <class Call>
void PythonPropagator::guarded(Call call) noexcept {
  if (failed()) return;
  const py::gil_scoped_acquire acquire;
  const std::thread::id outer = thread_.exchange(std::this_thread::get_id());
  try {
    call();
  } catch (...) {
    kept_ = std::current_exception();
    failed_.store(true);
  }
  thread_.store(outer);
}

void PythonPropagator::hear(std::span<const Event> events) {
  guarded([&] {
    for (const Event event : events) {
      if (!event.literal) {
        if (on_new_level_) call(on_new_level_);
      } else if (on_assignment_) {
        const py::object literal = number(event.literal);
        PyObject *arguments[] = {literal.ptr(), event.fixed ? Py_True : Py_False};
        checked(PyObject_Vectorcall(on_assignment_.ptr(), arguments, 2, nullptr));
      }
    }
  });
}

void PythonPropagator::backtrack(std::uint32_t level) {
  if (!on_backtrack_) return;
  guarded([&] { call_with(on_backtrack_, number(static_cast<std::int32_t>(level))); });
}

bool PythonPropagator::accepts(std::span<const std::int32_t> model) {
  bool accepted = true;
  if (check_model_) guarded([&] { accepted = py::bool_(call_with(check_model_, list_of(model))); });
  return accepted;
}

std::int32_t PythonPropagator::decide() {
  std::int32_t literal = 0;
  if (decide_)
    guarded([&] {
      const py::object decision = call(decide_);
      if (decision.is_none() || decision.equal(py::int_(0))) return;
      Literals literals;
      append_literals(py::make_tuple(decision), "decide", literals);
      literal = literals[0];
    });
  return literal;
}

void PythonPropagator::propagate(std::vector<std::int32_t> &literals) {
  if (propagate_) guarded([&] { take_literals(call(propagate_), "propagate", literals); });
}

void PythonPropagator::reason(std::int32_t literal, std::vector<std::int32_t> &clause) {
  guarded([&] {
    if (!provide_reason_)
      throw ContractError("the propagator implies literals, but gives no reason");
    take_literals(call_with(provide_reason_, number(literal)), "provide_reason", clause);
  });
}

bool PythonPropagator::add_clause(std::vector<std::int32_t> &clause) {
  bool any = false;
  if (add_clause_)
    guarded([&] {
      // If it has said that there is a clause, an empty one counts, too.
      const bool asked = static_cast<bool>(has_clause_);
      if (asked && !py::bool_(call(has_clause_))) return;
      take_literals(call(add_clause_), "add_clause", clause);
      any = asked || !clause.empty();
    });
  return any;
}

void PythonPropagator::blame(const char *what) {
  guarded([&] { throw ContractError(what); });
}

}  // namespace nb::bind
