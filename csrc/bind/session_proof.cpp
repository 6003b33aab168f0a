// SPDX-License-Identifier: MIT
// Session: the proof, written to a sink or kept here.
#include "bind/session.hpp"

#include <unordered_set>

#include "base/error.hpp"
#include "bind/session_calls.hpp"
#include "proof/drat_file.hpp"
#include "proof/lrat_proof.hpp"

namespace nb::bind {

namespace py = pybind11;

void Session::connect_proof(const std::string &form, const py::object &sink) {
  const Turn turn(*this);
  const auto to_sink = [this](std::string_view bytes) {
    guarded([&] { proof_sink_(py::bytes(bytes.data(), bytes.size())); });
  };
  proof_sink_ = sink;
  if (form == "keep") {
    proof_ = std::make_unique<DratWriter>(
        [this](std::string_view bytes) { kept_proof_.append(bytes); }, false);
  } else if (form == "drat" || form == "drat-text") {
    proof_ = std::make_unique<DratWriter>(to_sink, form == "drat");
  } else if (form == "lrat" || form == "lrat-text") {
    proof_ = std::make_unique<LratProof>(to_sink, form == "lrat", [this] {
      kept_ = std::current_exception();
      failed_.store(true);
    });
  } else {
    throw ContractError("no form of proofs is called '" + form + "'");
  }
  solver_.connect_proof(proof_.get());
}

py::list Session::kept_proof() {
  const Turn turn(*this);
  if (proof_) proof_->flush();
  py::list lines;
  for (std::size_t begin = 0; begin < kept_proof_.size();) {
    const std::size_t end = kept_proof_.find('\n', begin);
    lines.append(py::str(kept_proof_.data() + begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// What a proof of UNSAT under assumptions shows: not all of the core's literals are true.
void Session::refute_core() {
  if (!proof_ || solver_.inconsistent()) return;
  std::unordered_set<std::int32_t> seen;
  Literals clause;
  for (const std::int32_t literal : core_) {
    if (seen.contains(-literal)) return;
    if (seen.insert(literal).second) clause.push_back(-literal);
  }
  proof_->add(0, clause, {});
}

}  // namespace nb::bind
