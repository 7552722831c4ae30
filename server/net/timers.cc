// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/timers.h"

#include <algorithm>

#include "server/net/poller.h"

namespace ember::server::net {

int Timers::wait_ms(int limit_ms) const {
  loop_.assume();
  if (wheel_.empty() || limit_ms == 0) {
    return limit_ms;
  }
  // Far deadlines need no exact wait, and a poller takes an int.
  constexpr uint64_t kMostMs = 3'600'000;
  const uint64_t next = wheel_.next_ms();
  const uint64_t now = clock_.now_ms();
  const int wait = next <= now ? 0 : static_cast<int>(std::min(next - now, kMostMs));
  return limit_ms == Poller::kForever ? wait : std::min(wait, limit_ms);
}

}  // namespace ember::server::net
