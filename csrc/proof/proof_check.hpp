// SPDX-License-Identifier: MIT
// A formula and a proof file, put together: verdict, reason and place.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "formula/formula.hpp"
#include "proof/drat_check.hpp"
#include "proof/lrat_check.hpp"
#include "proof/proof_reader.hpp"

namespace nb {

class ProofCheck : private ProofSteps {
 public:
  // The formula must outlive the check.
  ProofCheck(const Formula &formula, ProofForm form);

  void make_rare_events_frequent() { drat_.make_rare_events_frequent(); }

  // Polled now and then in every call below; true makes it throw Interrupted.
  void set_should_stop(std::function<bool()> should_stop);

  // First the formula, then the proof piece by piece, then its end.  The first two return false
  // once the verdict is known, after which nothing needs to follow.
  bool load();
  bool feed(std::span<const unsigned char> bytes);
  void finish();

  bool verified() const { return verdict_ == Verdict::verified; }
  // Why not, with the place in the proof; once verified, what ended the proof.
  const std::string &reason() const { return reason_; }

  ProofForm form() const { return reader_.form(); }
  std::uint64_t steps() const { return reader_.step(); }
  std::uint64_t bytes() const { return reader_.bytes(); }
  std::uint64_t lemmas() const;
  std::uint64_t rat_lemmas() const;
  // RAT on another literal than the first, which strict checkers refuse.
  std::uint64_t other_pivots() const { return drat_.statistics().other_pivots; }
  std::uint64_t deletions() const;
  // Of DRAT: they do no harm there; in LRAT one is a fault.
  std::uint64_t missing_deletions() const;
  std::uint64_t propagations() const { return drat_.statistics().propagations; }

 private:
  enum class Verdict { open, verified, refused };

  bool on_add(std::uint64_t id, std::span<const std::int32_t> clause,
              std::span<const std::int64_t> hints) override;
  bool on_erase(std::span<const std::int32_t> clause, std::span<const std::int64_t> ids) override;
  bool is_lrat() const;
  bool refuted() const { return is_lrat() ? lrat_.refuted() : drat_.refuted(); }
  bool conclude(Verdict verdict, std::string reason);
  std::string place() const;
  void poll();

  const Formula &formula_;
  ProofReader reader_;
  DratChecker drat_;
  LratChecker lrat_;
  Verdict verdict_ = Verdict::open;
  std::string reason_;
  std::function<bool()> should_stop_;
  std::uint64_t polls_ = 0;
};

}  // namespace nb
