// SPDX-License-Identifier: BSD-3-Clause
#include "server/process/daemon.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "base/check.h"

namespace ember::server {
namespace {

/// In the starter: until the server serves or has ended.
[[noreturn]] void wait_for(pid_t server, const Fd& readable) {
  check(server > 0 && readable, "a starter has a server to wait for");
  char byte = 0;
  ssize_t size = 0;
  do {
    size = ::read(readable.get(), &byte, 1);
  } while (size < 0 && errno == EINTR);
  if (size == 1) {
    ::_exit(EXIT_SUCCESS);
  }
  int status = 0;
  while (::waitpid(server, &status, 0) < 0 && errno == EINTR) {
  }
  // As a shell tells of a process that a signal ended.
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

}  // namespace

Result<void> Daemon::detach() {
  check(!starter_ && starter_pid_ == 0, "a process is detached once");
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail_errno("failed to daemon() in order to daemonize (-d): no pipe", errno);
  }
  const Fd readable(ends[0]);
  Fd writable(ends[1]);
  starter_pid_ = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    return fail_errno(
        "failed to daemon() in order to daemonize (-d); is there memory and a limit "
        "of processes (ulimit -u) left?",
        errno);
  }
  if (child > 0) {
    writable.reset();
    wait_for(child, readable);
  }
  check(child == 0 && starter_pid_ != ::getpid(), "the server is a process of its own");
  starter_ = std::move(writable);
  if (::setsid() < 0) {
    return fail_errno("failed to daemon() in order to daemonize (-d): no session", errno);
  }
  return {};
}

void Daemon::end_with_starter() const {
  if (!starter_) {
    return;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != starter_pid_) {
    ::kill(::getpid(), SIGTERM);  // it went before
  }
}

Result<void> Daemon::serve(bool keep_output, bool keep_folder) {
  if (!starter_) {
    return {};
  }
  if (!keep_folder && ::chdir("/") != 0) {
    return fail_errno("failed to daemon() in order to daemonize (-d): cannot go to /", errno);
  }
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) {
    return fail_errno("failed to daemon() in order to daemonize (-d): no /dev/null", errno);
  }
  ::dup2(null.get(), STDIN_FILENO);
  if (!keep_output) {
    ::dup2(null.get(), STDOUT_FILENO);
    ::dup2(null.get(), STDERR_FILENO);
  }
  ::prctl(PR_SET_PDEATHSIG, 0);
  check(starter_pid_ > 0, "a server that was detached has a starter");
  [[maybe_unused]] const ssize_t told = ::write(starter_.get(), "+", 1);
  starter_.reset();
  return {};
}

}  // namespace ember::server
