// SPDX-License-Identifier: BSD-3-Clause
#include "server/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "base/fd.h"

namespace ember::server {

Result<void> raise_file_limit(size_t connections) {
  const rlim_t needed = connections + kReservedDescriptors;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return fail_errno("cannot read the limit of open files", errno);
  }
  if (limit.rlim_cur >= needed) {
    return {};
  }
  limit.rlim_cur = needed;
  if (limit.rlim_max < needed) {
    limit.rlim_max = needed;
  }
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return fail(
        fmt::format("failed to set rlimit for open files. Try starting as root or requesting "
                    "smaller maxconns value. (-c {} needs a limit of {}: see ulimit -n)",
                    connections, needed));
  }
  return {};
}

Result<void> allow_core_dumps() {
  rlimit limit{};
  limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
  if (::setrlimit(RLIMIT_CORE, &limit) == 0) {
    return {};
  }
  if (::getrlimit(RLIMIT_CORE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur > 0) {
      return {};
    }
  }
  return fail("failed to ensure corefile creation (-r): the hard limit is 0; see ulimit -Hc");
}

Result<void> lock_memory() {
  if (::mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
    return fail_errno("cannot lock memory (-k; see ulimit -l)", errno);
  }
  return {};
}

bool user_exists(const std::string& user) {
  return user.empty() || ::getpwnam(user.c_str()) != nullptr;
}

Result<void> drop_privileges(const std::string& user) {
  if (::geteuid() != 0 || user.empty()) {
    return {};
  }
  const passwd* const entry = ::getpwnam(user.c_str());
  if (entry == nullptr) {
    return fail(fmt::format("can't find the user {} to switch to", user));
  }
  if (entry->pw_uid == 0) {
    return {};
  }
  if (::setgroups(0, nullptr) != 0 || ::setgid(entry->pw_gid) != 0 ||
      ::setuid(entry->pw_uid) != 0) {
    return fail_errno(fmt::format("failed to assume identity of user {}", user), errno);
  }
  return {};
}

Result<void> daemonize() {
  const pid_t child = ::fork();
  if (child < 0) {
    return fail_errno("failed to daemon() in order to daemonize", errno);
  }
  if (child > 0) {
    ::_exit(EXIT_SUCCESS);
  }
  if (::setsid() < 0 || ::chdir("/") != 0) {
    return fail_errno("failed to daemon() in order to daemonize", errno);
  }
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (null) {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      ::dup2(null.get(), stream);
    }
  }
  return {};
}

Result<void> replace_file(const std::string& path, const std::string& content) {
  const std::string temporary = path + ".tmp";
  {
    const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) {
      return fail_errno(fmt::format("cannot write {}", temporary), errno);
    }
    if (::write(file.get(), content.data(), content.size()) !=
        static_cast<ssize_t>(content.size())) {
      return fail_errno(fmt::format("cannot write {}", temporary), errno);
    }
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    return fail_errno(fmt::format("cannot make {}", path), errno);
  }
  return {};
}

Result<void> PidFile::write(const std::string& path) {
  auto written = replace_file(path, fmt::format("{}\n", ::getpid()));
  if (written) {
    path_ = path;
  }
  return written;
}

PidFile::~PidFile() {
  if (!path_.empty()) {
    ::unlink(path_.c_str());
  }
}

}  // namespace ember::server
