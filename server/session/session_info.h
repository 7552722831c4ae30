// SPDX-License-Identifier: BSD-3-Clause
// SessionInfo, SessionCounters: what statistics say of sessions: one of them in `stats conns`, and
// a worker's counts. Not how `stats` words it (server/server_stats).
//
// Threads: the worker writes, any thread reads.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/counter.h"
#include "server/session/login.h"

namespace ember::server::session {

/// What a session waits for, in `stats conns`.
enum class Reading : uint8_t { first_request, request, value };

/// One session in `stats conns`.
struct SessionInfo {
  int number = 0;
  uint32_t listener = 0;
  UnixSeconds last_active = 0;
  bool writing = false;
  Reading reading{};
  bool listening = false;
};

/// The counts of one worker's sessions, datagrams included.
struct SessionCounters {
  Counter bytes_read;
  Counter bytes_written;
  Counter requests;  // commands parsed: a retrieval line of n keys is n + 1
  Counter yields;
  LoginCounters logins;
  Counter sessions;
  Counter reply_buffers;  // in use
};

}  // namespace ember::server::session
