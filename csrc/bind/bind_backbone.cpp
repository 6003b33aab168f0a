// SPDX-License-Identifier: MIT
#include <pybind11/stl.h>

#include <exception>
#include <memory>
#include <optional>

#include "backbone/extractor.hpp"
#include "bind/bind.hpp"

namespace nb::bind {

namespace py = pybind11;

namespace {

using Signs = py::array_t<Value, py::array::c_style>;
using Odds = py::array_t<float, py::array::c_style | py::array::forcecast>;
using Marks = py::array_t<std::uint8_t, py::array::c_style | py::array::forcecast>;

template <class Array>
auto values_of(const Array &array) {
  return std::span(array.data(), static_cast<std::size_t>(array.size()));
}

// An extractor and the Python functions that it calls every 20 ms or so.
//   should_stop   () -> bool
//   on_proved     (int32 array) -> None, takes literals as they are proved
class Backbone {
 public:
  Backbone(py::object formula, std::uint64_t seed, std::size_t keep_models, bool check_signals,
           py::object should_stop, py::object on_proved, std::int64_t question_conflicts)
      : formula_(std::move(formula)),
        should_stop_(std::move(should_stop)),
        on_proved_(std::move(on_proved)),
        check_signals_(check_signals) {
    const auto &core = formula_.cast<const Formula &>();
    const py::gil_scoped_release release;
    extractor_ = std::make_unique<Extractor>(core, seed, [this] { return poll(); });
    extractor_->keep_models = keep_models;
    extractor_->question_conflicts = question_conflicts;
  }

  // Work without the GIL.  What a Python function threw ends it and is thrown again.
  template <class Call>
  auto inside(Call call) {
    extractor_->resume();
    auto result = [&] {
      const py::gil_scoped_release release;
      return call(*extractor_);
    }();
    tell();
    if (kept_) std::rethrow_exception(std::exchange(kept_, nullptr));
    return result;
  }

  py::list models() const {
    py::list list;
    for (const auto &model : extractor_->models())
      list.append(copy_of(std::span<const Value>(model)));
    return list;
  }

  // Where a random walk of so many sweeps from `model` ends.
  py::array wander(const Signs &model, int sweeps) {
    FlipWalk &walk = extractor_->walk();
    {
      const auto values = values_of(model);
      const py::gil_scoped_release release;
      walk.start(values);
      for (int i = 0; i < sweeps; ++i) walk.sweep(extractor_->random(), {});
    }
    return copy_of(walk.model());
  }

  py::dict counts() const {
    const BackboneCounts &counts = extractor_->counts();
    py::dict dict;
    dict["calls"] = counts.calls;
    dict["satisfiable"] = counts.satisfiable;
    dict["unsatisfiable"] = counts.unsatisfiable;
    dict["unanswered"] = counts.unanswered;
    dict["flipped"] = counts.flipped;
    dict["refuted"] = counts.refuted;
    dict["failed"] = counts.failed;
    dict["asked"] = counts.asked;
    dict["ticks"] = extractor_->solver().statistic("ticks");
    return dict;
  }

  Extractor &extractor() { return *extractor_; }

 private:
  bool poll() {
    const py::gil_scoped_acquire acquire;
    try {
      if (check_signals_ && PyErr_CheckSignals() != 0) throw py::error_already_set();
      tell();
      return !should_stop_.is_none() && py::bool_(should_stop_());
    } catch (...) {
      kept_ = std::current_exception();
      return true;
    }
  }

  void tell() {
    if (on_proved_.is_none()) return;
    const auto fresh = extractor_->proofs().subspan(told_);
    if (fresh.empty()) return;
    told_ += fresh.size();
    on_proved_(copy_of(fresh));
  }

  // The extractor refers to the formula.
  py::object formula_;
  py::object should_stop_, on_proved_;
  bool check_signals_;
  std::size_t told_ = 0;
  std::exception_ptr kept_;
  std::unique_ptr<Extractor> extractor_;
};

}  // namespace

void register_backbone(py::module_ &module) {
  py::class_<Backbone>(module, "Backbone")
      .def(py::init<py::object, std::uint64_t, std::size_t, bool, py::object, py::object,
                    std::int64_t>(),
           py::arg("formula"), py::arg("seed") = 0, py::arg("keep_models") = 0,
           py::arg("check_signals") = false, py::arg("should_stop") = py::none(),
           py::arg("on_proved") = py::none(), py::arg("question_conflicts") = 200)
      .def("load", [](Backbone &self) { return self.inside([](auto &e) { return e.load(); }); })
      .def(
          "local_minima",
          [](Backbone &self, int count) {
            const auto sum = self.inside([&](auto &e) { return e.local_minima(count); });
            return copy_of(std::span<const float>(sum));
          },
          py::arg("count"))
      .def(
          "find_model",
          [](Backbone &self, std::int64_t conflicts) {
            return self.inside([&](auto &e) { return e.find_model(conflicts); });
          },
          py::arg("conflicts") = -1)
      .def(
          "restrict",
          [](Backbone &self, const Marks &wanted) {
            self.extractor().restrict_to(values_of(wanted));
          },
          py::arg("wanted"))
      .def(
          "set_order",
          [](Backbone &self, const Odds &log_odds) {
            self.extractor().set_order(values_of(log_odds));
          },
          py::arg("log_odds"))
      .def(
          "settle",
          [](Backbone &self, std::int64_t conflicts) {
            return self.inside([&](auto &e) { return e.settle(conflicts); });
          },
          py::arg("conflicts") = -1)
      .def(
          "ask",
          [](Backbone &self, const std::vector<std::int32_t> &assumptions, std::int64_t conflicts) {
            return self.inside([&](auto &e) { return e.ask(assumptions, conflicts); });
          },
          py::arg("assumptions"), py::arg("conflicts") = -1)
      .def(
          "prefer",
          [](Backbone &self, const Signs &phases) { self.extractor().prefer(values_of(phases)); },
          py::arg("phases").noconvert())
      .def("wander", &Backbone::wander, py::arg("model").noconvert(), py::arg("sweeps"))
      .def("model", [](Backbone &self) { return copy_of(self.extractor().model()); })
      .def("models", &Backbone::models)
      .def("counts", &Backbone::counts)
      .def("statistics",
           [](Backbone &self) {
             py::dict dict;
             for (const StatisticInfo &row : self.extractor().solver().statistics())
               dict[py::str(row.name.data(), row.name.size())] = row.value;
             return dict;
           })
      .def_property_readonly("proven",
                             [](Backbone &self) { return copy_of(self.extractor().proven()); })
      .def_property_readonly("candidates",
                             [](Backbone &self) { return copy_of(self.extractor().candidates()); })
      .def_property_readonly("open", [](Backbone &self) { return self.extractor().open(); })
      .def_property_readonly("spent", [](Backbone &self) { return self.extractor().spent(); })
      .def_property_readonly("conflicts",
                             [](Backbone &self) { return self.extractor().conflicts(); });
}

}  // namespace nb::bind
