// SPDX-License-Identifier: BSD-3-Clause
// expiry: see the header.
#include "protocol/expiry.h"

#include <algorithm>
#include <limits>

namespace ember::protocol {

UnixSeconds expiry_of(int64_t exptime, UnixSeconds now) {
  if (exptime == 0) {
    return 0;
  }
  if (exptime < 0) {
    return kExpiredAtOnce;
  }
  const int64_t last = std::numeric_limits<UnixSeconds>::max();
  const int64_t absolute = exptime <= kMaxRelativeExptime ? now + exptime : exptime;
  return static_cast<UnixSeconds>(std::min(absolute, last));
}

int64_t remaining_ttl(UnixSeconds expiry, UnixSeconds now) {
  if (expiry == 0) {
    return -1;
  }
  return std::max(int64_t{expiry} - int64_t{now}, int64_t{0});
}

UnixSeconds flush_time(int64_t delay, UnixSeconds now) {
  const UnixSeconds when = expiry_of(delay, now);
  return when > now ? when : 0;
}

}  // namespace ember::protocol
