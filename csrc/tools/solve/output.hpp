// SPDX-License-Identifier: MIT
// What the program prints, in the form of SAT competitions: c, s and v lines.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "formula/literal.hpp"
#include "solver/result.hpp"

namespace nb::tools {

class Output {
 public:
  // `quiet`: no c lines.
  void set_quiet(bool quiet) { quiet_ = quiet; }
  // Keeps c lines back while a proof has standard output.
  void hush(bool hush) { hush_ = hush; }

  // One line, in one write: comments come from several threads.
  void comment(const std::string &text);
  void warning(const std::string &text);
  // The s line, and the v lines of a model.  False if not every byte could be written.
  bool answer(Status status, const std::vector<Value> *model);
  // A line could not be written; with `unread` because nobody reads any more.
  bool broken() const { return broken_; }
  bool unread() const { return unread_; }

 private:
  bool flush();

  std::atomic<bool> quiet_{false}, hush_{false}, broken_{false}, unread_{false};
};

}  // namespace nb::tools
