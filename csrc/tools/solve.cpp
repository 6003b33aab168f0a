// SPDX-License-Identifier: MIT
// nb-solve: the core alone on one plain DIMACS file, for development and tests.
//
//   nb-solve [--OPTION=VALUE]... [-v] [-n] [--stats] [--conflicts=N] [--ticks=N] [--time=S]
//            [--proof=FILE [--text]] [--phases=FILE] [--advice=MODE] [FILE | -]
//
// Prints what SAT competitions ask for; every model is checked against the formula as read.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "formula/dimacs.hpp"
#include "formula/model.hpp"
#include "proof/drat_file.hpp"
#include "proof/online_check.hpp"
#include "solver/solver.hpp"

namespace {

nb::Solver *running = nullptr;

void on_signal(int) {
  if (running) running->interrupt();
}

struct Arguments {
  std::string formula = "-", proof, phases;
  nb::AdviceMode advice = nb::AdviceMode::initial;
  nb::Budget budget;
  bool verbose = false, witness = true, statistics = false, text = false;
};

bool parse(int argc, char **argv, Arguments &arguments, nb::Solver &solver) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (word == "-v") {
      arguments.verbose = true;
    } else if (word == "-n") {
      arguments.witness = false;
    } else if (word == "--stats") {
      arguments.statistics = true;
    } else if (word == "--text") {
      arguments.text = true;
    } else if (key == "--proof") {
      arguments.proof = value;
    } else if (key == "--phases") {
      arguments.phases = value;
    } else if (key == "--conflicts") {
      arguments.budget.conflicts = std::stoll(value);
    } else if (key == "--ticks") {
      arguments.budget.ticks = std::stoll(value);
    } else if (key == "--time") {
      arguments.budget.seconds = std::stod(value);
    } else if (key == "--advice") {
      arguments.advice = value == "off"      ? nb::AdviceMode::off
                         : value == "first"  ? nb::AdviceMode::first
                         : value == "always" ? nb::AdviceMode::always
                                             : nb::AdviceMode::initial;
    } else if (word.starts_with("--") && equals != std::string::npos) {
      solver.set_option(key.substr(2), std::stoi(value));
    } else if (word.starts_with("-") && word != "-") {
      std::fprintf(stderr, "nb-solve: unknown option %s\n", word.c_str());
      return false;
    } else {
      arguments.formula = word;
    }
  }
  return true;
}

nb::Formula read(const std::string &path) {
  std::FILE *file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (!file) throw nb::FileError(path + ": cannot be opened");
  nb::DimacsReader reader(true);
  std::string chunk(1 << 20, '\0');
  while (const std::size_t size = std::fread(chunk.data(), 1, chunk.size(), file))
    reader.feed(std::span<const char>(chunk.data(), size));
  if (file != stdin) std::fclose(file);
  return reader.finish();
}

// One signed number a line: the suggested value of that variable, or 0.
void read_phases(const std::string &path, const Arguments &arguments, nb::Solver &solver) {
  std::FILE *file = std::fopen(path.c_str(), "r");
  if (!file) throw nb::FileError(path + ": cannot be opened");
  std::vector<signed char> phases;
  for (int number = 0; std::fscanf(file, "%d", &number) == 1;) {
    const auto var = static_cast<std::size_t>(std::abs(number));
    if (phases.size() < var) phases.resize(var, 0);
    if (var) phases[var - 1] = number < 0 ? -1 : 1;
  }
  std::fclose(file);
  solver.advise(phases, {}, arguments.advice);
}

void print_model(const std::vector<signed char> &model) {
  std::string line = "v";
  const auto put = [&](const std::string &word) {
    if (line.size() + 1 + word.size() > 78) {
      std::puts(line.c_str());
      line = "v";
    }
    line += ' ';
    line += word;
  };
  for (std::size_t i = 0; i < model.size(); ++i)
    put(std::to_string(model[i] < 0 ? -static_cast<long long>(i + 1)
                                    : static_cast<long long>(i + 1)));
  put("0");
  std::puts(line.c_str());
}

