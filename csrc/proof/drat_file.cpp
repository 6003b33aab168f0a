// SPDX-License-Identifier: MIT
#include "proof/drat_file.hpp"

#include <charconv>

namespace nb {

namespace {

constexpr std::size_t block_bytes = 1 << 16;

void append_number(std::string &buffer, std::int32_t number) {
  char digits[12];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  (void)error;
  buffer.append(digits, end);
}

void append_compressed(std::string &buffer, std::int32_t literal) {
  std::uint32_t rest = literal < 0 ? 2 * (0u - static_cast<std::uint32_t>(literal)) + 1
                                   : 2 * static_cast<std::uint32_t>(literal);
  while (rest > 127) {
    buffer.push_back(static_cast<char>((rest & 127) | 128));
    rest >>= 7;
  }
  buffer.push_back(static_cast<char>(rest));
}

}  // namespace

DratWriter::DratWriter(Sink sink, bool binary) : sink_(std::move(sink)), binary_(binary) {
  buffer_.reserve(block_bytes + 1024);
}

void DratWriter::original(std::uint64_t, std::span<const std::int32_t>) {}

void DratWriter::add(std::uint64_t, std::span<const std::int32_t> clause,
                     std::span<const std::int64_t>) {
  write('a', clause);
}

void DratWriter::erase(std::uint64_t, std::span<const std::int32_t> clause) {
  write('d', clause);
}

void DratWriter::write(char kind, std::span<const std::int32_t> clause) {
  if (binary_) {
    buffer_.push_back(kind);
    for (const std::int32_t literal : clause) append_compressed(buffer_, literal);
    buffer_.push_back('\0');
  } else {
    if (kind == 'd') buffer_ += "d ";
    for (const std::int32_t literal : clause) {
      append_number(buffer_, literal);
      buffer_.push_back(' ');
    }
    buffer_ += "0\n";
  }
  if (buffer_.size() >= block_bytes) flush();
}

void DratWriter::flush() {
  if (buffer_.empty()) return;
  flushed_ += buffer_.size();
  sink_(buffer_);
  buffer_.clear();
}

}  // namespace nb
