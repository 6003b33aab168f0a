// SPDX-License-Identifier: MIT
#include "tools/solve/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <string_view>
#include <type_traits>

#include "base/error.hpp"
#include "base/json.hpp"
#include "solver/solver.hpp"
#include "tools/solve/input.hpp"

namespace nb::tools {

namespace {

[[noreturn]] void wrong(const std::string &word, const std::string &expected) {
  throw UsageError(word + ": expected " + expected);
}

template <class Number>
std::optional<Number> parsed(std::string_view text) {
  if constexpr (std::is_floating_point_v<Number>) {
    return parse_number(text);
  } else {
    Number number{};
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return number;
  }
}

template <class Number>
Number number_of(const std::string &option, std::string_view text, Number low, Number high) {
  const std::optional<Number> number = parsed<Number>(text);
  if (!number || *number < low || *number > high) {
    const auto most = static_cast<double>(high);
    wrong(option + " " + std::string(text),
          format_message("a number from %g", static_cast<double>(low)) +
              (most > 1e17 ? " on" : format_message(" to %.10g", most)));
  }
  return *number;
}

constexpr std::int64_t no_limit = 1'000'000'000'000'000'000;
constexpr double for_ever = 1e18;

std::int64_t count_of(const std::string &option, std::string_view text) {
  return number_of<std::int64_t>(option, text, 0, no_limit);
}

bool on_or_off(const std::string &option, std::string_view text) {
  if (text != "on" && text != "off") wrong(option + " " + std::string(text), "on or off");
  return text == "on";
}

AdviceMode mode_of(const std::string &option, std::string_view text) {
  constexpr std::pair<std::string_view, AdviceMode> modes[] = {{"off", AdviceMode::off},
                                                               {"first", AdviceMode::first},
                                                               {"initial", AdviceMode::initial},
                                                               {"always", AdviceMode::always}};
  for (const auto &[name, mode] : modes)
    if (name == text) return mode;
  wrong(option + " " + std::string(text), "off, first, initial or always");
}

void set_format(Arguments &to, const std::string &option, std::string_view text) {
  if (text != "drat" && text != "lrat") wrong(option + " " + std::string(text), "drat or lrat");
  to.lrat = text == "lrat";
}

void favour_satisfiable(Arguments &to) {
  to.core.insert(to.core.end(), {{"target", 2}, {"restart_interval", 50}});
}

struct Option {
  // Empty if there is none.
  const char *letter, *word;
  // Name of the value, nullptr for an option without.
  const char *value;
  const char *help;
  void (*act)(Arguments &to, const std::string &option, std::string_view text);
};

using Text = std::string_view;
using Word = const std::string &;

// In the order of the help.
constexpr Option options[] = {
    {"-h", "--help", nullptr, "print this and end",
     [](Arguments &to, Word, Text) { to.help = true; }},
    {"", "--version", nullptr, "print the version and end",
     [](Arguments &to, Word, Text) { to.version = true; }},
    {"-q", "--quiet", nullptr, "no c lines", [](Arguments &to, Word, Text) { to.quiet = true; }},
    {"-v", "--verbose", nullptr, "a c line for each event of the search",
     [](Arguments &to, Word, Text) { to.verbose = true; }},
    {"-n", "--no-witness", nullptr, "no v lines",
     [](Arguments &to, Word, Text) { to.witness = false; }},
    {"-s", "--statistics", nullptr, "print all counters",
     [](Arguments &to, Word, Text) { to.statistics = true; }},
    {"", "--stats", nullptr, "the same", [](Arguments &to, Word, Text) { to.statistics = true; }},
    {"-f", "--force", nullptr, "write the proof over a formula",
     [](Arguments &to, Word, Text) { to.force = true; }},
    {"", "--relaxed", nullptr, "put wrong headers right",
     [](Arguments &to, Word, Text) { to.relaxed = true; }},
    {"", "--strict", nullptr, "refuse wrong headers (default)",
     [](Arguments &to, Word, Text) { to.relaxed = false; }},
    {"", "--no-binary", nullptr, "the proof as text",
     [](Arguments &to, Word, Text) { to.binary = false; }},
    {"", "--text-proof", nullptr, "the same", [](Arguments &to, Word, Text) { to.binary = false; }},
    {"", "--binary", nullptr, "the proof in binary (default)",
     [](Arguments &to, Word, Text) { to.binary = true; }},
    {"", "--lrat", nullptr, "an LRAT proof", [](Arguments &to, Word, Text) { to.lrat = true; }},
    {"", "--proof-format", "drat|lrat", "form of the proof", set_format},
    {"", "--proof", "FILE", "the same as a second file",
     [](Arguments &to, Word, Text text) { to.proof = text; }},
    {"-t", "--time", "SECONDS", "wall seconds for everything",
     [](Arguments &to, Word word, Text text) {
       to.seconds = number_of<double>(word, text, 0, for_ever);
     }},
    {"-c", "--conflicts", "N", "conflicts of the search",
     [](Arguments &to, Word word, Text text) { to.conflicts = count_of(word, text); }},
    {"-d", "--decisions", "N", "decisions of the search",
     [](Arguments &to, Word word, Text text) { to.decisions = count_of(word, text); }},
    {"", "--ticks", "N", "cache lines touched by the search, the same on every machine",
     [](Arguments &to, Word word, Text text) { to.ticks = count_of(word, text); }},
    {"", "--memory", "MIB", "MiB for everything",
     [](Arguments &to, Word word, Text text) {
       to.memory_mib = number_of<double>(word, text, 0, for_ever);
     }},
    {"", "--threads", "N", "threads of the prediction",
     [](Arguments &to, Word word, Text text) {
       to.threads = number_of<unsigned>(word, text, 1, 1024);
     }},
    {"", "--sat", nullptr, "for formulas that are satisfiable: target=2, restart_interval=50",
     [](Arguments &to, Word, Text) { favour_satisfiable(to); }},
    {"", "--unsat", nullptr, "for formulas that are not: stable=0",
     [](Arguments &to, Word, Text) { to.core.emplace_back("stable", 0); }},
    {"", "--no-neural", nullptr, "the bare engine, no network",
     [](Arguments &to, Word, Text) { to.neural = false; }},
    {"", "--model", "FILE", "the checkpoint to use",
     [](Arguments &to, Word, Text text) { to.model = text; }},
    {"", "--threshold", "T", "least confidence of advice",
     [](Arguments &to, Word word, Text text) {
       to.threshold = number_of<double>(word, text, 0, 1);
     }},
    {"", "--gate", "on|off", "no advice from an unsure model",
     [](Arguments &to, Word word, Text text) { to.gate = on_or_off(word, text); }},
    {"", "--repair", "on|off", "make the advice consistent first",
     [](Arguments &to, Word word, Text text) { to.repair = on_or_off(word, text); }},
    {"", "--advice", "MODE", "where advice is taken: off, first, initial, always",
     [](Arguments &to, Word word, Text text) { to.advice = mode_of(word, text); }},
    {"", "--advice-at", "N", "conflicts at which advice is taken; 0: before the search",
     [](Arguments &to, Word word, Text text) { to.advice_at = count_of(word, text); }},
};

const Option *find(std::string_view word) {
  const auto *const found = std::find_if(std::begin(options), std::end(options), [&](auto &option) {
    return !word.empty() && (word == option.letter || word == option.word);
  });
  return found == std::end(options) ? nullptr : found;
}

// NAME=VALUE of the core's own options.
void set_core(Arguments &to, const std::string &word, std::string_view name,
              std::string_view value) {
  static const Solver solver;
  static const std::vector<OptionInfo> known = solver.options();
  std::string wanted(name);
  std::replace(wanted.begin(), wanted.end(), '-', '_');
  for (const OptionInfo &option : known) {
    if (option.name != wanted) continue;
    to.core.emplace_back(wanted, number_of<int>(word, value, option.low, option.high));
    return;
  }
  throw UsageError(word + ": unknown option (see neuroback-solve --help)");
}

bool parse_core(Arguments &to, const std::string &word) {
  const std::size_t equals = word.find('=');
  if (!word.starts_with("--")) return false;
  if (equals != word.npos)
    set_core(to, word.substr(0, equals), word.substr(2, equals - 2), word.substr(equals + 1));
  else if (word.starts_with("--no-"))
    set_core(to, word, word.substr(5), "0");
  else
    set_core(to, word, word.substr(2), "1");
  return true;
}

}  // namespace

Arguments parse_arguments(int argc, char **argv) {
  Arguments arguments;
  std::vector<std::string> files;
  bool only_files = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (only_files || word.size() < 2 || word[0] != '-') {
      files.push_back(word);
      continue;
    }
    if (word == "--") {
      only_files = true;
      continue;
    }
    const std::size_t equals = word.starts_with("--") ? word.find('=') : word.npos;
    const std::string name = word.substr(0, equals);
    if (const Option *const option = find(name)) {
      std::string value;
      if (option->value && equals != word.npos) {
        value = word.substr(equals + 1);
      } else if (option->value) {
        if (++i == argc) throw UsageError(name + ": expected " + option->value + " after it");
        value = argv[i];
      } else if (equals != word.npos && word.substr(equals + 1) != "1" &&
                 word.substr(equals + 1) != "true") {
        throw UsageError(word + ": " + name + " takes no value");
      }
      option->act(arguments, name, value);
    } else if (name == "--set" && (equals != word.npos || ++i < argc)) {
      const std::string setting = equals != word.npos ? word.substr(equals + 1) : argv[i];
      const std::size_t split = setting.find('=');
      if (split == setting.npos) wrong("--set " + setting, "NAME=VALUE");
      set_core(arguments, "--set " + setting, setting.substr(0, split), setting.substr(split + 1));
    } else if (!parse_core(arguments, word)) {
      throw UsageError(word + ": unknown option (see neuroback-solve --help)");
    }
  }
  if (files.size() > (arguments.proof.empty() ? 2u : 1u))
    throw UsageError(files.back() + ": expected a formula and a proof at most");
  if (!files.empty()) arguments.formula = files[0];
  if (files.size() > 1) arguments.proof = files[1];
  return arguments;
}

std::string help_text() {
  std::string text =
      "usage: neuroback-solve [OPTIONS] [FILE [PROOF]]\n\n"
      "Solves FILE, DIMACS CNF (\"-\" or none: standard input), with NeuroBack's own engine, "
      "advised\n"
      "by its network, and prints what SAT competitions ask for.  PROOF gets a binary DRAT proof "
      "if\n"
      "the answer is UNSATISFIABLE (\"-\": standard output, as text).  Exit codes: 10 satisfiable, "
      "20\n"
      "unsatisfiable, 0 unknown, 1 for bad input, 2 for a wrong call, 128 + signal.\n\n";
  for (const Option &option : options) {
    std::string left = "  " + std::string(option.letter) + (*option.letter ? ", " : "    ") +
                       option.word + (option.value ? std::string("=") + option.value : "");
    left.resize(std::max<std::size_t>(left.size() + 2, 30), ' ');
    text += left + option.help + "\n";
  }
  text +=
      "      --NAME=VALUE            an option of the engine (docs/options.md); --NAME and "
      "--no-NAME\n"
      "                              are 1 and 0\n\n"
      "Compressed files that this build reads: " +
      compressions() + "\n";
  return text;
}

}  // namespace nb::tools
