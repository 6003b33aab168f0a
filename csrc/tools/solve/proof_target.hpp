// SPDX-License-Identifier: MIT
// Where a proof goes: a file that appears whole or not at all, or a stream.
//
// Idea     A regular file is written without a name if the system can do that, else under a
//          temporary one beside the target, and gets its name by `commit`.  Standard output,
//          devices and pipes stream.  neuroback/engines/proof_file.py is the same for Python.
#pragma once

#include <string>
#include <string_view>

namespace nb::tools {

class ProofTarget {
 public:
  // Throws FileError if `path` cannot be written, is the input, or looks like a formula and
  // `force` is not given.  "-" is standard output.
  ProofTarget(const std::string &path, const std::string &input, bool force);
  ~ProofTarget() { discard(); }
  ProofTarget(const ProofTarget &) = delete;
  ProofTarget &operator=(const ProofTarget &) = delete;

  // Both throw FileError.
  void write(std::string_view bytes);
  void commit();
  // Leaves nothing behind.
  void discard() noexcept;

  // Do the c, s and v lines go the same way?
  bool is_stdout() const { return stdout_; }

 private:
  void open_regular();
  std::string temporary_name() const;
  [[noreturn]] void fail() const;

  // As given, and what is behind it when links are followed.
  std::string path_, target_;
  // Empty while the file has no name.
  std::string temporary_;
  int descriptor_ = -1;
  bool stdout_ = false, streams_ = false;
};

}  // namespace nb::tools
