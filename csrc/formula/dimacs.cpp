// SPDX-License-Identifier: MIT
#include "formula/dimacs.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/check.hpp"
#include "base/error.hpp"
#include "formula/literal.hpp"

namespace nb {

namespace {

constexpr std::size_t longest_token = 4096;
constexpr std::string_view header_form = "expected 'p cnf VARIABLES CLAUSES'";

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}
constexpr bool is_digit(char c) {
  return static_cast<unsigned char>(c - '0') < 10;
}

const char *find_blank(const char *at, const char *end) {
  while (at != end && !is_blank(*at)) ++at;
  return at;
}

// What a file is when its first word is none of a CNF's; empty if we cannot say.
std::string_view dialect_of_word(std::string_view word) {
  if (word == "aag" || word == "aig") return "an AIGER circuit";
  if (word == "h") return "a WCNF file in the new form ('h' lines)";
  if (word == "x" || (word.size() > 1 && word[0] == 'x' && (word[1] == '-' || is_digit(word[1]))))
    return "an XOR line ('x'), an extension that a plain CNF has not";
  if (word == "a" || word == "e") return "a quantifier line: QDIMACS";
  if (word == "s" || word == "v") return "a solver's output ('s' and 'v' lines)";
  if (word == "d") return "a deletion line: a DRAT proof";
  if (word == "o") return "an optimiser's output";
  if (word[0] == '*' || word == "min:" || word == "max:") return "an OPB pseudo-Boolean file";
  if (word == "k" || word == "w") return "a cardinality or weighted line, another dialect";
  return {};
}

std::string_view dialect_of_header(std::string_view word) {
  if (word == "wcnf") return "a WCNF file in the old form ('p wcnf')";
  if (word == "inccnf") return "an incremental CNF ('p inccnf')";
  if (word == "dnf") return "a DNF ('p dnf')";
  if (word == "sat" || word == "satx" || word == "sate") return "a DIMACS SAT-format formula";
  if (word == "cnf+") return "a CNF with cardinality constraints ('p cnf+')";
  if (word == "xcnf") return "a CNF with XOR clauses ('p xcnf')";
  if (word == "knf") return "a CNF with cardinality constraints ('p knf')";
  return {};
}

}  // namespace

std::string DimacsReader::quoted(const char *at, const char *token_end) {
  std::string text = "'";
  const char *stop = std::min(token_end, at + 40);
  for (const char *c = at; c != stop; ++c) {
    const auto byte = static_cast<unsigned char>(*c);
    if (byte >= 0x20 && byte < 0x7f)
      text += *c;
    else
      text += format_message("\\x%02x", byte);
  }
  return text + (stop == token_end ? "'" : "...'");
}

std::uint64_t DimacsReader::column(const char *at) const {
  return line_bytes_ + static_cast<std::uint64_t>(at - base_) + 1;
}

void DimacsReader::fail(const char *at, std::string found, std::string expected) const {
  throw ParseError(line_, column(at), std::move(found), std::move(expected));
}

void DimacsReader::new_line(const char *after) {
  ++line_;
  line_bytes_ = 0;
  base_ = after;
  line_has_token_ = false;
}

void DimacsReader::feed(std::span<const char> chunk) {
  const char *at = chunk.data();
  const char *const end = at + chunk.size();
  base_ = at;
  if (!carry_.empty()) {
    // Finish the word that the last chunk cut, with the blank that ends it.
    const char *word_end = find_blank(at, end);
    if (word_end != end) ++word_end;
    carry_.append(at, word_end);
    if (carry_.size() > longest_token) {
      base_ = carry_.data();
      fail(base_, "a word of over 4096 bytes", "expected a DIMACS CNF");
    }
    if (!is_blank(carry_.back())) return;
    const std::string word = std::move(carry_);
    carry_.clear();
    base_ = word.data();
    const char *word_stop = word.data() + word.size();
    const char *rest = parse(word.data(), word_stop);
    NB_ASSERT(rest == word_stop);
    line_bytes_ += static_cast<std::uint64_t>(rest - base_);
    at = word_end;
    base_ = at;
  }
  const char *rest = parse(at, end);
  carry_.assign(rest, end);
  line_bytes_ += static_cast<std::uint64_t>(rest - base_);
  base_ = nullptr;
}

