// SPDX-License-Identifier: MIT
#include "proof/proof_check.hpp"

#include <utility>

#include "base/error.hpp"

namespace nb {

namespace {

// Clauses or steps between two questions whether to stop, besides those while propagating.
constexpr std::uint64_t poll_interval = 1u << 12;

constexpr std::size_t printed_literals = 12;

std::string printed(std::span<const std::int32_t> clause) {
  std::string text;
  for (std::size_t i = 0; i < clause.size() && i < printed_literals; ++i)
    text += std::to_string(clause[i]) + " ";
  if (clause.size() > printed_literals)
    text += "... (" + std::to_string(clause.size()) + " literals) ";
  return text + "0";
}

}  // namespace

ProofCheck::ProofCheck(const Formula &formula, ProofForm form)
    : formula_(formula), reader_(form, *this) {
  drat_.try_other_pivots();
}

void ProofCheck::set_should_stop(std::function<bool()> should_stop) {
  should_stop_ = std::move(should_stop);
  drat_.set_should_stop(should_stop_);
}

void ProofCheck::poll() {
  if (++polls_ % poll_interval == 0 && should_stop_ && should_stop_()) throw Interrupted();
}

bool ProofCheck::is_lrat() const {
  return form() == ProofForm::lrat_text || form() == ProofForm::lrat_binary;
}

bool ProofCheck::conclude(Verdict verdict, std::string reason) {
  verdict_ = verdict;
  reason_ = std::move(reason);
  return false;
}

std::string ProofCheck::place() const {
  const auto step = static_cast<unsigned long long>(reader_.step());
  if (form() == ProofForm::drat_text || form() == ProofForm::lrat_text)
    return format_message("step %llu (line %llu)", step,
                          static_cast<unsigned long long>(reader_.step_line()));
  return format_message("step %llu (byte %llu)", step,
                        static_cast<unsigned long long>(reader_.step_byte() + 1));
}

bool ProofCheck::load() {
  if (!is_lrat()) drat_.reserve(formula_.num_vars(), formula_.num_literals());
  for (std::size_t i = 0; i < formula_.num_clauses(); ++i) {
    poll();
    if (is_lrat())
      lrat_.original(i + 1, formula_.clause(i));
    else
      drat_.original(formula_.clause(i));
  }
  if (refuted()) return conclude(Verdict::verified, "unit propagation refutes the formula itself");
  return true;
}

bool ProofCheck::feed(std::span<const unsigned char> bytes) {
  if (verdict_ != Verdict::open) return false;
  try {
    return reader_.feed(bytes);
  } catch (const ParseError &error) {
    const auto column = static_cast<unsigned long long>(error.column);
    const std::string where =
        error.line ? format_message("line %llu, column %llu",
                                    static_cast<unsigned long long>(error.line), column)
                   : format_message("byte %llu", column);
    return conclude(Verdict::refused, "the proof is damaged or not " +
                                          std::string(name_of(form())) + ": " + where + ": " +
                                          error.found + ", " + error.expected);
  }
}

void ProofCheck::finish() {
  if (verdict_ != Verdict::open) return;
  try {
    reader_.finish();
  } catch (const ParseError &error) {
    conclude(Verdict::refused,
             "the proof is cut off: " + place() + ": " + error.found + ", " + error.expected);
    return;
  }
  if (verdict_ != Verdict::open) return;
  conclude(Verdict::refused,
           format_message("the proof ends after %llu steps without an empty clause",
                          static_cast<unsigned long long>(steps())));
}

bool ProofCheck::on_add(std::uint64_t id, std::span<const std::int32_t> clause,
                        std::span<const std::int64_t> hints) {
  poll();
  if (is_lrat()) {
    if (lrat_.add(id, clause, hints) == LratChecker::Step::failed)
      return conclude(Verdict::refused, place() + ": lemma " + std::to_string(id) + ": " +
                                            printed(clause) + ": " + lrat_.reason());
  } else if (drat_.add(clause) == DratChecker::Step::failed) {
    return conclude(Verdict::refused, place() + ": lemma " + printed(clause) +
                                          (clause.empty() ? " does not follow by unit propagation"
                                                          : " is neither RUP nor RAT"));
  }
  if (!refuted()) return true;
  return conclude(Verdict::verified,
                  clause.empty() ? "the empty clause is derived at " + place()
                                 : "unit propagation derives the empty clause at " + place());
}

bool ProofCheck::on_erase(std::span<const std::int32_t> clause, std::span<const std::int64_t> ids) {
  poll();
  if (is_lrat()) {
    for (const std::int64_t id : ids)
      if (!lrat_.erase(static_cast<std::uint64_t>(id)))
        return conclude(Verdict::refused, place() + ": " + lrat_.reason());
  } else {
    drat_.erase(clause);
  }
  return true;
}

std::uint64_t ProofCheck::lemmas() const {
  return is_lrat() ? lrat_.statistics().lemmas : drat_.statistics().lemmas;
}
std::uint64_t ProofCheck::rat_lemmas() const {
  return is_lrat() ? lrat_.statistics().rat_lemmas : drat_.statistics().rat_lemmas;
}
std::uint64_t ProofCheck::deletions() const {
  return is_lrat() ? lrat_.statistics().deletions : drat_.statistics().deletions;
}
std::uint64_t ProofCheck::missing_deletions() const {
  return drat_.statistics().missing_deletions;
}

}  // namespace nb
