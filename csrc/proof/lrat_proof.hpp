// SPDX-License-Identifier: MIT
// LRAT from a solver that knows no hints: an elaborator that hands on to a writer.
#pragma once

#include <functional>
#include <utility>

#include "proof/elaborate.hpp"
#include "proof/lrat_file.hpp"

namespace nb {

// What elaborator and sink throw must not pass through the solver: `failed` is called within the
// handler, once, and the rest of the proof is dropped.
class LratProof : public ProofListener {
 public:
  LratProof(LratWriter::Sink sink, bool binary, std::function<void()> failed)
      : writer_(std::move(sink), binary), elaborator_(writer_), failed_(std::move(failed)) {}

  void original(std::uint64_t id, std::span<const std::int32_t> clause) override {
    attempt([&] { elaborator_.original(id, clause); });
  }
  void add(std::uint64_t id, std::span<const std::int32_t> clause,
           std::span<const std::int64_t> hints) override {
    attempt([&] { elaborator_.add(id, clause, hints); });
  }
  void erase(std::uint64_t id, std::span<const std::int32_t> clause) override {
    attempt([&] { elaborator_.erase(id, clause); });
  }
  void flush() override {
    attempt([&] { elaborator_.flush(); });
  }

 private:
  template <class Call>
  void attempt(Call call) {
    if (over_) return;
    try {
      call();
    } catch (...) {
      over_ = true;
      failed_();
    }
  }

  LratWriter writer_;
  Elaborator elaborator_;
  std::function<void()> failed_;
  bool over_ = false;
};

}  // namespace nb
