// SPDX-License-Identifier: BSD-3-Clause
#include "server/process/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "base/check.h"
#include "base/fd.h"
#include "base/log.h"

namespace ember::server {
namespace {

constexpr const char* kVariable = "NOTIFY_SOCKET";

/// As systemd orders reloads by: CLOCK_MONOTONIC.
uint64_t monotonic_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

}  // namespace

ServiceManager::ServiceManager() {
  if (const char* const address = std::getenv(kVariable); address != nullptr) {
    address_ = address;
    ::unsetenv(kVariable);
  }
}

// With -d, the process that serves is not the one that was started.
void ServiceManager::ready() const { report(fmt::format("READY=1\nMAINPID={}", ::getpid())); }

void ServiceManager::reloading() const {
  report(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_us()));
}

void ServiceManager::stopping() const { report("STOPPING=1"); }

void ServiceManager::report(std::string_view state) const {
  check(!state.empty() && state.find('=') != std::string_view::npos, "a state is NAME=VALUE");
  if (address_.empty()) {
    return;
  }
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (address_.size() >= sizeof(to.sun_path) || (address_[0] != '/' && address_[0] != '@')) {
    log::warning("cannot notify {} ({}): it is no Unix socket; set it to a path or @name",
                 kVariable, address_);
    return;
  }
  std::memcpy(to.sun_path, address_.data(), address_.size());
  if (address_[0] == '@') {
    to.sun_path[0] = '\0';
  }
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  if (!socket || ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                          reinterpret_cast<const sockaddr*>(&to), size) < 0) {
    log::warning("cannot notify the service manager at {}: {}; is NotifyAccess= set?", address_,
                 std::strerror(errno));
  }
}

}  // namespace ember::server
