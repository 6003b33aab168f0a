// SPDX-License-Identifier: MIT
#include "tools/solve/output.hpp"

#include <cerrno>
#include <cstdio>

namespace nb::tools {

namespace {

constexpr std::size_t max_columns = 78;
constexpr std::size_t block_bytes = 1 << 16;

const char *name_of(Status status) {
  switch (status) {
    case Status::satisfiable:
      return "SATISFIABLE";
    case Status::unsatisfiable:
      return "UNSATISFIABLE";
    case Status::unknown:
      break;
  }
  return "UNKNOWN";
}

}  // namespace

void Output::comment(const std::string &text) {
  if (quiet_ || hush_) return;
  std::string line = "c " + text;
  // Nothing in it may look like an answer or begin a line of its own.
  for (char &c : line)
    if (c == '\n' || c == '\r') c = ' ';
  for (std::size_t at = 1; (at = line.find(" s ", at)) != line.npos; ++at) line[at + 2] = '-';
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stdout);
  flush();
}

bool Output::flush() {
  errno = 0;
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return true;
  if (errno == EPIPE) unread_ = true;
  broken_ = true;
  return false;
}

void Output::warning(const std::string &text) {
  std::fprintf(stderr, "neuroback: warning: %s\n", text.c_str());
  comment("warning: " + text);
}

bool Output::answer(Status status, const std::vector<Value> *model) {
  std::string text = std::string("s ") + name_of(status) + "\n";
  std::size_t column = 0;
  const auto put = [&](const std::string &word) {
    if (column && column + 1 + word.size() > max_columns) {
      text += '\n';
      column = 0;
    }
    text += column ? " " : "v ";
    text += word;
    column += word.size() + (column ? 1 : 2);
    if (text.size() < block_bytes) return;
    std::fwrite(text.data(), 1, text.size(), stdout);
    text.clear();
  };
  if (model) {
    for (std::size_t v = 0; v < model->size(); ++v) {
      const auto literal = static_cast<std::int64_t>(v + 1);
      put(std::to_string((*model)[v] < 0 ? -literal : literal));
    }
    put("0");
    text += '\n';
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  return flush();
}

}  // namespace nb::tools