int run(int argc, char **argv) {
  nb::Solver solver;
  Arguments arguments;
  if (!parse(argc, argv, arguments, solver)) return 2;
  const auto start = std::chrono::steady_clock::now();
  const nb::Formula formula = read(arguments.formula);
  const std::chrono::duration<double> reading = std::chrono::steady_clock::now() - start;

  std::FILE *proof_file = nullptr;
  std::unique_ptr<nb::DratWriter> proof;
  if (!arguments.proof.empty()) {
    proof_file = std::fopen(arguments.proof.c_str(), "wb");
    if (!proof_file) throw nb::FileError(arguments.proof + ": cannot be written");
    proof = std::make_unique<nb::DratWriter>(
        [&](std::string_view bytes) {
          if (std::fwrite(bytes.data(), 1, bytes.size(), proof_file) != bytes.size())
            throw nb::FileError(arguments.proof + ": write failed");
        },
        !arguments.text);
    solver.connect_proof(proof.get());
  }
  // With all internal checks, every step is checked as it is made.
  std::unique_ptr<nb::OnlineCheck> check;
  if (NB_CHECK_LEVEL >= 2 && !proof) {
    check = std::make_unique<nb::OnlineCheck>();
    solver.connect_proof(check.get());
  }
  if (arguments.verbose)
    solver.on_report([](std::string_view line) {
      std::printf("c %.*s\n", static_cast<int>(line.size()), line.data());
      std::fflush(stdout);
    });
  solver.reserve_vars(static_cast<std::int32_t>(formula.num_vars()));
  for (std::size_t i = 0; i < formula.num_clauses(); ++i) solver.add_clause(formula.clause(i));
  if (!arguments.phases.empty()) read_phases(arguments.phases, arguments, solver);

  running = &solver;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  const nb::Status status = solver.solve({}, arguments.budget);
  running = nullptr;
  if (check && status == nb::Status::unsatisfiable) {
    check->expect_refuted();
  } else if (check && !solver.option("incremental") &&
             check->alive_beyond_units() != solver.clauses_held()) {
    std::fprintf(stderr, "nb-solve: internal error: %llu clauses in the proof, %zu in the solver\n",
                 static_cast<unsigned long long>(check->alive_beyond_units()),
                 solver.clauses_held());
    return 3;
  }
  const std::chrono::duration<double> total = std::chrono::steady_clock::now() - start;
  if (proof_file && std::fclose(proof_file)) throw nb::FileError(arguments.proof + ": not closed");

  if (arguments.statistics) {
    for (const nb::StatisticInfo &row : solver.statistics())
      std::printf("c %-24.*s %15lld %.*s\n", static_cast<int>(row.name.size()), row.name.data(),
                  static_cast<long long>(row.value), static_cast<int>(row.unit.size()),
                  row.unit.data());
    std::printf("c %-24s %15.3f\nc %-24s %15.3f\n", "seconds_reading", reading.count(),
                "seconds_total", total.count());
    std::printf(
        "c %-24s %15.0f\n", "propagations_per_second",
        static_cast<double>(solver.statistic("propagations")) / (total.count() - reading.count()));
    std::printf("c %-24s %15zu\n", "bytes", solver.bytes());
  }
  if (status == nb::Status::satisfiable) {
    const std::vector<signed char> model = solver.model();
    if (const auto clause = nb::find_falsified(formula, model)) {
      std::fprintf(stderr, "nb-solve: internal error: the model falsifies clause %zu\n",
                   *clause + 1);
      return 3;
    }
    std::puts("s SATISFIABLE");
    if (arguments.witness) print_model(model);
  } else {
    std::puts(status == nb::Status::unsatisfiable ? "s UNSATISFIABLE" : "s UNKNOWN");
  }
  return static_cast<int>(status);
}

}  // namespace

int main(int argc, char **argv) {
  try {
    return run(argc, argv);
  } catch (const nb::ParseError &error) {
    std::fprintf(stderr, "nb-solve: error: %llu:%llu: %s\n",
                 static_cast<unsigned long long>(error.line),
                 static_cast<unsigned long long>(error.column), error.what());
  } catch (const std::exception &error) {
    std::fprintf(stderr, "nb-solve: error: %s\n", error.what());
  }
  return 1;
}
