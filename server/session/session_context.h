// SPDX-License-Identifier: BSD-3-Clause
// SessionContext: what the sessions of one worker use: the poller, the handler, the options, the
// counters, reply buffers, the array that commands are parsed into, and the lists of who has to
// send or to go on when the turn ends. Not the sessions: SessionSet owns them and works the lists.
//
// Ownership: owns buffers, array and lists; refers to the rest, which outlives it.
// Threads: the worker's; the counters are read from any.
// Cost: nothing here allocates for a request, but for the reply buffer's first use.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/clock.h"
#include "base/mutex.h"
#include "protocol/command.h"
#include "protocol/handler.h"
#include "server/net/poller.h"
#include "server/session/close_reason.h"
#include "server/session/due_list.h"
#include "server/session/reply_pool.h"
#include "server/session/session_info.h"
#include "server/session/session_options.h"

namespace ember::server::session {

class Session;

/// Who owns sessions, as they see it.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  /// `session` is closed, for `reason`; its descriptor is still open. Once a session.
  virtual void on_close(Session& session, CloseReason reason) = 0;
  /// The poller has let go of `session`, which is destroyed by this call.
  virtual void on_released(Session& session) = 0;
};

class SessionContext {
 public:
  /// memcached's -R 20 keeps others waiting for some 30 us; a request of ours costs a sixteenth.
  static constexpr size_t kYieldFactor = 16;
  /// Commands parsed at once, and handed over as one batch.
  static constexpr size_t kBatchSize = 64;

  struct Parts {
    net::Poller& poller;
    protocol::Handler& handler;
    const Clock& clock;
    SessionOwner& owner;
  };

  SessionContext(const Parts& parts, const SessionOptions& options);
  SessionContext(const SessionContext&) = delete;
  SessionContext& operator=(const SessionContext&) = delete;

  /// The thread of these sessions.
  Role worker;

  net::Poller& poller() { return parts_.poller; }
  protocol::Handler& handler() { return parts_.handler; }
  const Clock& clock() const { return parts_.clock; }
  SessionOwner& owner() { return parts_.owner; }
  const SessionOptions& options() const { return options_; }
  ListenerOptions options_of(uint32_t listener) const;
  SessionCounters& counters() { return counters_; }
  const SessionCounters& counters() const { return counters_; }
  ReplyPool& replies() { return replies_; }
  /// Where commands are parsed to. What is in it is overwritten by the next session that parses.
  std::span<protocol::Command> scratch() { return scratch_; }

  /// Requests that one connection may make in one turn.
  size_t requests_per_turn() const { return options_.requests_per_event * kYieldFactor; }
  /// The number of this turn. Wraps: only equality counts.
  uint32_t turn() const { return turn_; }
  void next_turn() { ++turn_; }

  /// Who sends at the end of this turn.
  DueList<Session>& due_to_flush() { return due_to_flush_; }
  /// Who goes on at the end of this turn, or of the next if this one is ending.
  DueList<Session>& due_to_resume() { return due_to_resume_; }

  /// Each session is closed as soon as nothing of a request is left in it. Not taken back.
  bool draining() const { return draining_; }
  void begin_draining() { draining_ = true; }

 private:
  Parts parts_;
  SessionOptions options_;
  SessionCounters counters_;
  ReplyPool replies_{counters_.reply_buffers};
  std::array<protocol::Command, kBatchSize> scratch_;
  DueList<Session> due_to_flush_;
  DueList<Session> due_to_resume_;
  uint32_t turn_ = 1;
  bool draining_ = false;
};

}  // namespace ember::server::session
