// SPDX-License-Identifier: MIT
// One decompressor a format, around the library that the build found for it.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace nb::tools {

class Decompressor {
 public:
  using Take = std::function<bool(std::span<const char>)>;

  virtual ~Decompressor() = default;
  // Hands what the next bytes hold to `take`, a piece at a time; false once `take` said so. Members
  // may follow each other, with zeros between them.  Throws FileError for damaged bytes.
  virtual bool feed(std::span<const char> bytes, const Take &take) = 0;
  // The bytes so far end where a member ends.
  virtual bool complete() const = 0;
};

// `kind`: gzip, bzip2, xz, lzma or zstd.  Null if the build has no library for it.
std::unique_ptr<Decompressor> decompressor_for(std::string_view kind);

}  // namespace nb::tools
