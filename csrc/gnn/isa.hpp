// SPDX-License-Identifier: MIT
// The functions of one instruction set.  An isa_*.cpp includes this after it has set NB_ISA (their
// namespace), NB_VECTOR_BYTES, NB_ROWS (how many rows at a time have their sums in registers) and
// NB_TARGET (the attribute of a function that is compiled for it).
#pragma once

#include "gnn/forward_kernels.hpp"
#include "gnn/gradient_backward.hpp"

namespace nb::gnn::NB_ISA {

namespace {

NB_TARGET void clauses(const ClauseJob &job, std::size_t begin, std::size_t end) {
  update_clauses<NB_ROWS>(job, begin, end);
}
NB_TARGET void meta(const MetaJob &job, std::size_t begin, std::size_t end) {
  update_meta(job, begin, end);
}
NB_TARGET void embed(const VarJob &job, std::size_t begin, std::size_t end) {
  embed_vars<NB_ROWS>(job, begin, end);
}
NB_TARGET void vars(const VarJob &job, std::size_t begin, std::size_t end) {
  update_vars<NB_ROWS>(job, begin, end);
}
NB_TARGET void forward(TrainerState &s, float *logits) {
  forward_all<NB_ROWS>(s, logits);
}
NB_TARGET void backward(TrainerState &s, const float *grad_logits) {
  backward_all<NB_ROWS>(s, grad_logits);
}

}  // namespace

const Kernels kernels{NB_NAME(NB_ISA), clauses, meta, embed, vars, forward, backward};

}  // namespace nb::gnn::NB_ISA
