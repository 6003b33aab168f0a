// SPDX-License-Identifier: MIT
#include "base/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/error.hpp"

namespace nb {
namespace {

constexpr int default_signals[] = {SIGINT,  SIGTERM, SIGHUP,  SIGPIPE, SIGALRM,
                                   SIGQUIT, SIGXCPU, SIGXFSZ, SIGCHLD};

// Runs between fork and exec: system calls only, nothing that allocates or locks.
void become(const ChildOptions &options, char *const argv[], pid_t parent, int report,
            const sigset_t &mask) {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (const int number : default_signals) sigaction(number, &action, nullptr);
  setpgid(0, 0);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the line above.
  if (getppid() != parent) _exit(127);
#else
  (void)parent;
#endif
  rlimit limit = {0, 0};
  setrlimit(RLIMIT_CORE, &limit);
  // The hard limit of the parent may be lower already; it stays.
  rlimit data = {};
  getrlimit(RLIMIT_DATA, &data);
  data.rlim_cur = data.rlim_max;
  if (options.data_bytes && (data.rlim_max == RLIM_INFINITY || options.data_bytes < data.rlim_max))
    data.rlim_cur = options.data_bytes;
  setrlimit(RLIMIT_DATA, &data);

  // First out of the way of 0, 1 and 2, then into place.
  int fds[] = {options.stdin_fd, options.stdout_fd, options.stderr_fd};
  bool ready = true;
  for (int &fd : fds) ready = ready && (fd = fcntl(fd, F_DUPFD_CLOEXEC, 10)) >= 0;
  for (int target = 0; ready && target < 3; target++) ready = dup2(fds[target], target) >= 0;
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  if (ready) execv(argv[0], argv);
  const int reason = errno;
  [[maybe_unused]] const auto written = write(report, &reason, sizeof reason);
  _exit(127);
}

}  // namespace

int start_child(const ChildOptions &options) {
  std::vector<char *> argv;
  argv.reserve(options.argv.size() + 1);
  for (const auto &argument : options.argv) argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);

  int report[2];
  if (pipe(report) != 0) throw FileError(std::strerror(errno));
  for (const int fd : report) fcntl(fd, F_SETFD, FD_CLOEXEC);

  // No handler of ours may run in the child, which shares our memory until it executes.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t parent = getpid();
#ifdef __linux__
  const pid_t child = vfork();
#else
  const pid_t child = fork();
#endif
  if (child == 0) become(options, argv.data(), parent, report[1], before);
  const int fork_error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(report[1]);

  int reason = child < 0 ? fork_error : 0;
  if (child > 0) {
    ssize_t got;
    do got = read(report[0], &reason, sizeof reason);
    while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof reason)) reason = 0;
  }
  close(report[0]);
  if (reason != 0) {
    if (child > 0) waitpid(child, nullptr, 0);
    throw FileError(std::strerror(reason));
  }
  return child;
}

}  // namespace nb
