// SPDX-License-Identifier: MIT
#include "tools/solve/proof_target.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>

#include "base/error.hpp"
#include "tools/solve/input.hpp"

namespace nb::tools {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t looked_at = 1 << 16;

// Pipes and devices, and descriptors by name: what is behind those is not ours to replace.
bool is_stream(const std::string &path) {
  const std::string name = fs::absolute(path).lexically_normal();
  if ((name.starts_with("/dev/") || name.starts_with("/proc/")) && !name.starts_with("/dev/shm/"))
    return true;
  std::error_code none;
  const fs::file_status status = fs::status(path, none);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

// The name ends as a formula's does, or the file begins like one.
bool looks_like_formula(const std::string &path) {
  fs::path name = fs::path(path).filename();
  for (const char *packed : {".gz", ".xz", ".lzma", ".bz2", ".zst"})
    if (name.extension() == packed) name = name.stem();
  if (name.extension() == ".cnf" || name.extension() == ".dimacs") return true;
  std::error_code none;
  if (!fs::is_regular_file(path, none)) return false;
  std::string head;
  try {
    read_plain(path, [&](std::span<const char> piece) {
      head.append(piece.data(), piece.size());
      return head.size() < looked_at;
    });
  } catch (const ParseError &) {
    return false;
  }
  for (std::size_t at = 0; at < head.size();) {
    const std::size_t end = std::min(head.find('\n', at), head.size());
    const std::size_t word = head.find_first_not_of(" \t\r\v\f", at);
    if (word < end && head[word] != 'c')
      return head[word] == 'p' &&
             (word + 1 == end || head[word + 1] == ' ' || head[word + 1] == '\t');
    at = end + 1;
  }
  return false;
}

}  // namespace

void ProofTarget::fail() const {
  throw FileError(path_ + ": cannot be written, " + std::strerror(errno));
}

ProofTarget::ProofTarget(const std::string &path, const std::string &input, bool force)
    : path_(path), target_(path) {
  if (path == "-") {
    stdout_ = streams_ = true;
    descriptor_ = 1;
    return;
  }
  std::error_code none;
  stdout_ = path == "/dev/stdout" || path == "/dev/fd/1" || path == "/proc/self/fd/1";
  streams_ = is_stream(path);
  if (streams_) {
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (descriptor_ < 0) fail();
    return;
  }
  if (fs::is_directory(path, none))
    throw FileError(path + ": is a folder, expected a file for the proof");
  if (!force) {
    if (input != "-" && fs::equivalent(path, input, none))
      throw FileError(path + ": is the input, expected another file for the proof");
    if (looks_like_formula(path))
      throw FileError(path +
                      ": looks like a formula, expected a file for the proof (--force writes it)");
  }
  target_ = fs::weakly_canonical(path, none);
  if (target_.empty()) target_ = fs::absolute(path);
  if (fs::exists(target_, none) && ::access(target_.c_str(), W_OK) != 0) fail();
  open_regular();
}

void ProofTarget::open_regular() {
#ifdef O_TMPFILE
  if (fs::is_directory("/proc/self/fd")) {
    const std::string folder = fs::path(target_).parent_path();
    descriptor_ = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor_ >= 0) return;
  }
#endif
  temporary_ = temporary_name();
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ >= 0) return;
  temporary_.clear();
  fail();
}

std::string ProofTarget::temporary_name() const {
  const fs::path target(target_);
  const std::string name =
      ".part-" + target.filename().string().substr(0, 50) + "." + std::to_string(::getpid());
  return (target.parent_path() / name).string();
}

void ProofTarget::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(count));
    else if (errno != EINTR)
      fail();
  }
}

void ProofTarget::commit() {
  if (streams_) return;
  if (temporary_.empty()) {
    const std::string unnamed = "/proc/self/fd/" + std::to_string(descriptor_);
    const std::string name = temporary_name();
    if (::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) fail();
    temporary_ = name;
  }
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0 || std::rename(temporary_.c_str(), target_.c_str()) != 0) fail();
  temporary_.clear();
}

void ProofTarget::discard() noexcept {
  if (descriptor_ > 2) ::close(descriptor_);
  descriptor_ = -1;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  temporary_.clear();
}

}  // namespace nb::tools
