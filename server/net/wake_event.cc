// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/wake_event.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/check.h"

namespace ember::server::net {

Result<std::unique_ptr<WakeEvent>> WakeEvent::open() {
  Fd fd(::eventfd(0, EFD_CLOEXEC));
  if (!fd) {
    return fail_errno("cannot make an eventfd", errno);
  }
  return std::make_unique<WakeEvent>(std::move(fd));
}

void WakeEvent::raise() {
  if (raised_.exchange(true, std::memory_order_seq_cst)) {
    return;
  }
  const uint64_t one = 1;
  const auto written = ::write(fd_.get(), &one, sizeof(one));
  check(written == sizeof(one), "an eventfd takes a one");
}

}  // namespace ember::server::net
