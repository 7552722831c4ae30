// SPDX-License-Identifier: BSD-3-Clause
#include "server/process/pid_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <limits>
#include <string_view>

#include "base/check.h"
#include "base/numbers.h"

namespace ember::server {
namespace {

std::string read_start(int file) {
  std::array<char, 32> text{};
  check(file >= 0, "only an open file is read");
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  return {text.data(), size > 0 ? static_cast<size_t>(size) : 0};
}

/// The process the file names; 0 if it names none.
pid_t pid_in(int file) {
  const std::string text = read_start(file);
  const auto number = parse_u64(std::string_view(text).substr(0, text.find('\n')));
  const bool possible =
      number && *number <= static_cast<uint64_t>(std::numeric_limits<pid_t>::max());
  return possible ? static_cast<pid_t>(*number) : 0;
}

/// Numbers are given again: a process that is no cache server has only inherited one.
bool is_server(pid_t pid) {
  if (pid <= 0 || pid == ::getpid() || (::kill(pid, 0) != 0 && errno == ESRCH)) {
    return false;
  }
  const Fd file(::open(fmt::format("/proc/{}/comm", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    return errno != ENOENT;
  }
  const std::string name = read_start(file.get());
  return name == "ember\n" || name == "memcached\n";
}

std::unexpected<Error> in_use(const std::string& path, pid_t pid) {
  // The first words are memcached's.
  return fail(
      fmt::format("The pid file contained the following (running) pid: {}; {} is left as it is: "
                  "end that server, or name another file (-P)",
                  pid, path));
}

}  // namespace

Result<void> PidFile::open(const std::string& path) {
  check(!path.empty() && !file_, "a process has one pid file");
  // No link is followed: in a folder of another user it might lead anywhere.
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644));
  if (!file) {
    const int error = errno;
    return fail_errno(fmt::format("Could not open the pid file {} for writing (its folder must be "
                                  "there, and writable for whoever starts Ember)",
                                  path),
                      error);
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink > 1) {
    return fail(
        fmt::format("the pid file {} is no ordinary file; remove it, or name another (-P)", path));
  }
  const pid_t pid = pid_in(file.get());
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 || is_server(pid)) {
    return in_use(path, pid);
  }
  path_ = path;
  file_ = std::move(file);
  return {};
}

Result<void> PidFile::write() {
  if (!file_) {
    return {};
  }
  check(!path_.empty(), "an open pid file has a path");
  const std::string text = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file_.get(), 0) != 0 ||
      ::pwrite(file_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return fail_errno(fmt::format("cannot write the pid file {}; is its volume full?", path_),
                      errno);
  }
  return {};
}

PidFile::~PidFile() {
  if (!file_) {
    return;
  }
  struct stat ours{};
  struct stat named{};
  const bool same = ::fstat(file_.get(), &ours) == 0 && ::lstat(path_.c_str(), &named) == 0 &&
                    ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
  if (!same || ::unlink(path_.c_str()) != 0) {
    [[maybe_unused]] const int emptied = ::ftruncate(file_.get(), 0);
  }
}

}  // namespace ember::server
