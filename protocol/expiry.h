// SPDX-License-Identifier: BSD-3-Clause
// expiry: the exptime of a request to the second an item expires in, by memcached's rule.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace ember::protocol {

/// Up to this an exptime counts from now; above, it is Unix time.
inline constexpr int64_t kMaxRelativeExptime = int64_t{60} * 60 * 24 * 30;

/// The expiry of what is expired from the start: a second long past.
inline constexpr UnixSeconds kExpiredAtOnce = 1;

/// 0: never (as 0 is sent). Negative: at once. Times beyond 32 bits are the last second there is.
UnixSeconds expiry_of(int64_t exptime, UnixSeconds now);

/// Seconds left, at least 0; -1 for an item that never expires.
int64_t remaining_ttl(UnixSeconds expiry, UnixSeconds now);

/// The second from which flush_all(`delay`) holds; 0: now. Negative delays and times past are now.
UnixSeconds flush_time(int64_t delay, UnixSeconds now);

}  // namespace ember::protocol
