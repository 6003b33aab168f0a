// SPDX-License-Identifier: MIT
// The plain bytes of a file or of standard input, decompressed by the libraries that the build
// found; neuroback/archive.py is the same for Python.
//
// Idea     The first bytes of a file say what it is, not its name.
// Cost     One megabyte in and one out at a time, whatever the archive holds.
#pragma once

#include <functional>
#include <span>
#include <string>

namespace nb::tools {

// Calls `take` with one piece after another, until it returns false.  "-" is standard input.
// Throws ParseError without a place for what cannot be opened, read or decompressed.
void read_plain(const std::string &path, const std::function<bool(std::span<const char>)> &take);

// Names of the compressions that this build reads, "none" if there is none.
std::string compressions();

}  // namespace nb::tools
