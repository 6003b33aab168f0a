// SPDX-License-Identifier: MIT
// The network's advice for a formula, before the search or beside it.
//
// Idea     The rules are those of neuroback/model/advice.py and engines/beside.py: a search gets a
//          head start that grows with what the prediction takes, and takes the advice at a restart.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "formula/formula.hpp"
#include "gnn/checkpoint.hpp"
#include "tools/solve/arguments.hpp"

namespace nb::tools {

// Path of the checkpoint: `model` as given (a file, or the name of a shipped one), else the default
// one that came with the program.  Empty if the default one is not found; throws FileError if
// one that was asked for is not.
std::string find_checkpoint(const std::string &model);

struct Adviser {
  const Formula &formula;
  const Arguments &arguments;
  std::string checkpoint;
  std::function<bool()> stop;
  std::function<void(const std::string &)> tell;

  // None if the model is not sure enough or the formula too large; `tell` gets the reason.  Throws
  // FileError for a broken checkpoint, Interrupted if `stop` said so.
  std::optional<gnn::Advice> advise(unsigned threads) const;
};

// CPUs that this process may use.
unsigned default_threads();

// Makes advice in a second thread and hands it to `give`, once the search has had its head start.
class Beside {
 public:
  Beside(const Adviser &adviser, std::function<void(const gnn::Advice &)> give,
         std::function<void()> failed);
  ~Beside() { end(); }
  Beside(const Beside &) = delete;
  Beside &operator=(const Beside &) = delete;

  // The search is over.
  void end();
  // Throws what went wrong, if `failed` was called.
  void rethrow() const;

 private:
  void run();

  Adviser adviser_;
  std::function<void(const gnn::Advice &)> give_;
  std::function<void()> failed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> over_{false};
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace nb::tools
