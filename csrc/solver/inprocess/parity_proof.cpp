// SPDX-License-Identifier: MIT
#include "solver/inprocess/parity_proof.hpp"

#include <algorithm>
#include <bit>

namespace nb {

void ParityProof::Sum::flip(Name name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end())
    names.push_back(name);
  else
    names.erase(found);
}

void ParityProof::Sum::add(const Sum &other) {
  for (const Name name : other.names) flip(name);
  constant ^= other.constant;
}

ParityProof::Name ParityProof::name(Var var) const {
  return core_.names.proof(Lit(var, false));
}

void ParityProof::add(std::vector<Name> clause, std::vector<std::vector<Name>> &made) {
  core_.proof.add_named(clause);
  made.push_back(std::move(clause));
}

void ParityProof::erase(std::vector<std::vector<Name>> &clauses) {
  for (const std::vector<Name> &clause : clauses)
    if (clause.size() > 1) core_.proof.erase_named(clause);
  clauses.clear();
}

void ParityProof::close() {
  erase(kept_);
  prefixes_.clear();
}

// prefix = before + var, for all prefixes but the first, which is a variable, and the last.
std::vector<ParityProof::Name> ParityProof::define_prefixes(const ParityRow &row) {
  std::vector<Name> result;
  for (std::size_t i = 1; i + 1 < row.vars.size(); ++i) {
    const Name before = i == 1 ? name(row.vars[0]) : result.back();
    const Name var = name(row.vars[i]);
    const Name prefix = core_.names.add_proof_var();
    add({-prefix, before, var}, kept_);
    add({-prefix, -before, -var}, kept_);
    add({prefix, -before, var}, kept_);
    add({prefix, before, -var}, kept_);
    result.push_back(prefix);
  }
  return result;
}

void ParityProof::state_zero(const Sum &sum, Name split, std::vector<std::vector<Name>> &made) {
  const std::vector<Name> &names = sum.names;
  if (names.empty() && !sum.constant) return;
  const bool splits = split && std::ranges::find(names, split) == names.end();
  // Each clause forbids an assignment of the wrong parity.
  for (std::uint32_t a = 0; a < (1u << names.size()); ++a) {
    if ((std::popcount(a) % 2 == 1) == sum.constant) continue;
    std::vector<Name> clause;
    for (std::size_t i = 0; i < names.size(); ++i)
      clause.push_back(a >> i & 1 ? -names[i] : names[i]);
    if (splits) {
      std::vector<Name> wider = clause;
      wider.push_back(split);
      add(std::move(wider), made);
    }
    add(std::move(clause), made);
  }
}

// Replace the first two variables by a prefix, again and again.
void ParityProof::state_original(std::int32_t index) {
  const ParityRow &row = rows_[static_cast<std::size_t>(index)];
  const std::vector<Name> prefixes = define_prefixes(row);
  std::vector<std::vector<Name>> older, newer;
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    Sum sum;
    sum.constant = row.parity;
    sum.flip(prefixes[i]);
    for (std::size_t j = i + 2; j < row.vars.size(); ++j) sum.flip(name(row.vars[j]));
    state_zero(sum, name(row.vars[i + 1]), newer);
    erase(older);
    older.swap(newer);
  }
  kept_.insert(kept_.end(), older.begin(), older.end());
  prefixes_[index] = prefixes;
}

void ParityProof::step(Walk &walk, Var var) {
  const std::vector<Var> &vars = walk.row->vars;
  if (walk.position == vars.size() || vars[walk.position] != var) return;
  const std::size_t position = walk.position++;
  if (position + 1 < vars.size()) {
    walk.prefix = {};
    walk.prefix.flip(position ? (*walk.prefixes)[position - 1] : name(var));
  } else if (walk.open) {
    walk.prefix.flip(name(var));
  } else {
    walk.prefix = {};
    walk.prefix.constant = walk.row->parity;
  }
}

void ParityProof::state_sum(std::int32_t index) {
  const ParityRow &row = rows_[static_cast<std::size_t>(index)];
  const std::vector<Name> prefixes = define_prefixes(row);
  const auto walk = [&](std::int32_t part) {
    return Walk{&rows_[static_cast<std::size_t>(part)], &prefixes_.at(part), false, 0, {}};
  };
  Walk left = walk(row.left), right = walk(row.right);
  Walk sum{&row, &prefixes, true, 0, {}};
  std::vector<Var> all;
  std::ranges::set_union(left.row->vars, right.row->vars, std::back_inserter(all));
  std::vector<std::vector<Name>> older, newer;
  for (const Var var : all) {
    for (Walk *each : {&left, &right, &sum}) step(*each, var);
    Sum zero = left.prefix;
    zero.add(right.prefix);
    zero.add(sum.prefix);
    state_zero(zero, name(var), newer);
    erase(older);
    older.swap(newer);
  }
  kept_.insert(kept_.end(), older.begin(), older.end());
  prefixes_[index] = prefixes;
}

void ParityProof::derive(std::int32_t row) {
  // The rows to state, each after its parts, without recursion.
  std::vector<std::int32_t> stack{row};
  while (!stack.empty()) {
    const std::int32_t index = stack.back();
    const ParityRow &top = rows_[static_cast<std::size_t>(index)];
    if (prefixes_.contains(index)) {
      stack.pop_back();
      continue;
    }
    if (top.left < 0) {
      state_original(index);
      stack.pop_back();
      continue;
    }
    const std::size_t before = stack.size();
    for (const std::int32_t part : {top.left, top.right})
      if (!prefixes_.contains(part)) stack.push_back(part);
    if (stack.size() > before) continue;
    state_sum(index);
    stack.pop_back();
  }
}

}  // namespace nb