// Parses words of [at, end) that a blank follows; returns where the unfinished rest begins.
const char *DimacsReader::parse(const char *at, const char *end) {
  // With a blank as last byte no word can run over the end.
  const char *safe = end;
  while (safe != at && !is_blank(safe[-1])) --safe;

  while (true) {
    if (state_ == State::comment) {
      const auto *newline =
          static_cast<const char *>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
      if (!newline) {
        return end;
      }
      at = newline + 1;
      new_line(at);
      state_ = State::text;
      continue;
    }
    if (state_ == State::trailer) {
      parse_trailer(at, end);
      return end;
    }
    if (at >= safe) return at;
    const char c = *at;
    if (c == ' ') {
      ++at;
      continue;
    }
    if (c == '\n') {
      ++at;
      new_line(at);
      continue;
    }
    if (is_blank(c)) {
      ++at;
      continue;
    }
    if (header_words_ == 4 && (is_digit(c) || c == '-')) [[likely]] {
      const char *const token = at;
      const bool negative = c == '-';
      at += negative;
      std::uint64_t value = 0;
      const char *const digits = at;
      while (is_digit(*at)) value = 10 * value + static_cast<std::uint64_t>(*at++ - '0');
      if (!is_blank(*at) || at == digits || (negative && value == 0)) [[unlikely]] {
        const char *token_end = find_blank(at, end);
        fail(token, quoted(token, token_end), "expected a literal or 0");
      }
      // Nineteen digits could overflow; nobody's variable has so many.
      if (at - digits > 18) [[unlikely]]
        fail(token, "number " + quoted(token, at) + " out of range",
             format_message("expected at most %d", max_dimacs_var));
      const auto literal = static_cast<std::int64_t>(value);
      line_has_token_ = true;
      add_literal(negative ? -literal : literal, token, at);
      continue;
    }
    at = parse_word(at, find_blank(at, end));
  }
}

// Anything but a number after the header: comment, header, trailer, or a fault.
const char *DimacsReader::parse_word(const char *at, const char *token_end) {
  const std::string_view word(at, static_cast<std::size_t>(token_end - at));
  const bool in_header = header_words_ > 0 && header_words_ < 4;
  const bool in_clause = static_cast<std::int64_t>(literals_.size()) > offsets_.back();
  if (in_header) {
    parse_header_word(at, token_end);
    line_has_token_ = true;
    return token_end;
  }
  if (word[0] == 'c') {
    state_ = State::comment;
    return at;
  }
  if (word[0] == '%' && !line_has_token_) {
    if (in_clause)
      throw ParseError(clause_line_, clause_column_, "a clause without its final 0",
                       "expected 0 before the '%' trailer");
    if (header_words_ == 0 && !relaxed_) fail_header_needed(at, token_end);
    state_ = State::trailer;
    return at + 1;
  }
  if (word == "p") {
    if (header_words_ == 4)
      fail(at, "a second header",
           format_message("expected one only, that of line %llu",
                          static_cast<unsigned long long>(header_line_)));
    if (!offsets_.empty() && (offsets_.size() > 1 || in_clause))
      fail(at, "a header after clauses", "expected it before the first clause");
    header_words_ = 1;
    header_line_ = line_;
    header_column_ = column(at);
    line_has_token_ = true;
    return token_end;
  }
  if (const auto dialect = dialect_of_word(word); !dialect.empty())
    fail(at, std::string(dialect), "expected a DIMACS CNF");
  if (header_words_ == 0 && (is_digit(word[0]) || word[0] == '-')) {
    if (!relaxed_) fail_header_needed(at, token_end);
    limit_ = 0;
    header_words_ = 4;
    header_line_ = 0;
    return at;
  }
  if (header_words_ == 0)
    fail(at, quoted(at, token_end),
         "expected a DIMACS CNF: a comment or 'p cnf VARIABLES CLAUSES'");
  fail(at, quoted(at, token_end), "expected a literal or 0");
}

