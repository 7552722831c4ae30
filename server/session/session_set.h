// SPDX-License-Identifier: BSD-3-Clause
// SessionSet: the sessions of one worker: it owns them, says at the end of a turn whose turn it is
// to send or to go on, closes them and lists them. Not what a session does (session.h), not what
// sessions share (session_context.h).
//
// Threads: the worker's; list() and counters() also from others.
// Ownership: owns its sessions. The poller, timers, handler and clock outlive it; all streams are
// released by the poller before it goes, or the poller is gone first. Cost: a turn costs what its
// sessions with work cost, however many others there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mutex.h"
#include "protocol/handler.h"
#include "server/net/poller.h"
#include "server/net/timers.h"
#include "server/session/close_reason.h"
#include "server/session/session_context.h"
#include "server/session/session_info.h"
#include "server/session/session_options.h"

namespace ember::server::session {

class Session;

class SessionSet final : private SessionOwner, private net::TimerOwner {
 public:
  struct Parts {
    net::Poller& poller;
    net::Timers& timers;
    protocol::Handler& handler;
    const Clock& clock;
    /// Called when a session is gone.
    std::function<void()> on_gone;
    /// Called when a session is about to be closed; its descriptor is still open.
    std::function<void(const Session& session, CloseReason reason)> on_close = {};
  };

  SessionSet(Parts parts, const SessionOptions& options);
  ~SessionSet() override;
  SessionSet(const SessionSet&) = delete;
  SessionSet& operator=(const SessionSet&) = delete;

  /// Makes a session of a new connection, accepted on listener number `listener`.
  void add(Fd connection, uint32_t listener) EMBER_EXCLUDES(mutex_);

  /// Ends the poller's turn: sends replies, gives sessions that yielded or waited their next turn,
  /// and sends what they answered.
  void end_turn();
  /// Returns whether a session waits for its next turn: the poller must not sleep then.
  bool has_ready() {
    context_.worker.assume();
    return !context_.due_to_resume().empty();
  }

  /// From now on, each session is closed as soon as nothing of a request is left in it.
  void drain();
  /// Closes all sessions at once. They are gone some turns of the poller later.
  void close_all();
  /// Returns whether all sessions are gone.
  bool empty() const {
    context_.worker.assume();
    return size_ == 0;
  }

  /// Any thread.
  const SessionCounters& counters() const { return context_.counters(); }
  /// Any thread. Returns all sessions that are not closed.
  std::vector<SessionInfo> list() const EMBER_EXCLUDES(mutex_);

  /// What this worker's sessions use, those of datagrams (udp_session.h) included.
  SessionContext& context() { return context_; }

 private:
  void on_close(Session& session, CloseReason reason) override EMBER_EXCLUDES(mutex_);
  void on_released(Session& session) override EMBER_EXCLUDES(mutex_);
  void on_due(net::Timer& timer) override;
  uint64_t idle_deadline_ms(const Session& session) const EMBER_REQUIRES(context_.worker);
  void flush() EMBER_REQUIRES(context_.worker);
  void resume() EMBER_REQUIRES(context_.worker);
  template <typename Visit>
  void each(const Visit& visit) EMBER_REQUIRES(context_.worker) EMBER_EXCLUDES(mutex_);

  net::Timers& timers_;
  std::function<void()> on_gone_;
  std::function<void(const Session& session, CloseReason reason)> on_close_;
  SessionContext context_;
  DueList<Session> resuming_ EMBER_GUARDED_BY(context_.worker);  // those whose turn it is
  size_t size_ EMBER_GUARDED_BY(context_.worker) = 0;

  mutable Mutex mutex_;
  /// All sessions, the youngest first, linked by their set_state.
  Session* first_ EMBER_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace ember::server::session
