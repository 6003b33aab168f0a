// SPDX-License-Identifier: MIT
// A propagator written in Python, with the methods of PySAT's `Propagator`.
//
// What it raises is kept for the session, which raises it when the core has come to rest.
#pragma once

#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "bind/bind.hpp"
#include "solver/user_propagator.hpp"

namespace nb::bind {

class PythonPropagator : public UserPropagator {
 public:
  PythonPropagator(const pybind11::object &propagator, std::exception_ptr &kept,
                   std::atomic<bool> &failed);

  void hear(std::span<const Event> events) override;
  void backtrack(std::uint32_t level) override;
  bool accepts(std::span<const std::int32_t> model) override;
  std::int32_t decide() override;
  void propagate(std::vector<std::int32_t> &literals) override;
  void reason(std::int32_t literal, std::vector<std::int32_t> &clause) override;
  bool add_clause(std::vector<std::int32_t> &clause) override;
  bool failed() const override { return failed_.load(std::memory_order_relaxed); }
  void blame(const char *what) override;

  bool lazy() const { return lazy_; }
  // Is the caller one of its methods?
  bool calling() const { return thread_.load() == std::this_thread::get_id(); }

 private:
  template <class Call>
  void guarded(Call call) noexcept;

  // Methods that it has; empty if PySAT's class gives one that does nothing.
  pybind11::object on_assignment_, on_new_level_, on_backtrack_, check_model_, decide_, propagate_,
      provide_reason_, has_clause_, add_clause_;
  bool lazy_ = false;
  std::exception_ptr &kept_;
  std::atomic<bool> &failed_;
  std::atomic<std::thread::id> thread_{};
};

}  // namespace nb::bind
