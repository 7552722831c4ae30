// SPDX-License-Identifier: BSD-3-Clause
// CloseReason: why a session ends, as the watchers of connections are told. Not how it ends.
#pragma once

#include <cstdint>

namespace ember::server::session {

enum class CloseReason : uint8_t {
  normal,  // either side was done
  error,   // the connection broke, or the client may say no more
  idle,
  shutdown,
};

}  // namespace ember::server::session
