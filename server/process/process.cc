// SPDX-License-Identifier: BSD-3-Clause
#include "server/process/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "base/bytes.h"
#include "base/check.h"
#include "base/fd.h"

namespace ember::server {
namespace {

// What is mapped beside the items: the index and pages' metadata, in parts of the items' size;
// code, stacks, buffers.
constexpr size_t kPartBeside = 4;
constexpr size_t kBesideItems = 128 * kMiB;

/// Whether the limit of locked memory does not count for this process.
bool may_lock_anything() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  return ::syscall(SYS_capget, &header, sets.data()) == 0 &&
         (sets[0].effective >> CAP_IPC_LOCK & 1U) != 0;
}

}  // namespace

Result<void> raise_file_limit(size_t connections) {
  const rlim_t needed = connections + kReservedDescriptors;
  check(needed > connections, "a limit of connections is no sentinel");
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

void permit_core_dumps(bool permitted) { ::prctl(PR_SET_DUMPABLE, permitted ? 1 : 0); }

void raise_lock_limit() {
  rlimit limit{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
  if (::setrlimit(RLIMIT_MEMLOCK, &limit) != 0 && ::getrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_MEMLOCK, &limit);
  }
}

Result<void> lock_memory(size_t size) {
  rlimit limit{};
  const bool limited = ::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  check(size < RLIM_INFINITY / 2, "the size of items is checked before");
  const rlim_t needed = size + size / kPartBeside + kBesideItems;
  if (limited && limit.rlim_cur < needed && !may_lock_anything()) {
    return fail(
        fmt::format("-k invalid, memory is not locked: that takes {} MiB, and the limit is {} MiB; "
                    "raise it (ulimit -l, LimitMEMLOCK=infinity), or start Ember as root with -u",
                    needed / kMiB, limit.rlim_cur / kMiB));
  }
  if (::mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
    return fail_errno(
        "-k invalid, mlockall() failed; the machine must have the memory, and the limit must allow "
        "it (ulimit -l)",
        errno);
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
  check(::geteuid() == entry->pw_uid && ::getegid() == entry->pw_gid, "the rights are the user's");
  return {};
}

Result<void> replace_file(const std::string& path, const std::string& content) {
  check(!path.empty(), "a file has a path");
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

}  // namespace ember::server
