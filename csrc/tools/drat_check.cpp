// SPDX-License-Identifier: MIT
// nb-drat_check FORMULA PROOF [FORM]: the proof checker without Python, for plain files.
// Prints "s VERIFIED" and ends with 0, or the reason and "s NOT VERIFIED" and ends with 1.

#include <array>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "formula/dimacs.hpp"
#include "formula/formula.hpp"
#include "proof/proof_check.hpp"
#include "proof/proof_reader.hpp"

namespace {

constexpr std::size_t chunk_bytes = 1u << 16;

class File {
 public:
  explicit File(const char *path) : file_(std::fopen(path, "rb"), &std::fclose) {
    if (!file_) throw nb::FileError(std::string(path) + ": cannot be opened");
  }
  // The next bytes; none at the end.
  std::span<const char> read() {
    const std::size_t count = std::fread(buffer_.data(), 1, buffer_.size(), file_.get());
    if (count == 0 && std::ferror(file_.get())) throw nb::FileError("a file cannot be read");
    return {buffer_.data(), count};
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE *)> file_;
  std::array<char, chunk_bytes> buffer_;
};

nb::Formula read_formula(const char *path) {
  File file(path);
  nb::DimacsReader reader(false);
  for (auto chunk = file.read(); !chunk.empty(); chunk = file.read()) reader.feed(chunk);
  return reader.finish();
}

std::span<const unsigned char> as_bytes(std::span<const char> chunk) {
  return {reinterpret_cast<const unsigned char *>(chunk.data()), chunk.size()};
}

int check(const char *formula_path, const char *proof_path, const char *form_name) {
  const nb::Formula formula = read_formula(formula_path);
  File proof(proof_path);
  std::span<const char> chunk = proof.read();
  const auto form = form_name ? nb::proof_form_named(form_name)
                              : std::optional(nb::detect_proof_form(as_bytes(chunk)));
  if (!form) throw nb::FileError(std::string(form_name) + ": no form of proofs");
  nb::ProofCheck check(formula, *form);
  if (check.load()) {
    while (!chunk.empty() && check.feed(as_bytes(chunk))) chunk = proof.read();
    check.finish();
  }
  std::printf("c %s, %llu lemmas, %llu of them RAT, %llu deletions, %llu of them missing\n",
              std::string(name_of(*form)).c_str(), static_cast<unsigned long long>(check.lemmas()),
              static_cast<unsigned long long>(check.rat_lemmas()),
              static_cast<unsigned long long>(check.deletions()),
              static_cast<unsigned long long>(check.missing_deletions()));
  std::printf("c %s\ns %s\n", check.reason().c_str(),
              check.verified() ? "VERIFIED" : "NOT VERIFIED");
  return check.verified() ? 0 : 1;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc < 3 || argc > 4) {
    std::fprintf(stderr, "usage: %s FORMULA PROOF [drat-text|drat-binary|lrat-text|lrat-binary]\n",
                 argv[0]);
    return 2;
  }
  try {
    return check(argv[1], argv[2], argc > 3 ? argv[3] : nullptr);
  } catch (const nb::ParseError &error) {
    std::fprintf(stderr, "nb-drat_check: error: %s:%llu:%llu: %s\n", argv[1],
                 static_cast<unsigned long long>(error.line),
                 static_cast<unsigned long long>(error.column), error.what());
  } catch (const std::exception &error) {
    std::fprintf(stderr, "nb-drat_check: error: %s\n", error.what());
  }
  return 1;
}
