// SPDX-License-Identifier: MIT
#include "proof/proof_detect.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace nb {

namespace {

// Reads steps only to see how far they go and whether their ids are as LRAT has them.
class Ids : public ProofSteps {
 public:
  explicit Ids(std::uint64_t num_clauses) : last_(num_clauses) {}

  bool on_add(std::uint64_t id, std::span<const std::int32_t>,
              std::span<const std::int64_t> hints) override {
    fit_ = fit_ && id > last_ && below(hints, id);
    last_ = std::max(last_, id);
    ++lemmas_;
    return step_ends();
  }
  bool on_erase(std::span<const std::int32_t>, std::span<const std::int64_t> ids) override {
    // A deletion before the first lemma names clauses of the formula, whose number may be unknown.
    fit_ = fit_ && (last_ == 0 || below(ids, last_ + 1));
    return step_ends();
  }
  void watch(const ProofReader &reader) { reader_ = &reader; }
  // Deletions alone say nothing.
  bool fit() const { return fit_ && lemmas_; }
  std::uint64_t lemmas() const { return lemmas_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  static bool below(std::span<const std::int64_t> ids, std::uint64_t limit) {
    return std::all_of(ids.begin(), ids.end(), [=](std::int64_t id) {
      return static_cast<std::uint64_t>(id < 0 ? -id : id) < limit;
    });
  }

  bool step_ends() {
    bytes_ = reader_->bytes();
    return true;
  }

  const ProofReader *reader_ = nullptr;
  std::uint64_t last_;
  std::uint64_t lemmas_ = 0;
  std::uint64_t bytes_ = 0;
  bool fit_ = true;
};

struct Reading {
  // No byte breaks the grammar; the end of the file doesn't either.
  bool fits;
  bool complete;
  std::uint64_t lemmas;
  // Where the last complete step ends.
  std::uint64_t bytes;
  bool ids_fit;
};

Reading read_as(ProofForm form, std::span<const unsigned char> beginning, bool whole,
                std::uint64_t num_clauses) {
  Ids ids(num_clauses);
  ProofReader reader(form, ids);
  ids.watch(reader);
  Reading reading{true, true, 0, 0, false};
  try {
    reader.feed(beginning);
  } catch (const ParseError &) {
    reading.fits = reading.complete = false;
  }
  try {
    if (whole && reading.fits) reader.finish();
  } catch (const ParseError &) {
    reading.complete = false;
  }
  reading.lemmas = ids.lemmas();
  reading.bytes = ids.bytes();
  reading.ids_fit = ids.fit();
  return reading;
}

// How the first line that is no comment begins, in each format that has a word of its own; a number
// follows a letter alone.
constexpr std::pair<std::string_view, std::string_view> beginnings[] = {
    {"pseudo-Boolean proof", "a VeriPB proof"},
    {"p idrup", "an IDRUP proof"},
    {"p icnf", "an ICNF file, the queries of an IDRUP proof"},
    {"p lidrup", "a LIDRUP proof"},
    {"p cnf", "a formula in DIMACS form"},
    {"o ", "a FRAT proof"},
    {"a ", "a FRAT proof"},
    {"f ", "a FRAT proof"},
    {"i ", "an IDRUP or LIDRUP proof"},
    {"q ", "an IDRUP or LIDRUP proof"},
    {"l ", "an IDRUP or LIDRUP proof"},
};

bool is_number(std::string_view text) {
  const std::size_t digit = text.find_first_not_of(" -");
  return digit != text.npos && text[digit] >= '0' && text[digit] <= '9';
}

std::string_view other_format(std::string_view text, bool binary) {
  if (binary) {
    // Binary FRAT and IDRUP begin with a letter that no step of DRAT has.
    if (text[0] == 'o') return "a FRAT proof";
    if (text[0] == 'i') return "an IDRUP or LIDRUP proof";
    return {};
  }
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line[0] == 'c' || line[0] == '\r') continue;
    for (const auto &[begin, name] : beginnings)
      if (line.starts_with(begin) && (begin.size() > 2 || is_number(line.substr(2)))) return name;
    if (line.starts_with("s ") || line.starts_with("v ")) return "the output of a solver";
    return {};
  }
  return {};
}

}  // namespace

// The first bytes alone can mislead: a binary deletion of variable 16 begins with "d ".  But every
// binary step ends in a zero byte, and no text has one.
ProofDetection detect_proof(std::span<const unsigned char> beginning, bool whole,
                            std::uint64_t num_clauses) {
  if (beginning.empty()) return {{ProofForm::drat_text}, false, {}};
  const unsigned char first = beginning[0];
  const bool has_zero = std::find(beginning.begin(), beginning.end(), 0) != beginning.end();
  const bool has_high = std::any_of(beginning.begin(), beginning.end(),
                                    [](unsigned char byte) { return byte > 127; });
  const bool spaced = beginning.size() > 1 && (beginning[1] == ' ' || beginning[1] == '\t');
  const bool binary = (first == 'a' && (has_zero || has_high || !spaced)) ||
                      (first == 'd' && (has_zero || has_high));
  const std::string_view text(reinterpret_cast<const char *>(beginning.data()), beginning.size());

  ProofDetection found;
  if (!binary) found.other = other_format(text, has_zero);
  const ProofForm drat = binary ? ProofForm::drat_binary : ProofForm::drat_text;
  const ProofForm lrat = binary ? ProofForm::lrat_binary : ProofForm::lrat_text;
  const Reading as_drat = read_as(drat, beginning, whole, num_clauses);
  const Reading as_lrat = read_as(lrat, beginning, whole, num_clauses);
  const bool both = as_drat.fits && as_lrat.fits && as_drat.complete == as_lrat.complete;
  if (both && as_lrat.lemmas) {
    found.ids_fit = as_lrat.ids_fit;
    found.forms = {drat, lrat};
    if (found.ids_fit) std::swap(found.forms[0], found.forms[1]);
  } else if (as_drat.fits && as_lrat.fits) {
    found.forms = {as_lrat.complete && !as_drat.complete ? lrat : drat};
  } else if (as_drat.fits || as_lrat.fits) {
    found.forms = {as_lrat.fits && as_lrat.bytes ? lrat : drat};
  } else {
    found.forms = {as_lrat.bytes > as_drat.bytes ? lrat : drat};
  }
  return found;
}

}  // namespace nb
