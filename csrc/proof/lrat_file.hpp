// SPDX-License-Identifier: MIT
// Writer of LRAT proofs, text and binary (the forms of proof_reader.hpp).
//
// It expects hints with every lemma and ids with every deletion: a solver that keeps neither talks
// to it through the Elaborator.
#pragma once

#include <string>
#include <vector>

#include "proof/drat_file.hpp"
#include "proof/proof.hpp"

namespace nb {

class LratWriter : public ProofListener {
 public:
  using Sink = DratWriter::Sink;
  LratWriter(Sink sink, bool binary);

  void original(std::uint64_t id, std::span<const std::int32_t> clause) override;
  void add(std::uint64_t id, std::span<const std::int32_t> clause,
           std::span<const std::int64_t> hints) override;
  void erase(std::uint64_t id, std::span<const std::int32_t> clause) override;
  void flush() override;

 private:
  void put(std::int64_t number);
  void end_step();
  void write_deletions();

  Sink sink_;
  bool binary_;
  std::string buffer_;
  // Deletions wait for the next lemma, so that one line takes many.
  std::vector<std::uint64_t> deleted_;
  std::uint64_t last_id_ = 0;
};

}  // namespace nb
