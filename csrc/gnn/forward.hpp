// SPDX-License-Identifier: MIT
// The trained network's forward pass, without torch: graph -> P(variable is true).
//
// Idea     Each layer sends literal states to clauses, clause states to the meta node of their
//          component, and both back to the variables (neuroback/model/network.py is the same
//          network in PyG and says it in formulas; the two agree within 1e-4).
// Cost     Linear maps are applied per node, so an edge costs one gathered row and one addition.
//          Nodes are worked on in fixed blocks: what a block needs besides the states lies in L1.
// Memory   One state per clause and variable, one table row per literal (memory_bytes below).
// Threads  A team per call, gone when the call returns.  Block borders do not depend on the
//          number of threads and sums over components are exact, so neither do results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "gnn/weights.hpp"
#include "graph/graph.hpp"

namespace nb::gnn {

// Bytes that `predict` allocates for a graph of this size.
std::size_t memory_bytes(const NetworkShape &shape, std::size_t num_vars, std::size_t num_clauses,
                         std::size_t num_components);

// Writes P(true) of every variable to `probabilities`.  `should_stop` is called now and then,
// only from the calling thread; once it returns true, Interrupted is thrown.  Throws FileError
// if the network was made for other features or its weights lead to something that is not a
// number.  `pooled` is empty, or has room for 2 * width numbers: mean and standard deviation over
// the variables of each element of their last states.
void predict(const Network &network, const Graph &graph, unsigned threads,
             const std::function<bool()> &should_stop, std::span<float> probabilities,
             std::span<float> pooled = {});

}  // namespace nb::gnn
