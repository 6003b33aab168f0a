// SPDX-License-Identifier: MIT
// A trace: legal calls of the solver as lines of text, run in a child of its own.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace nb::fuzz {

using Lines = std::vector<std::string>;

// True if one of the traces fails: crash, timeout, or a finding.  They share a process.
bool fails(std::span<const Lines> traces, bool quiet);
bool fails(const Lines &lines, bool quiet);

// Remove lines in ever smaller pieces, then single literals, as long as it still fails.
Lines shrink(Lines lines);

}  // namespace nb::fuzz
