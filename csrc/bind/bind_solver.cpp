// SPDX-License-Identifier: MIT
#include <pybind11/stl.h>

#include <tuple>
#include <vector>

#include "bind/session.hpp"
#include "solver/techniques.hpp"

namespace nb::bind {

namespace py = pybind11;

namespace {

// Name, unit and meaning of each counter.
std::vector<std::tuple<std::string_view, std::string_view, std::string_view>> counters() {
  std::vector<std::tuple<std::string_view, std::string_view, std::string_view>> rows;
  for (const StatisticRow &row : statistic_table)
    rows.emplace_back(row.name, row.unit, row.description);
  return rows;
}

// Name, letter in reports (' ' for none) and meaning of each technique.
std::vector<std::tuple<std::string_view, char, std::string_view>> techniques() {
  std::vector<std::tuple<std::string_view, char, std::string_view>> rows;
  for (const TechniqueRow &row : technique_table)
    rows.emplace_back(row.name, row.letter, row.description);
  return rows;
}

// Letter in reports and meaning of everything else they tell.
std::vector<std::tuple<char, std::string_view>> events() {
  std::vector<std::tuple<char, std::string_view>> rows;
  for (const EventRow &row : event_table) rows.emplace_back(row.letter, row.description);
  return rows;
}

}  // namespace

void register_solver(py::module_ &module) {
  module.def("counters", &counters);
  module.def("techniques", &techniques);
  module.def("events", &events);
  py::class_<Session>(module, "Session")
      .def(py::init<>())
      .def("add_clause", &Session::add_clause, py::arg("clause"))
      .def("add_clauses", &Session::add_clauses, py::arg("clauses"))
      .def("add_csr", &Session::add_csr, py::arg("literals"), py::arg("offsets"))
      .def("add_formula", &Session::add_formula, py::arg("clauses"), py::arg("linears"))
      .def("add_linear", &Session::add_linear, py::arg("literals"), py::arg("weights"),
           py::arg("bound"))
      .def("add_parity", &Session::add_parity, py::arg("literals"), py::arg("odd"))
      .def_property_readonly("num_constraints", &Session::num_constraints)
      .def("connect_propagator", &Session::connect_propagator, py::arg("propagator"))
      .def("observe", &Session::observe, py::arg("var"), py::arg("observed"))
      .def("reset_observed", &Session::reset_observed)
      .def_property("passive", &Session::passive, &Session::set_passive)
      .def("is_decision", &Session::is_decision, py::arg("literal"))
      .def("succeed", &Session::succeed, py::arg("other"))
      .def("load", &Session::load, py::arg("formula"), py::arg("check_signals") = false,
           py::arg("should_stop") = py::none())
      .def("follow", &Session::follow, py::arg("other"))
      .def("reserve", &Session::reserve, py::arg("num_vars"))
      .def_property_readonly("num_vars", &Session::num_vars)
      .def_property_readonly("num_clauses", &Session::num_clauses)
      .def("clauses", &Session::clauses, py::arg("assumptions") = py::tuple())
      .def("propagate_units", &Session::propagate_units)
      .def("connect_proof", &Session::connect_proof, py::arg("form"), py::arg("sink") = py::none())
      .def("kept_proof", &Session::kept_proof)
      .def(
          "solve",
          [](Session &session, const py::object &assumptions, std::int64_t conflicts,
             std::int64_t decisions, std::int64_t propagations, double seconds, bool check_signals,
             const py::object &should_stop, std::int64_t ticks) {
            Budget budget;
            budget.conflicts = conflicts;
            budget.decisions = decisions;
            budget.propagations = propagations;
            budget.seconds = seconds;
            budget.ticks = ticks;
            return session.solve(assumptions, budget, check_signals, should_stop);
          },
          py::arg("assumptions") = py::tuple(), py::arg("conflicts") = -1,
          py::arg("decisions") = -1, py::arg("propagations") = -1, py::arg("seconds") = -1.0,
          py::arg("check_signals") = false, py::arg("should_stop") = py::none(),
          py::arg("ticks") = -1)
      .def("stop_reason", &Session::stop_reason)
      .def("model", &Session::model)
      .def("model_values", &Session::model_values)
      .def("model_bytes", &Session::model_bytes)
      .def("core", &Session::core)
      .def("propagate", &Session::propagate, py::arg("assumptions"))
      .def("interrupt", &Session::interrupt)
      .def("clear_interrupt", &Session::clear_interrupt)
      .def_property_readonly("interrupted", &Session::interrupted)
      .def_property_readonly("busy", &Session::busy)
      .def("set_phases", &Session::set_phases, py::arg("literals"))
      .def("clear_phases", &Session::clear_phases)
      .def("advise", &Session::advise, py::arg("phases"), py::arg("confidence") = py::none(),
           py::arg("mode") = "initial", py::arg("at") = -1)
      .def("handovers", &Session::handovers)
      .def("statistics", &Session::statistics)
      .def("progress", &Session::progress)
      .def("options", &Session::options)
      .def("set_option", &Session::set_option, py::arg("name"), py::arg("value"))
      .def("at_milestone", &Session::at_milestone, py::arg("conflicts"), py::arg("ticks"),
           py::arg("ask"))
      .def("keep_to_rup", &Session::keep_to_rup)
      .def("on_report", &Session::on_report, py::arg("sink"))
      .def("on_learn", &Session::on_learn, py::arg("sink"), py::arg("max_length"))
      .def("irredundant_clauses", &Session::irredundant_clauses)
      .def_property_readonly("bytes", &Session::bytes);
}

}  // namespace nb::bind