void DimacsReader::fail_header_needed(const char *at, const char *token_end) {
  fail(at, quoted(at, token_end) + " before any header",
       std::string(header_form) + " (try --relaxed)");
}

void DimacsReader::parse_header_word(const char *at, const char *token_end) {
  const std::string_view word(at, static_cast<std::size_t>(token_end - at));
  if (line_ != header_line_) fail(at, "a header that ends early", std::string(header_form));
  if (header_words_ == 1) {
    if (word != "cnf") {
      const auto dialect = dialect_of_header(word);
      fail(at, dialect.empty() ? quoted(at, token_end) : std::string(dialect),
           std::string(header_form));
    }
    header_words_ = 2;
    return;
  }
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(at, token_end, value);
  const bool out_of_range = error == std::errc::result_out_of_range;
  if (!out_of_range && (error != std::errc() || stop != token_end || value < 0))
    fail(
        at, quoted(at, token_end),
        header_words_ == 2 ? "expected the number of variables" : "expected the number of clauses");
  if (header_words_ == 2) {
    if (out_of_range || value > max_dimacs_var)
      fail(at, "number " + quoted(at, token_end) + " out of range",
           format_message("expected at most %d variables", max_dimacs_var));
    header_vars_ = value;
    header_words_ = 3;
    return;
  }
  // Each clause takes a byte at least, and an offset eight.
  if (out_of_range || value > (std::int64_t{1} << 40))
    fail(at, "number " + quoted(at, token_end) + " out of range", "expected at most 2^40 clauses");
  header_clauses_ = value;
  header_words_ = 4;
  limit_ = static_cast<std::int32_t>(header_vars_);
  // A header may lie: believe it only as far as costs nothing.
  offsets_.reserve(static_cast<std::size_t>(std::min<std::int64_t>(value, 1 << 20)) + 1);
}

void DimacsReader::add_literal(std::int64_t value, const char *at, const char *token_end) {
  const auto open = static_cast<std::int64_t>(literals_.size()) == offsets_.back();
  if (open) {
    if (static_cast<std::int64_t>(offsets_.size()) > header_clauses_ && !relaxed_) [[unlikely]]
      fail(at,
           format_message("clause %zu, but the header announces %lld clauses", offsets_.size(),
                          static_cast<long long>(header_clauses_)),
           "expected no further clause (try --relaxed)");
    clause_line_ = line_;
    clause_column_ = column(at);
  }
  if (value == 0) {
    offsets_.push_back(static_cast<std::int64_t>(literals_.size()));
    return;
  }
  const std::int64_t variable = value < 0 ? -value : value;
  if (variable > limit_) [[unlikely]] {
    if (variable > max_dimacs_var)
      fail(at, "number " + quoted(at, token_end) + " out of range",
           format_message("expected at most %d", max_dimacs_var));
    if (!relaxed_)
      fail(at,
           format_message("variable %lld, but the header announces %lld",
                          static_cast<long long>(variable), static_cast<long long>(header_vars_)),
           format_message("expected at most %lld (try --relaxed)",
                          static_cast<long long>(header_vars_)));
    limit_ = static_cast<std::int32_t>(variable);
  }
  if (variable > largest_) largest_ = static_cast<std::int32_t>(variable);
  literals_.push_back(static_cast<std::int32_t>(value));
}

// After SATLIB's '%' only blanks and zeros may come.
void DimacsReader::parse_trailer(const char *at, const char *end) {
  for (; at != end; ++at) {
    if (*at == '\n') {
      new_line(at + 1);
    } else if (!is_blank(*at) && *at != '0') {
      fail(at, quoted(at, at + 1) + " after the '%' trailer", "expected the end of the file");
    }
  }
}

