// SPDX-License-Identifier: BSD-3-Clause
// clock_shift: preloaded into a server, puts its real-time clock off by EMBER_CLOCK_SHIFT seconds.
// Not libfaketime: that allocates and asks for the time while an allocator initialises by asking
// for the time (jemalloc does), and gives up.
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    // Read at each call: no state, so nothing to initialise at a wrong moment.
    if (const char* shift = std::getenv("EMBER_CLOCK_SHIFT"); shift != nullptr) {
      time->tv_sec += std::atol(shift);
    }
  }
  return static_cast<int>(result);
}

extern "C" time_t time(time_t* place) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (place != nullptr) {
    *place = now.tv_sec;
  }
  return now.tv_sec;
}
