// SPDX-License-Identifier: MIT
#include "proof/lrat_file.hpp"

#include <charconv>

namespace nb {

namespace {

constexpr std::size_t block_bytes = 1 << 16;
constexpr std::size_t most_deletions = 256;

}  // namespace

LratWriter::LratWriter(Sink sink, bool binary) : sink_(std::move(sink)), binary_(binary) {
  buffer_.reserve(block_bytes + 1024);
}

void LratWriter::put(std::int64_t number) {
  if (!binary_) {
    char digits[24];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
    (void)error;
    buffer_.append(digits, end);
    buffer_.push_back(' ');
    return;
  }
  std::uint64_t rest = number < 0 ? 2 * static_cast<std::uint64_t>(-number) + 1
                                  : 2 * static_cast<std::uint64_t>(number);
  while (rest > 127) {
    buffer_.push_back(static_cast<char>((rest & 127) | 128));
    rest >>= 7;
  }
  buffer_.push_back(static_cast<char>(rest));
}

void LratWriter::end_step() {
  if (binary_)
    buffer_.push_back('\0');
  else
    buffer_ += "0\n";
  if (buffer_.size() >= block_bytes) {
    sink_(buffer_);
    buffer_.clear();
  }
}

void LratWriter::original(std::uint64_t id, std::span<const std::int32_t>) {
  last_id_ = id;
}

void LratWriter::add(std::uint64_t id, std::span<const std::int32_t> clause,
                     std::span<const std::int64_t> hints) {
  write_deletions();
  if (binary_) buffer_.push_back('a');
  put(static_cast<std::int64_t>(id));
  for (const std::int32_t literal : clause) put(literal);
  if (binary_)
    buffer_.push_back('\0');
  else
    buffer_ += "0 ";
  for (const std::int64_t hint : hints) put(hint);
  end_step();
  last_id_ = id;
}

void LratWriter::erase(std::uint64_t id, std::span<const std::int32_t>) {
  deleted_.push_back(id);
  if (deleted_.size() >= most_deletions) write_deletions();
}

void LratWriter::write_deletions() {
  if (deleted_.empty()) return;
  if (binary_) {
    buffer_.push_back('d');
  } else {
    put(static_cast<std::int64_t>(last_id_));
    buffer_ += "d ";
  }
  for (const std::uint64_t id : deleted_) put(static_cast<std::int64_t>(id));
  deleted_.clear();
  end_step();
}

void LratWriter::flush() {
  write_deletions();
  if (buffer_.empty()) return;
  sink_(buffer_);
  buffer_.clear();
}

}  // namespace nb
