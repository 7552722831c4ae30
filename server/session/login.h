// SPDX-License-Identifier: BSD-3-Clause
// login: a session's conversation with a client that has to log in first (-Y): memcached's answers,
// and the counts. Not the reading of requests (protocol/login_request.h), not who may log in
// (authenticator.h).
//
// Threads: the worker's; the counters are read from any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/counter.h"
#include "protocol/reply_buffer.h"
#include "server/session/authenticator.h"

namespace ember::server::session {

/// One worker's counts of logins. It writes, others read.
struct LoginCounters {
  Counter commands;
  Counter errors;
};

struct LoginStep {
  size_t consumed = 0;  // 0: the request is not all there
  bool granted = false;
  bool close = false;  // the connection cannot go on
  /// A value of value_size bytes and its terminator follow, to be swallowed.
  bool value_follows = false;
  uint64_t value_size = 0;
};

/// Answers the one request that `input` begins with, if it is all there. Appends the answer to
/// `reply`. Returns how much of the input is done with, and what that means for the session.
LoginStep answer_login(std::span<const char> input, const Authenticator& authenticator,
                       LoginCounters& counters, protocol::ReplyBuffer& reply);

}  // namespace ember::server::session
