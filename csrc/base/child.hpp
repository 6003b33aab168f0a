// SPDX-License-Identifier: MIT
// Start another program so that it can never outlive us.
//
// Why not the standard library's process functions: the child must ask the kernel for a signal at
// our death before its own code runs, must not dump core, and must not copy the page tables of a
// process that holds gigabytes of formula.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nb {

struct ChildOptions {
  // argv[0] is the path of the program; PATH is not searched.
  std::vector<std::string> argv;
  // Descriptors that become 0, 1 and 2 of the child; everything else marked close-on-exec is
  // closed.
  int stdin_fd = 0;
  int stdout_fd = 1;
  int stderr_fd = 2;
  // Upper bound of the child's private writable memory; 0: none.
  std::uint64_t data_bytes = 0;
};

// Process id of the child, which leads a process group of its own and is killed by the kernel
// (Linux) when the calling thread ends.  Throws FileError with the system's reason.
int start_child(const ChildOptions &options);

}  // namespace nb
