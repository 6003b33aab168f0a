// SPDX-License-Identifier: MIT
#include "tools/solve/input.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "tools/solve/decompress.hpp"

namespace nb::tools {

namespace {

constexpr std::size_t chunk_bytes = 1 << 16;
constexpr std::size_t head_bytes = 16;

using namespace std::string_view_literals;

// First bytes of what is neither text nor compressed by a known method.
constexpr std::pair<std::string_view, const char *> others[] = {
    {"PK\x03\x04"sv, "a ZIP archive"},
    {"7z\xbc\xaf\x27\x1c"sv, "a 7z archive"},
    {"\x7f"
     "ELF"sv,
     "an executable"},
    {"\x1f\x9d"sv, "a file of compress (.Z)"},
    {"%PDF"sv, "a PDF document"},
    {"\x89PNG"sv, "a PNG image"},
    {"\xff\xfe"sv, "UTF-16 text"},
    {"\xfe\xff"sv, "UTF-16 text"},
};

constexpr std::pair<std::string_view, const char *> marks[] = {
    {"\x1f\x8b"sv, "gzip"},
    {"BZh"sv, "bzip2"},
    {"\xfd"
     "7zXZ\0"sv,
     "xz"},
    {"\x28\xb5\x2f\xfd"sv, "zstd"},
};

// Name of the compression, or "".  lzma has no mark but three parameters packed into a byte, a
// dictionary's size, and a length that is unknown (all ones) or below a tebibyte (archive.py says
// more); a frame of zstd may be a skippable one, with a mark of its own.
std::string kind_of(std::string_view head) {
  for (const auto &[mark, kind] : marks)
    if (head.starts_with(mark)) return kind;
  if (head.size() < 13) return "";
  const auto first = static_cast<unsigned char>(head[0]);
  if (first >= 0x50 && first <= 0x5f && head.substr(1, 3) == "\x2a\x4d\x18"sv) return "zstd";
  const bool unknown = head.substr(5, 8) == "\xff\xff\xff\xff\xff\xff\xff\xff"sv;
  const bool small =
      head.substr(10, 3) == "\0\0\0"sv && head[1] == 0 && head.substr(2, 3) != "\0\0\0"sv;
  return first < 225 && first % 9 + first / 9 % 5 <= 4 && (unknown || small) ? "lzma" : "";
}

[[noreturn]] void fail(std::string found, std::string expected) {
  throw ParseError(0, 0, std::move(found), std::move(expected));
}

[[noreturn]] void fail_unread() {
  std::string why = std::strerror(errno);
  why[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(why[0])));
  fail(why, "expected a readable file");
}

class Descriptor {
 public:
  explicit Descriptor(const std::string &path)
      : number_(path == "-" ? 0 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (number_ < 0) fail_unread();
  }
  ~Descriptor() {
    if (number_ > 0) ::close(number_);
  }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;

  std::size_t read(char *to, std::size_t size) const {
    for (;;) {
      const auto count = ::read(number_, to, size);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) fail_unread();
    }
  }

 private:
  int number_;
};

std::string how_else(const std::string &kind) {
  const std::string program = kind == "lzma" ? "xz" : kind;
  return "expected plain DIMACS: this build has no library for " + kind + "; " + program +
         " -dc FILE | neuroback-solve reads it";
}

}  // namespace

std::string compressions() {
  std::string names;
  for (const char *kind : {"gzip", "bzip2", "xz", "lzma", "zstd"}) {
    if (!decompressor_for(kind)) continue;
    if (!names.empty()) names += ' ';
    names += kind;
  }
  return names.empty() ? "none" : names;
}

void read_plain(const std::string &path, const std::function<bool(std::span<const char>)> &take) {
  const Descriptor file(path);
  std::vector<char> chunk(chunk_bytes);
  std::size_t size = 0;
  while (size < head_bytes) {
    const std::size_t more = file.read(chunk.data() + size, chunk.size() - size);
    if (!more) break;
    size += more;
  }
  std::string_view head(chunk.data(), std::min(size, head_bytes));
  for (const auto &[mark, what] : others)
    if (head.starts_with(mark))
      fail(what, "expected a DIMACS CNF, plain or compressed with gz, bz2, xz, lzma or zst");
  const std::string kind = kind_of(head);
  if (kind.empty()) {
    const std::size_t skip = head.starts_with("\xef\xbb\xbf"sv) ? 3 : 0;
    for (std::span<const char> piece(chunk.data() + skip, size - skip); size;
         size = file.read(chunk.data(), chunk.size()), piece = {chunk.data(), size})
      if (!take(piece)) return;
    return;
  }
  const std::unique_ptr<Decompressor> decompressor = decompressor_for(kind);
  if (!decompressor) fail("a file compressed with " + kind, how_else(kind));
  for (; size; size = file.read(chunk.data(), chunk.size())) {
    try {
      if (!decompressor->feed({chunk.data(), size}, take)) return;
    } catch (const FileError &error) {
      fail("a damaged " + kind + " archive (" + error.what() + ")",
           "expected an archive that is whole");
    }
  }
  if (!decompressor->complete())
    fail("a truncated " + kind + " archive", "expected an archive that is whole");
}

}  // namespace nb::tools
