// SPDX-License-Identifier: BSD-3-Clause
// SessionSet: the sessions of one worker, what they share (reply buffers, the array commands are
// parsed into, counters), and who of them has something to send or to go on with this turn.
//
// Threads: the worker's; list() and the counters also from others.
// Ownership: owns its sessions. The poller, handler and clock outlive it; all streams are released
// by the poller before it goes, or the poller is gone first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/counter.h"
#include "base/fd.h"
#include "base/mutex.h"
#include "protocol/command.h"
#include "protocol/handler.h"
#include "protocol/parser.h"
#include "protocol/reply_buffer.h"
#include "server/net/poller.h"
#include "server/session/close_reason.h"
#include "server/session/login.h"

namespace ember::server::session {

class Session;

/// What a connection speaks. By its first byte: 0x80 begins every request of the binary protocol
/// and none of the text protocols. Where only text is spoken it is a byte like others.
enum class Dialect : uint8_t { by_first_byte, text, binary };

/// What holds for the connections of one listener.
struct ListenerOptions {
  Dialect dialect = Dialect::by_first_byte;
  net::Security security = net::Security::plain;
};

struct SessionOptions {
  protocol::Parser::Options parser;
  /// Requests of one connection in one turn after which others go first (-R), times kYieldFactor.
  size_t requests_per_event = 20;
  /// Unsent bytes of a connection at which no more is read from it.
  size_t max_unsent = 2 * kMiB;
  /// By number; a listener beyond it has the defaults.
  std::vector<ListenerOptions> listeners;
  /// Who may log in (-Y). When set, a connection can do nothing else before that.
  Authenticator may_log_in;
};

/// One worker's counts. It writes, others read.
struct SessionCounters {
  Counter bytes_read;
  Counter bytes_written;
  Counter requests;  // commands parsed: a retrieval line of n keys is n + 1
  Counter yields;
  LoginCounters logins;
  Counter sessions;
  Counter reply_buffers;  // in use
};

enum class Reading : uint8_t;

/// One session in `stats conns`.
struct SessionInfo {
  int number = 0;
  uint32_t listener = 0;
  UnixSeconds last_active = 0;
  bool writing = false;
  Reading reading{};
  bool listening = false;
};

class SessionSet {
 public:
  /// memcached's -R 20 keeps others waiting for some 30 us; a request of ours costs a sixteenth.
  static constexpr size_t kYieldFactor = 16;
  /// Commands parsed at once, and handed over as one batch.
  static constexpr size_t kBatchSize = 64;

  struct Parts {
    net::Poller& poller;
    protocol::Handler& handler;
    const Clock& clock;
    /// Called when a session is gone.
    std::function<void()> on_gone;
    /// Called when a session is about to be closed; its descriptor is still open.
    std::function<void(const Session& session, CloseReason reason)> on_close = {};
  };

  SessionSet(Parts parts, const SessionOptions& options);
  ~SessionSet();
  SessionSet(const SessionSet&) = delete;
  SessionSet& operator=(const SessionSet&) = delete;

  /// A new connection, accepted on listener number `listener`.
  void add(Fd connection, uint32_t listener);

  /// After the poller's turn: sends replies, and gives those who yielded their next turn.
  void end_turn();
  /// Somebody waits for a turn: the poller must not sleep.
  bool has_ready() const { return !ready_.empty(); }

  /// Closes those that were silent since before `since`.
  void close_silent(UnixSeconds since);
  /// From now on, each session is closed as soon as nothing of a request is left in it.
  void drain();
  void close_all();
  bool empty() const { return size_ == 0; }

  const SessionCounters& counters() const { return counters_; }
  /// Any thread.
  std::vector<SessionInfo> list() const EMBER_EXCLUDES(mutex_);

  // What sessions use.
  net::Poller& poller() { return parts_.poller; }
  protocol::Handler& handler() { return parts_.handler; }
  const Clock& clock() const { return parts_.clock; }
  const SessionOptions& options() const { return options_; }
  ListenerOptions options_of(uint32_t listener) const {
    return listener < options_.listeners.size() ? options_.listeners[listener] : ListenerOptions{};
  }
  SessionCounters& own_counters() { return counters_; }
  std::span<protocol::Command> scratch() { return scratch_; }
  uint32_t turn() const { return turn_; }
  void tell_close(const Session& session, CloseReason reason) const {
    if (parts_.on_close) {
      parts_.on_close(session, reason);
    }
  }
  void mark_dirty(Session& session);
  void mark_ready(Session& session);
  void unlist(Session& session) EMBER_EXCLUDES(mutex_);
  void destroy(Session& session);
  std::unique_ptr<protocol::ReplyBuffer> take_reply();
  void give_reply(std::unique_ptr<protocol::ReplyBuffer> reply);

 private:
  void flush();
  template <typename Visit>
  void each(const Visit& visit);

  Parts parts_;
  SessionOptions options_;
  SessionCounters counters_;
  protocol::BlockPool blocks_;
  std::vector<std::unique_ptr<protocol::ReplyBuffer>> free_replies_;
  std::array<protocol::Command, kBatchSize> scratch_;
  std::vector<Session*> dirty_;  // null where one is gone
  std::vector<Session*> ready_;
  std::vector<Session*> going_on_;  // those of ready_ whose turn it is
  uint32_t turn_ = 1;               // wraps; only equality counts
  size_t size_ = 0;
  bool draining_ = false;

  mutable Mutex mutex_;
  Session* first_ EMBER_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace ember::server::session
