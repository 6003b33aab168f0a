// SPDX-License-Identifier: MIT
// Tells from the beginning of a file which form of proof it is, or which other format.
//
// Idea     Both readers of a kind (text or binary) read the beginning; a form whose grammar fits
//          all of it, and ends there if the file does, is possible.  Several lemmas on one line
//          make text DRAT that reads as LRAT too, and the other way round, so two forms can be
//          possible.  Ids tell which is likelier: in LRAT they grow from above the formula's, and
//          hints name ids below.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "proof/proof_reader.hpp"

namespace nb {

struct ProofDetection {
  // The forms that fit, the likelier first; one at least.
  std::vector<ProofForm> forms;
  // The first form is LRAT whose ids are as LRAT has them, so little speaks for DRAT.
  bool ids_fit = false;
  // Name of a format that is neither DRAT nor LRAT; empty if it isn't one we know.
  std::string_view other;
};

// `whole`: nothing of the file follows.  `num_clauses`: of the formula; 0 if unknown.
ProofDetection detect_proof(std::span<const unsigned char> beginning, bool whole,
                            std::uint64_t num_clauses);

}  // namespace nb