Formula DimacsReader::finish() {
  if (!carry_.empty()) {
    const char blank = ' ';
    feed(std::span(&blank, 1));
    if (line_bytes_ > 0) --line_bytes_;
  }
  const char *const here = "";
  base_ = here;
  if (header_words_ > 0 && header_words_ < 4)
    fail(here, "the end of the file within the header", std::string(header_form));
  if (static_cast<std::int64_t>(literals_.size()) > offsets_.back())
    throw ParseError(clause_line_, clause_column_, "a clause without its final 0",
                     "expected 0 before the end of the file");
  if (header_words_ == 0)
    fail(here, "the end of the file, no header",
         relaxed_ ? "expected a formula" : std::string(header_form) + " (try --relaxed)");
  const auto clauses = static_cast<std::int64_t>(offsets_.size()) - 1;
  const bool missing = header_line_ == 0;
  if (!missing && clauses < header_clauses_ && !relaxed_)
    fail(here,
         format_message("%lld clauses, but the header announces %lld",
                        static_cast<long long>(clauses), static_cast<long long>(header_clauses_)),
         "expected as many as announced (try --relaxed)");
  if (relaxed_) {
    const auto vars = static_cast<long long>(missing ? largest_ : limit_);
    if (missing)
      warnings_.push_back(format_message("no header; read as 'p cnf %lld %lld'", vars,
                                         static_cast<long long>(clauses)));
    else if (limit_ != header_vars_ || clauses != header_clauses_)
      warnings_.push_back(format_message(
          "the header of line %llu announces %lld variables and %lld clauses; read as "
          "'p cnf %lld %lld'",
          static_cast<unsigned long long>(header_line_), static_cast<long long>(header_vars_),
          static_cast<long long>(header_clauses_), vars, static_cast<long long>(clauses)));
    if (missing) limit_ = largest_;
  }
  Formula formula;
  formula.num_vars_ = static_cast<std::uint32_t>(limit_);
  literals_.shrink_to_fit();
  offsets_.shrink_to_fit();
  formula.literals_ = std::move(literals_);
  formula.offsets_ = std::move(offsets_);
  literals_.clear();
  offsets_.assign(1, 0);
  return formula;
}

std::string format_clauses(const Formula &formula, std::size_t first, std::size_t last,
                           char separator, std::span<const std::uint8_t> flips) {
  const auto offsets = formula.offsets();
  const auto literals = formula.literals();
  const auto count = static_cast<std::size_t>(offsets[last] - offsets[first]);
  // A literal takes at most 11 bytes and a blank.
  std::string text;
  text.resize(count * 12 + (last - first) * 2);
  char *to = text.data();
  for (std::size_t clause = first; clause != last; ++clause) {
    for (auto i = offsets[clause]; i != offsets[clause + 1]; ++i) {
      std::int32_t literal = literals[static_cast<std::size_t>(i)];
      if (!flips.empty() && flips[static_cast<std::size_t>(std::abs(literal)) - 1])
        literal = -literal;
      to = std::to_chars(to, to + 11, literal).ptr;
      *to++ = ' ';
    }
    *to++ = '0';
    *to++ = separator;
  }
  text.resize(static_cast<std::size_t>(to - text.data()));
  return text;
}

std::string format_header(const Formula &formula) {
  return format_message("p cnf %u %zu\n", formula.num_vars(), formula.num_clauses());
}

namespace {

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EPIPE) return false;
      throw SystemError(errno);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

bool write_dimacs(const Formula &formula, int descriptor, std::span<const std::uint8_t> flips) {
  NB_REQUIRE(flips.empty() || flips.size() == formula.num_vars(),
             "%zu flips, expected one for each of %u variables", flips.size(), formula.num_vars());
  if (!write_all(descriptor, format_header(formula))) return false;
  constexpr std::int64_t chunk_literals = 1 << 15;
  const auto offsets = formula.offsets();
  std::size_t first = 0;
  while (first != formula.num_clauses()) {
    std::size_t last = first + 1;
    while (last != formula.num_clauses() && last - first < chunk_literals &&
           offsets[last + 1] - offsets[first] <= chunk_literals)
      ++last;
    if (!write_all(descriptor, format_clauses(formula, first, last, '\n', flips))) return false;
    first = last;
  }
  return true;
}

}  // namespace nb
