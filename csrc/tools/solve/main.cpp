// SPDX-License-Identifier: MIT
// neuroback-solve [OPTIONS] [FILE [PROOF]]: the engine core and its network without Python, for
// programs that call Kissat or CaDiCaL.
//
// Idea     Every stage is a library of ours; this file puts them together as neuroback/pipeline.py
//          does for `neuroback solve --engine core`, with the same answers, models and proofs.
// Checks   Every model is checked against the formula as read.  With all internal checks built in,
//          every step of the proof is checked as it is made, and lost clauses are found.
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "formula/dimacs.hpp"
#include "formula/model.hpp"
#include "proof/drat_file.hpp"
#include "proof/lrat_proof.hpp"
#include "proof/online_check.hpp"
#include "solver/solver.hpp"
#include "tools/solve/advise.hpp"
#include "tools/solve/arguments.hpp"
#include "tools/solve/input.hpp"
#include "tools/solve/output.hpp"
#include "tools/solve/proof_target.hpp"
#include "tools/solve/watch.hpp"

#ifndef NB_VERSION
#define NB_VERSION "of a developer's build"
#endif

namespace nb::tools {
namespace {

constexpr int exit_error = 1, exit_usage = 2, exit_internal = 3, exit_signal = 128;
// Clauses between two looks whether to stop.
constexpr std::size_t poll_interval = 1 << 15;

std::string interrupted_by(int number) {
  constexpr std::pair<int, const char *> names[] = {
      {SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"}, {SIGXCPU, "SIGXCPU"}};
  for (const auto &[known, name] : names)
    if (known == number) return std::string("interrupted by ") + name;
  return "interrupted";
}

class Program {
 public:
  explicit Program(const Arguments &arguments)
      : arguments_(arguments),
        watch_(
            arguments.seconds, arguments.memory_mib, [this] { solver_.interrupt(); },
            [this](Ending why) { return last_words(why); }) {
    output_.set_quiet(arguments.quiet);
  }

  // The exit code.
  int run() {
    Status status = Status::unknown;
    try {
      status = solve();
    } catch (const Interrupted &) {
    } catch (const ParseError &) {
      // A signal to the whole pipeline ends the writer of the formula, too.
      if (!watch_.stop() && !Watch::signal()) throw;
    } catch (const std::bad_alloc &) {
      watch_.ran_out_of_memory();
    }
    watch_.release();
    output_.hush(false);
    if (output_.broken()) return not_written();
    if (status == Status::unsatisfiable && target_) target_->commit();
    if (target_) target_->discard();
    if (status == Status::unknown)
      return finish(Watch::signal() ? Ending::interrupt : watch_.ending());
    if (arguments_.statistics) print_statistics();
    const bool witness = status == Status::satisfiable && arguments_.witness;
    if (!output_.answer(status, witness ? &model_ : nullptr)) return not_written();
    return static_cast<int>(status);
  }

 private:
  Status solve() {
    open_proof();
    output_.comment("neuroback-solve " NB_VERSION);
    read();
    std::string checkpoint;
    if (arguments_.neural && arguments_.advice != AdviceMode::off) {
      checkpoint = find_checkpoint(arguments_.model);
      if (checkpoint.empty())
        output_.warning(
            "the network's file was not found, so the search goes without advice "
            "(--model=FILE or $NEUROBACK_CHECKPOINTS names it, --no-neural wants none)");
    }
    set_up();
    if (!load()) return Status::unknown;
    const Adviser adviser{formula_, arguments_, checkpoint, [this] { return watch_.stop(); },
                          [this](const std::string &text) { output_.comment(text); }};
    if (!checkpoint.empty() && arguments_.advice_at >= 0) {
      const unsigned threads = arguments_.threads ? arguments_.threads : default_threads();
      if (const auto advice = adviser.advise(threads))
        solver_.advise_at(arguments_.advice_at, advice->values, advice->confidence,
                          arguments_.advice);
      checkpoint.clear();
    }
    std::unique_ptr<Beside> beside;
    if (!checkpoint.empty())
      beside = std::make_unique<Beside>(
          adviser,
          [this](const gnn::Advice &advice) {
            solver_.advise(advice.values, advice.confidence, arguments_.advice);
          },
          [this] { solver_.interrupt(); });
    const Status status = search();
    if (beside) {
      beside->end();
      beside->rethrow();
      if (const auto at = solver_.handovers(); !at.empty()) {
        const auto last = static_cast<long long>(at.back());
        output_.comment(format_message(
            "advice handed over at %lld conflicts, --advice-at=%lld repeats it", last, last));
      }
    }
    return judge(status);
  }

  // As SIGPIPE ends others, but without a proof that is left half written.
  int not_written() {
    if (target_) target_->discard();
    if (!output_.unread()) throw FileError("standard output: cannot be written");
    return exit_signal + SIGPIPE;
  }

  void open_proof() {
    if (arguments_.proof.empty()) return;
    target_ = std::make_unique<ProofTarget>(arguments_.proof, arguments_.formula, arguments_.force);
    output_.hush(target_->is_stdout());
  }

  void read() {
    DimacsReader reader(arguments_.relaxed);
    read_plain(arguments_.formula, [&](std::span<const char> piece) {
      reader.feed(piece);
      if (watch_.stop()) throw Interrupted();
      return true;
    });
    formula_ = reader.finish();
    for (const std::string &warning : reader.warnings())
      output_.warning(arguments_.formula + ": " + warning);
    output_.comment(format_message("read %u variables, %zu clauses, %zu literals",
                                   formula_.num_vars(), formula_.num_clauses(),
                                   formula_.num_literals()));
  }

  void set_up() {
    // One formula, one answer: nothing has to be kept for later clauses.
    solver_.set_option("incremental", 0);
    if (target_ && arguments_.lrat) solver_.keep_to_rup();
    for (const auto &[name, value] : arguments_.core) solver_.set_option(name, value);
    if (target_) {
      const bool binary = arguments_.binary && arguments_.proof != "-";
      const auto write = [this](std::string_view bytes) { target_->write(bytes); };
      const auto failed = [this] {
        proof_error_ = std::current_exception();
        solver_.interrupt();
      };
      if (arguments_.lrat)
        proof_ = std::make_unique<LratProof>(write, binary, failed);
      else
        proof_ = std::make_unique<DratWriter>(
            [this, write, failed](std::string_view bytes) {
              if (proof_error_) return;
              try {
                write(bytes);
              } catch (...) {
                failed();
              }
            },
            binary);
    } else if (NB_CHECK_LEVEL >= 2) {
      auto check = std::make_unique<OnlineCheck>();
      check_ = check.get();
      proof_ = std::move(check);
    }
    if (proof_) solver_.connect_proof(proof_.get());
    solver_.on_poll([this] { return watch_.stop() || proof_error_ || output_.broken(); });
    if (arguments_.verbose)
      solver_.on_report([this](std::string_view line) { output_.comment(std::string(line)); });
  }

  bool load() {
    solver_.reserve_vars(static_cast<std::int32_t>(formula_.num_vars()));
    for (std::size_t i = 0; i < formula_.num_clauses(); ++i) {
      solver_.add_clause(formula_.clause(i));
      if ((i + 1) % poll_interval == 0 && watch_.stop()) return false;
    }
    return true;
  }

  Status search() {
    Budget budget;
    budget.conflicts = arguments_.conflicts;
    budget.decisions = arguments_.decisions;
    budget.ticks = arguments_.ticks;
    const Status status = solver_.solve({}, budget);
    if (proof_error_) std::rethrow_exception(proof_error_);
    return status;
  }

  Status judge(Status status) {
    if (check_ && status == Status::unsatisfiable) {
      check_->expect_refuted();
    } else if (check_ && !solver_.option("incremental") &&
               check_->alive_beyond_units() != solver_.clauses_held()) {
      throw CheckFailure(format_message(
          "%llu clauses in the proof, %zu in the solver",
          static_cast<unsigned long long>(check_->alive_beyond_units()), solver_.clauses_held()));
    }
    if (status != Status::satisfiable) return status;
    model_ = solver_.model();
    model_.resize(formula_.num_vars());
    if (const auto clause = find_falsified(formula_, model_))
      throw CheckFailure(format_message("the model falsifies clause %zu", *clause + 1));
    return status;
  }

  void print_statistics() {
    for (const StatisticInfo &row : solver_.statistics())
      output_.comment(format_message("%-24.*s %15lld %.*s", static_cast<int>(row.name.size()),
                                     row.name.data(), static_cast<long long>(row.value),
                                     static_cast<int>(row.unit.size()), row.unit.data()));
    output_.comment(format_message("%-24s %15zu bytes", "clauses_and_watches", solver_.bytes()));
  }

  // The end without an answer.
  int finish(Ending why) {
    const int number = Watch::signal();
    if (why == Ending::interrupt)
      output_.comment(interrupted_by(number));
    else if (why == Ending::time)
      output_.comment(format_message("limit reached: time, %g seconds", arguments_.seconds));
    else if (why == Ending::memory && arguments_.memory_mib >= 0)
      output_.comment(format_message("limit reached: memory, %g MiB", arguments_.memory_mib));
    else if (why == Ending::memory)
      output_.comment("limit reached: memory, no more is there");
    else
      output_.comment(limit_of_search());
    if (arguments_.statistics) print_statistics();
    output_.answer(Status::unknown, nullptr);
    return why == Ending::interrupt ? exit_signal + number : 0;
  }

  std::string limit_of_search() const {
    switch (solver_.stop_reason()) {
      case StopReason::conflicts:
        return format_message("limit reached: conflicts, %lld",
                              static_cast<long long>(arguments_.conflicts));
      case StopReason::decisions:
        return format_message("limit reached: decisions, %lld",
                              static_cast<long long>(arguments_.decisions));
      default:
        return format_message("limit reached: ticks, %lld",
                              static_cast<long long>(arguments_.ticks));
    }
  }

  // Called by the watch while the run hangs somewhere: nothing but words is safe.
  int last_words(Ending why) {
    if (target_) target_->discard();
    output_.hush(false);
    const int number = Watch::signal();
    output_.comment(why == Ending::interrupt ? interrupted_by(number)
                    : why == Ending::time
                        ? format_message("limit reached: time, %g seconds", arguments_.seconds)
                        : "limit reached: memory");
    output_.answer(Status::unknown, nullptr);
    return why == Ending::interrupt ? exit_signal + number : 0;
  }

  const Arguments &arguments_;
  Output output_;
  std::unique_ptr<ProofTarget> target_;
  std::unique_ptr<ProofListener> proof_;
  OnlineCheck *check_ = nullptr;
  std::exception_ptr proof_error_;
  Formula formula_;
  // After the listener that it talks to.
  Solver solver_;
  std::vector<Value> model_;
  // Last: its thread asks and speaks through all the others.
  Watch watch_;
};

int fail(const std::string &text, int code) {
  std::fflush(stdout);
  std::fprintf(stderr, "neuroback: error: %s\n", text.c_str());
  return code;
}

int run(int argc, char **argv) {
  Arguments arguments;
  try {
    arguments = parse_arguments(argc, argv);
  } catch (const UsageError &error) {
    return fail(error.what(), exit_usage);
  }
  if (arguments.help || arguments.version) {
    std::fputs(arguments.help ? help_text().c_str() : NB_VERSION "\n", stdout);
    return std::fflush(stdout) == 0 ? 0 : exit_error;
  }
  const std::string name = arguments.formula == "-" ? "<stdin>" : arguments.formula;
  try {
    return Program(arguments).run();
  } catch (const ParseError &error) {
    const std::string place =
        error.line ? format_message("%llu:%llu: ", static_cast<unsigned long long>(error.line),
                                    static_cast<unsigned long long>(error.column))
                   : " ";
    return fail(name + ":" + place + error.what(), exit_error);
  } catch (const CheckFailure &error) {
    return fail(std::string("internal error: ") + error.what(), exit_internal);
  } catch (const std::exception &error) {
    return fail(error.what(), exit_error);
  }
}

}  // namespace
}  // namespace nb::tools

int main(int argc, char **argv) {
  return nb::tools::run(argc, argv);
}
