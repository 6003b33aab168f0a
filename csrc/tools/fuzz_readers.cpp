// SPDX-License-Identifier: MIT
// nb-fuzz-readers: any bytes to any reader, under clang's libFuzzer.
//
//   nb-fuzz-readers --reader=NAME [libFuzzer's options] [CORPUS]
//
// A reader may refuse what it is given, by the exceptions that it declares, and by nothing else.
// Beyond that: a formula is read alike in one piece and in many, and what is written of it is read
// back; no proof is accepted for a satisfiable formula.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "formula/dimacs.hpp"
#include "gnn/weights.hpp"
#include "proof/proof_check.hpp"
#include "proof/proof_detect.hpp"
#include "proof/translate.hpp"
#include "tools/solve/decompress.hpp"

namespace {

using Bytes = std::span<const std::uint8_t>;

[[noreturn]] void fail(const char *what) {
  std::fprintf(stderr, "nb-fuzz-readers: %s\n", what);
  std::abort();
}

std::span<const char> text_of(Bytes bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

// The formula, or the error, in pieces of this many bytes.
std::string read(std::span<const char> text, bool relaxed, std::size_t piece) {
  try {
    nb::DimacsReader reader(relaxed);
    for (std::size_t i = 0; i < text.size(); i += piece)
      reader.feed(text.subspan(i, std::min(piece, text.size() - i)));
    const nb::Formula formula = reader.finish();
    return nb::format_header(formula) +
           nb::format_clauses(formula, 0, formula.num_clauses(), '\n', {});
  } catch (const nb::ParseError &error) {
    return "error " + std::to_string(error.line) + ":" + std::to_string(error.column) + " " +
           error.what();
  }
}

void dimacs(Bytes bytes) {
  if (bytes.empty()) return;
  const bool relaxed = bytes[0] & 1;
  const std::size_t piece = 1 + bytes[0] / 2 % 16;
  const auto text = text_of(bytes.subspan(1));
  const std::string whole = read(text, relaxed, text.size() + 1);
  if (read(text, relaxed, piece) != whole) fail("pieces are read otherwise than the whole");
  if (whole.starts_with("error")) return;
  if (read(whole, false, whole.size()) != whole) fail("what was written is read otherwise");
}

nb::Formula formula_of(std::string_view text) {
  nb::DimacsReader reader(false);
  reader.feed(text);
  return reader.finish();
}

void check_proof(Bytes bytes, nb::ProofForm form) {
  static const nb::Formula satisfiable =
      formula_of("p cnf 5 7\n1 2 0\n-1 2 3 0\n-2 3 0\n-3 4 5 0\n-4 -5 0\n1 -5 4 0\n-1 -2 -3 4 0\n");
  static const nb::Formula unsatisfiable = formula_of(
      "p cnf 3 8\n1 2 3 0\n1 2 -3 0\n1 -2 3 0\n1 -2 -3 0\n-1 2 3 0\n-1 2 -3 0\n"
      "-1 -2 3 0\n-1 -2 -3 0\n");
  for (const nb::Formula *formula : {&satisfiable, &unsatisfiable}) {
    nb::ProofCheck check(*formula, form);
    if (check.load()) {
      check.feed(bytes);
      check.finish();
    }
    if (check.reason().empty()) fail("a proof without a verdict");
    if (formula == &satisfiable && check.verified())
      fail("a proof of a satisfiable formula is accepted");
  }
}

void detect(Bytes bytes) {
  const nb::ProofDetection found = nb::detect_proof(bytes, true, 8);
  if (found.forms.empty()) fail("no form");
}

void translate(Bytes bytes) {
  if (bytes.empty()) return;
  const std::vector<std::uint8_t> flips{1, 0, 1};
  nb::ProofTranslator translator(flips, bytes[0] & 1);
  translator.feed(text_of(bytes.subspan(1)));
}

void safetensors(Bytes bytes) {
  nb::gnn::parse_safetensors(std::as_bytes(bytes));
}

void json(Bytes bytes) {
  const auto text = text_of(bytes);
  nb::Json::parse({text.data(), text.size()});
}

void archive(Bytes bytes) {
  if (bytes.empty()) return;
  constexpr std::string_view kinds[] = {"gzip", "bzip2", "xz", "lzma", "zstd"};
  const auto decompressor = nb::tools::decompressor_for(kinds[bytes[0] % std::size(kinds)]);
  if (!decompressor) return;
  std::size_t size = 0;
  decompressor->feed(text_of(bytes.subspan(1)), [&](std::span<const char> piece) {
    size += piece.size();
    return size < (1u << 24);
  });
  (void)decompressor->complete();
}

using Reader = void (*)(Bytes);

const std::map<std::string_view, Reader> readers = {
    {"dimacs", dimacs},
    {"drat-text", [](Bytes bytes) { check_proof(bytes, nb::ProofForm::drat_text); }},
    {"drat-binary", [](Bytes bytes) { check_proof(bytes, nb::ProofForm::drat_binary); }},
    {"lrat-text", [](Bytes bytes) { check_proof(bytes, nb::ProofForm::lrat_text); }},
    {"lrat-binary", [](Bytes bytes) { check_proof(bytes, nb::ProofForm::lrat_binary); }},
    {"proof-form", detect},
    {"kissat-proof", translate},
    {"safetensors", safetensors},
    {"json", json},
    {"archive", archive},
};

Reader chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv) {
  constexpr std::string_view option = "--reader=";
  for (int i = 1; i < *argc; ++i) {
    const std::string_view word = (*argv)[i];
    if (!word.starts_with(option)) continue;
    if (const auto found = readers.find(word.substr(option.size())); found != readers.end())
      chosen = found->second;
  }
  if (!chosen) {
    for (const auto &[name, reader] : readers) std::printf("%.*s\n", int(name.size()), name.data());
    std::exit(2);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  try {
    chosen({data, size});
  } catch (const nb::ParseError &) {
  } catch (const nb::FileError &) {
  }
  return 0;
}
