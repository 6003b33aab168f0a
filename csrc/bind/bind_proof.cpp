// SPDX-License-Identifier: MIT
#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/check.hpp"
#include "bind/bind.hpp"
#include "formula/formula.hpp"
#include "proof/online_check.hpp"
#include "proof/proof_check.hpp"
#include "proof/proof_detect.hpp"

namespace nb::bind {

namespace py = pybind11;

namespace {

using Clock = std::chrono::steady_clock;

// How often Python is asked, which takes the GIL.
constexpr auto ask_interval = std::chrono::milliseconds(50);

std::span<const unsigned char> bytes_of(const py::buffer_info &info) {
  return {static_cast<const unsigned char *>(info.ptr),
          static_cast<std::size_t>(info.size * info.itemsize)};
}

ProofForm form_named(const std::string &name) {
  const auto form = proof_form_named(name);
  NB_REQUIRE(form.has_value(), "no form of proofs is called '%s'", name.c_str());
  return *form;
}

// A ProofCheck that stops for a deadline, for stop() from another thread, for Ctrl-C and for a
// Python callable.
class StoppableCheck {
 public:
  StoppableCheck(const Formula &formula, const std::string &form)
      : check_(formula, form_named(form)) {
    check_.set_should_stop([this] { return should_stop(); });
  }

  void set_deadline(std::optional<double> seconds) {
    deadline_.reset();
    // A wait of a hundred years is none, and would overflow the clock.
    if (seconds && *seconds < 3e9)
      deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                     std::chrono::duration<double>(*seconds));
  }
  void set_callback(std::function<bool()> callback) { callback_ = std::move(callback); }
  void stop() { stopped_ = true; }
  bool out_of_time() const { return out_of_time_; }
  ProofCheck &check() { return check_; }

 private:
  bool should_stop() {
    if (stopped_) return true;
    const auto now = Clock::now();
    if (deadline_ && now >= *deadline_) return out_of_time_ = true;
    if (now < next_ask_) return false;
    next_ask_ = now + ask_interval;
    const py::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    return callback_ && callback_();
  }

  ProofCheck check_;
  std::atomic<bool> stopped_ = false;
  bool out_of_time_ = false;
  std::optional<Clock::time_point> deadline_;
  Clock::time_point next_ask_ = Clock::now() + ask_interval;
  std::function<bool()> callback_;
};

template <auto member>
auto get(StoppableCheck &self) {
  return (self.check().*member)();
}

using Clause = std::vector<std::int32_t>;

}  // namespace

void register_proof(py::module_ &module) {
  module.def(
      "detect_proof",
      [](const py::buffer &beginning, bool whole, std::uint64_t num_clauses) {
        const py::buffer_info info = beginning.request();
        const ProofDetection found = detect_proof(bytes_of(info), whole, num_clauses);
        std::vector<std::string> forms;
        for (const ProofForm form : found.forms) forms.emplace_back(name_of(form));
        return py::make_tuple(forms, found.ids_fit, std::string(found.other));
      },
      py::arg("beginning"), py::arg("whole") = true, py::arg("num_clauses") = 0);

  py::class_<StoppableCheck>(module, "ProofCheck")
      .def(py::init<const Formula &, const std::string &>(), py::arg("formula"), py::arg("form"),
           py::keep_alive<1, 2>())
      .def("set_deadline", &StoppableCheck::set_deadline, py::arg("seconds"))
      .def("set_callback", &StoppableCheck::set_callback, py::arg("callback"))
      .def("stop", &StoppableCheck::stop)
      .def("make_rare_events_frequent",
           [](StoppableCheck &self) { self.check().make_rare_events_frequent(); })
      .def("load",
           [](StoppableCheck &self) {
             py::gil_scoped_release release;
             return self.check().load();
           })
      .def(
          "feed",
          [](StoppableCheck &self, const py::buffer &chunk) {
            const py::buffer_info info = chunk.request();
            py::gil_scoped_release release;
            return self.check().feed(bytes_of(info));
          },
          py::arg("chunk"))
      .def("finish",
           [](StoppableCheck &self) {
             py::gil_scoped_release release;
             self.check().finish();
           })
      .def_property_readonly("out_of_time", &StoppableCheck::out_of_time)
      .def_property_readonly("verified", &get<&ProofCheck::verified>)
      .def_property_readonly("reason", &get<&ProofCheck::reason>)
      .def_property_readonly("steps", &get<&ProofCheck::steps>)
      .def_property_readonly("bytes", &get<&ProofCheck::bytes>)
      .def_property_readonly("lemmas", &get<&ProofCheck::lemmas>)
      .def_property_readonly("rat_lemmas", &get<&ProofCheck::rat_lemmas>)
      .def_property_readonly("other_pivots", &get<&ProofCheck::other_pivots>)
      .def_property_readonly("deletions", &get<&ProofCheck::deletions>)
      .def_property_readonly("missing_deletions", &get<&ProofCheck::missing_deletions>)
      .def_property_readonly("propagations", &get<&ProofCheck::propagations>);

  // The listener that a solver under test talks to; here for the tests of the listener itself.
  py::class_<OnlineCheck>(module, "OnlineCheck")
      .def(py::init<bool>(), py::arg("with_hints") = false)
      .def("original", [](OnlineCheck &self, std::uint64_t id,
                          const Clause &clause) { self.original(id, clause); })
      .def("add", [](OnlineCheck &self, std::uint64_t id, const Clause &clause,
                     const std::vector<std::int64_t> &hints) { self.add(id, clause, hints); })
      .def("erase", [](OnlineCheck &self, std::uint64_t id,
                       const Clause &clause) { self.erase(id, clause); })
      .def("expect_refuted", &OnlineCheck::expect_refuted)
      .def("expect_no_leak", &OnlineCheck::expect_no_leak)
      .def_property_readonly("alive", &OnlineCheck::alive);
}

}  // namespace nb::bind
