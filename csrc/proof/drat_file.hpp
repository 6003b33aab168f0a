// SPDX-License-Identifier: MIT
// Writers of DRAT proofs, text and binary.
//
// Text: one clause a line ending in 0; deletions start with `d`.  Binary: `a` or `d`, then the
// literals as 2 * variable + sign in 7-bit groups, low group first, the top bit set on all but
// the last byte of a number; a zero byte ends the clause.
// Source   Wetzler, Heule and Hunt, "DRAT-trim", SAT 2014
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "proof/proof.hpp"

namespace nb {

class DratWriter : public ProofListener {
 public:
  // `sink` receives blocks of bytes in order.  It may throw; the exception passes through.
  using Sink = std::function<void(std::string_view)>;
  DratWriter(Sink sink, bool binary);

  void original(std::uint64_t id, std::span<const std::int32_t> clause) override;
  void add(std::uint64_t id, std::span<const std::int32_t> clause,
           std::span<const std::int64_t> hints) override;
  void erase(std::uint64_t id, std::span<const std::int32_t> clause) override;
  void flush() override;

  // Bytes produced so far, flushed or not.
  std::uint64_t bytes() const { return flushed_ + buffer_.size(); }

 private:
  void write(char kind, std::span<const std::int32_t> clause);

  Sink sink_;
  bool binary_;
  std::string buffer_;
  std::uint64_t flushed_ = 0;
};

}  // namespace nb
