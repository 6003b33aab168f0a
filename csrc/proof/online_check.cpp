// SPDX-License-Identifier: MIT
#include "proof/online_check.hpp"

#include <algorithm>
#include <utility>

namespace nb {

namespace {

std::string printed(std::span<const std::int32_t> clause) {
  std::string text;
  for (const std::int32_t literal : clause) text += std::to_string(literal) + " ";
  return text + "0";
}

std::vector<std::int32_t> sorted(std::span<const std::int32_t> clause) {
  std::vector<std::int32_t> literals(clause.begin(), clause.end());
  std::sort(literals.begin(), literals.end());
  literals.erase(std::unique(literals.begin(), literals.end()), literals.end());
  return literals;
}

[[noreturn]] void fail(const char *what, std::uint64_t id, std::span<const std::int32_t> clause,
                       const std::string &why) {
  throw CheckFailure("proof check: " + std::string(what) + " " + std::to_string(id) + ": " +
                     printed(clause) + ": " + why);
}

}  // namespace

void OnlineCheck::take_id(std::uint64_t id, std::span<const std::int32_t> clause) {
  if (id == 0) fail("clause", id, clause, "ids are positive");
  const auto [entry, fresh] = clauses_.emplace(id, sorted(clause));
  if (!fresh) fail("clause", id, clause, "the id is in use");
  ids_[entry->second].push_back(id);
}

void OnlineCheck::original(std::uint64_t id, std::span<const std::int32_t> clause) {
  take_id(id, clause);
  drat_.original(clause);
  if (with_hints_) lrat_.original(id, clause);
}

void OnlineCheck::add(std::uint64_t id, std::span<const std::int32_t> clause,
                      std::span<const std::int64_t> hints) {
  take_id(id, clause);
  if (drat_.add(clause) == DratChecker::Step::failed)
    fail("lemma", id, clause, "neither RUP nor RAT on its first literal");
  if (with_hints_ && lrat_.add(id, clause, hints) == LratChecker::Step::failed)
    fail("lemma", id, clause, lrat_.reason());
}

void OnlineCheck::erase(std::uint64_t id, std::span<const std::int32_t> clause) {
  const auto ids = ids_.find(sorted(clause));
  if (!id) {
    if (ids == ids_.end()) fail("deletion", id, clause, "no such clause is alive");
    id = ids->second.back();
  }
  const auto entry = clauses_.find(id);
  if (entry == clauses_.end()) fail("deletion", id, clause, "no clause alive has the id");
  if (entry->second != sorted(clause))
    fail("deletion", id, clause, "the clause of that id is " + printed(entry->second));
  clauses_.erase(entry);
  std::erase(ids->second, id);
  if (ids->second.empty()) ids_.erase(ids);
  drat_.erase(clause);
  if (with_hints_) lrat_.erase(id);
}

std::uint64_t OnlineCheck::alive_beyond_units() const {
  std::uint64_t count = 0;
  for (const auto &[id, clause] : clauses_) count += clause.size() > 1;
  return count;
}

void OnlineCheck::expect_refuted() const {
  if (!drat_.refuted())
    throw CheckFailure("proof check: the clauses derived do not contain a contradiction");
}

void OnlineCheck::expect_no_leak() const {
  if (clauses_.empty()) return;
  const auto &[id, clause] = *clauses_.begin();
  throw CheckFailure("proof check: " + std::to_string(clauses_.size()) +
                     " clauses were lost, one of them " + std::to_string(id) + ": " +
                     printed(clause));
}

}  // namespace nb
