// SPDX-License-Identifier: MIT
#include "tools/solve/advise.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sched.h>
#endif
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include "base/error.hpp"
#include "formula/repair.hpp"
#include "gnn/forward.hpp"
#include "graph/graph.hpp"
#include "tools/solve/watch.hpp"

namespace nb::tools {

namespace {

namespace fs = std::filesystem;

constexpr double mib = 1 << 20;
// Sizes decide, not a clock: the same formula has the same advice on every machine.
constexpr double max_seconds = 12;
constexpr double max_mib = 4096;
// A search that has not lasted this many times the seconds of the prediction needs none.
constexpr double patience = 4;
constexpr double least_head_start_seconds = 0.03;
constexpr const char *no_memory = "no advice: prediction needs more memory than is left";

fs::path own_path() {
#ifdef __APPLE__
  std::string path(4096, '\0');
  auto size = static_cast<std::uint32_t>(path.size());
  if (_NSGetExecutablePath(path.data(), &size) == 0) return fs::canonical(path.c_str());
#endif
  std::error_code none;
  return fs::read_symlink("/proc/self/exe", none);
}

// Folders in which the package may have put its checkpoints, the likeliest first: where the build's
// Python keeps packages beside its programs, and beside the programs of any other.  An installation
// of another layout names the folder in the environment.
std::vector<fs::path> checkpoint_folders() {
  if (const char *const named = std::getenv("NEUROBACK_CHECKPOINTS")) return {named};
  const fs::path inside = fs::path("neuroback") / "model" / "checkpoints";
  std::vector<fs::path> folders;
  const fs::path bin = own_path().parent_path();
#ifdef NB_PACKAGES
  folders.push_back(bin / NB_PACKAGES / inside);
#endif
  std::error_code none;
  for (const char *lib : {"lib", "lib64", "local/lib"})
    for (const auto &python : fs::directory_iterator(bin.parent_path() / lib, none))
      if (python.path().filename().string().starts_with("python"))
        for (const char *packages : {"site-packages", "dist-packages"})
          folders.push_back(python.path() / packages / inside);
#ifdef NB_SOURCE_DIR
  folders.push_back(fs::path(NB_SOURCE_DIR) / inside);
#endif
  return folders;
}

}  // namespace

std::string find_checkpoint(const std::string &model) {
  std::error_code none;
  if (model.find('/') != model.npos || model.ends_with(".safetensors") ||
      model.ends_with(".json")) {
    if (!fs::exists(model, none)) throw FileError(model + ": no such file, expected a checkpoint");
    return model;
  }
  const std::string name = model.empty() ? "default" : model;
  for (const fs::path &folder : checkpoint_folders()) {
    const fs::path path = folder / (name + ".safetensors");
    if (fs::exists(path, none)) return path;
  }
  if (model.empty()) return "";
  if (fs::exists(model, none)) return model;
  throw FileError(model +
                  ": no shipped model of this name was found, expected a checkpoint's file");
}

unsigned default_threads() {
  unsigned count = std::max(1u, std::thread::hardware_concurrency());
#ifdef __linux__
  cpu_set_t mask;
  if (::sched_getaffinity(0, sizeof mask, &mask) == 0)
    count = std::max(1u, static_cast<unsigned>(CPU_COUNT(&mask)));
#endif
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota = 0, period = 0;
  if (file >> quota >> period && period > 0)
    count = std::min(count, std::max(1u, static_cast<unsigned>(quota / period + 0.999)));
  return std::min(count, 16u);
}

std::optional<gnn::Advice> Adviser::advise(unsigned threads) const {
  if (formula.num_vars() == 0) return std::nullopt;
  const auto none = [&](const std::string &reason) {
    tell("no advice: " + reason);
    return std::nullopt;
  };
  const double seconds =
      gnn::seconds_of_size(formula.num_vars(), formula.num_clauses(), formula.num_literals());
  if (seconds > max_seconds)
    return none(
        format_message("the formula is too large, its prediction would take about %.0f "
                       "seconds, %g are allowed",
                       seconds, max_seconds));
  const gnn::Checkpoint model = gnn::Checkpoint::read(checkpoint);
  std::vector<float> p_true(formula.num_vars());
  std::vector<Value> root_values;
  {
    const Graph graph(formula, stop);
    const double needed =
        static_cast<double>(gnn::memory_bytes(model.network.shape, graph.num_vars(),
                                              graph.num_clauses(), graph.num_components())) /
        mib;
    double left = max_mib;
    if (arguments.memory_mib >= 0)
      left = std::clamp(arguments.memory_mib - resident_bytes() / mib, 0.0, max_mib);
    if (needed > left)
      return none(format_message("the prediction needs %.0f MiB of memory, %.0f are allowed",
                                 needed, left));
    gnn::predict(model.network, graph, threads, stop, p_true);
    root_values.assign(graph.root_values().begin(), graph.root_values().end());
  }
  if (arguments.gate.value_or(true)) {
    const double share = gnn::clear_share(model.gate, p_true, root_values);
    if (model.gate.min_share > 1)
      return none("the gate is closed for good: no threshold was shown to be right for this model");
    if (share < model.gate.min_share)
      return none(
          format_message("the gate is closed, %.1f%% of the open variables have a clear "
                         "prediction, %.1f%% are needed",
                         100 * share, 100 * model.gate.min_share));
  }
  gnn::Advice advice = gnn::advice_of(p_true, arguments.threshold.value_or(model.threshold));
  if (arguments.repair.value_or(model.repair)) {
    Repaired repaired = repair(formula, advice.values, advice.confidence, stop);
    advice = {std::move(repaired.values), std::move(repaired.confidence)};
  }
  const auto is_false = std::count(advice.values.begin(), advice.values.end(), Value(-1));
  const auto is_true = std::count(advice.values.begin(), advice.values.end(), Value(1));
  if (is_false + is_true == 0) return none("no variable is predicted clearly enough");
  tell(format_message("advice from %s for %lld of %u variables, %lld of them false",
                      model.name.c_str(), static_cast<long long>(is_false + is_true),
                      formula.num_vars(), static_cast<long long>(is_false)));
  return advice;
}

Beside::Beside(const Adviser &adviser, std::function<void(const gnn::Advice &)> give,
               std::function<void()> failed)
    : adviser_(adviser), give_(std::move(give)), failed_(std::move(failed)) {
  adviser_.stop = [this, stop = adviser.stop] { return over_.load() || stop(); };
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error &) {
    // It gets no stack.
    adviser_.tell(no_memory);
  }
}

void Beside::run() {
  const Formula &formula = adviser_.formula;
  const double head_start =
      std::max(least_head_start_seconds,
               patience * gnn::seconds_of_size(formula.num_vars(), formula.num_clauses(),
                                               formula.num_literals()));
  {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, std::chrono::duration<double>(std::min(head_start, 1e6)),
                          [this] { return over_.load(); }))
      return;
  }
  try {
    const unsigned all =
        adviser_.arguments.threads ? adviser_.arguments.threads : default_threads();
    // One CPU is the search's.
    if (const auto advice = adviser_.advise(std::max(1u, all - 1)); advice && !over_)
      give_(*advice);
  } catch (const Interrupted &) {
  } catch (const std::bad_alloc &) {
    adviser_.tell(no_memory);
  } catch (...) {
    error_ = std::current_exception();
    failed_();
  }
}

void Beside::end() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Beside::rethrow() const {
  if (error_) std::rethrow_exception(error_);
}

}  // namespace nb::tools
