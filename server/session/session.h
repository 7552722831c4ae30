// SPDX-License-Identifier: BSD-3-Clause
// Session: one client's connection: bytes in, commands to the handler, replies out in order.
// Not parsing, not execution, not the socket: it ties the parser, the handler and the poller.
// Its states are drawn in README.md.
//
// Ownership: its SessionOwner's, from accept until the poller has released the socket. It holds a
// reply buffer only while there are replies to send, input only while a request is cut or must
// wait; so an idle session is this object and nothing else.
// Threads: the worker's; what is for statistics also from others.
// Bounds: it stops receiving while unsent replies exceed the limit, while the handler is busy with
// it, and while more input waits than it may keep.
// Order: commands are done, and replies sent, in the order in which requests came.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "protocol/handler.h"
#include "protocol/parser.h"
#include "protocol/reply_buffer.h"
#include "server/net/poller.h"
#include "server/net/timer_wheel.h"
#include "server/session/close_reason.h"
#include "server/session/held_commands.h"
#include "server/session/pending_input.h"
#include "server/session/request_parser.h"
#include "server/session/session_context.h"
#include "server/session/session_info.h"
#include "server/session/session_phase.h"
#include "server/session/value_stream.h"

namespace ember::server::session {

class Session final : public net::Stream, public protocol::Client, public net::Timer {
 public:
  /// A connection of listener number `listener`. `context` outlives it. The poller is given the
  /// session next (net::Poller::add).
  Session(SessionContext& context, uint32_t listener);
  ~Session() override = default;

  // What the poller tells (net::Stream).
  void on_receive(std::span<const char> bytes) override;
  void on_end(int error) override;
  void on_sent(size_t size, int error) override;
  void on_released() override;

  // What the handler may ask for (protocol::Client).
  void resume() override;
  int number() const override { return poller_state.fd; }
  bool can_listen() const override { return true; }
  void report(std::string_view bytes) override;

  /// Sends at the end of this turn what there is to send.
  void flush_later() {
    context_.worker.assume();
    context_.due_to_flush().add(*this, set_state.flush_place);
  }
  /// Ends the turn: sends what there is to send, and closes the session when all of its life is
  /// done. Requires: no longer in the list of those due to flush.
  void flush();
  /// Does what had to wait: held commands, then pending input, as far as it goes. Requires: no
  /// longer in the list of those due to resume.
  void resume_held();
  /// Ends the session at once; what is not sent is dropped, and the handler forgets the client.
  /// Does nothing once closed. Destroyed when the poller lets go of it.
  void close(CloseReason reason = CloseReason::normal);

  /// Returns whether nothing of a request is here and nothing is to be sent.
  bool quiescent() const;

  // For stats, from other threads.
  uint32_t listener() const { return listener_; }
  UnixSeconds last_active() const { return last_active_.load(std::memory_order_relaxed); }
  bool writing() const { return writing_.load(std::memory_order_relaxed); }
  Reading reading() const { return reading_.load(std::memory_order_relaxed); }
  /// Its requests count no more: it only gets what is reported to it (Next::listen).
  bool listening() const { return listening_.load(std::memory_order_relaxed); }

  /// What the set keeps with a session. Nobody else's business.
  struct SetState {
    Session* previous = nullptr;
    Session* next = nullptr;
    uint32_t flush_place = DueList<Session>::kNowhere;
    uint32_t resume_place = DueList<Session>::kNowhere;
    int number = -1;      // as number(), for other threads
    bool closed = false;  // no longer listed
  };
  SetState set_state;

 private:
  void resume_later() EMBER_REQUIRES(context_.worker) {
    context_.due_to_resume().add(*this, set_state.resume_place);
  }
  void enter(SessionPhase next) EMBER_REQUIRES(context_.worker);
  void set_input(InputState next) EMBER_REQUIRES(context_.worker);
  /// Returns whether input must wait: for the handler, for the client to read, or for other
  /// clients' turn.
  bool must_wait() const EMBER_REQUIRES(context_.worker) {
    return held_ != nullptr || input_ >= InputState::yielded || reply_full();
  }
  bool reply_full() const EMBER_REQUIRES(context_.worker);
  bool over_budget() const EMBER_REQUIRES(context_.worker);
  void take(std::span<const char> bytes) EMBER_REQUIRES(context_.worker);
  void consume_pending() EMBER_REQUIRES(context_.worker);
  size_t consume(std::span<const char> input) EMBER_REQUIRES(context_.worker);
  protocol::Parser::Step parse_and_run(std::span<const char> input) EMBER_REQUIRES(context_.worker);
  size_t log_in(std::span<const char> input) EMBER_REQUIRES(context_.worker);
  void refuse_input() EMBER_REQUIRES(context_.worker);
  /// Returns whether the next command may be done.
  bool may_execute() const EMBER_REQUIRES(context_.worker) {
    return input_ != InputState::suspended && phase_ != SessionPhase::closing && !listening();
  }
  void run(std::span<const protocol::Command> commands, bool value_follows)
      EMBER_REQUIRES(context_.worker);
  protocol::Progress execute(std::span<const protocol::Command> batch)
      EMBER_REQUIRES(context_.worker);
  void begin_value(const protocol::Command& command) EMBER_REQUIRES(context_.worker);
  size_t continue_value(std::span<const char> input) EMBER_REQUIRES(context_.worker);
  void apply(protocol::Next next) EMBER_REQUIRES(context_.worker);
  void yield() EMBER_REQUIRES(context_.worker);
  void update_backpressure() EMBER_REQUIRES(context_.worker);
  void show_reading() EMBER_REQUIRES(context_.worker);
  void count_requests(size_t count) EMBER_REQUIRES(context_.worker);
  void send_some() EMBER_REQUIRES(context_.worker);
  protocol::ReplyBuffer& reply() EMBER_REQUIRES(context_.worker);
  void end_reply() EMBER_REQUIRES(context_.worker);

  SessionContext& context_;
  RequestParser parser_ EMBER_GUARDED_BY(context_.worker);
  /// Null while there is nothing to send.
  std::unique_ptr<protocol::ReplyBuffer> reply_ EMBER_GUARDED_BY(context_.worker);
  /// Commands that must wait; done before pending_ is parsed.
  std::unique_ptr<HeldCommands> held_ EMBER_GUARDED_BY(context_.worker);
  /// The value that is arriving; what comes next belongs to it.
  std::unique_ptr<ValueStream> value_ EMBER_GUARDED_BY(context_.worker);
  /// Bytes that cannot be used yet, behind all that was used.
  PendingInput pending_ EMBER_GUARDED_BY(context_.worker);
  uint32_t turn_ EMBER_GUARDED_BY(context_.worker) = 0;  // the turn that turn_requests_ counts
  uint32_t turn_requests_ EMBER_GUARDED_BY(context_.worker) = 0;
  uint32_t listener_;
  std::atomic<UnixSeconds> last_active_;
  std::atomic<bool> writing_{false};
  std::atomic<Reading> reading_{Reading::first_request};
  std::atomic<bool> listening_{false};
  SessionPhase phase_ EMBER_GUARDED_BY(context_.worker);
  InputState input_ EMBER_GUARDED_BY(context_.worker) = InputState::flowing;
  /// What it will be closed for, if nothing else happens before.
  CloseReason close_reason_ EMBER_GUARDED_BY(context_.worker) = CloseReason::normal;
  bool sending_ : 1 EMBER_GUARDED_BY(context_.worker) = false;  // a send is outstanding
  bool paused_ : 1 EMBER_GUARDED_BY(context_.worker) = false;  // the poller was told not to receive
  bool peer_ended_ : 1 EMBER_GUARDED_BY(context_.worker) = false;  // the peer sends no more
};

static_assert(sizeof(Session) <= 192, "a size class of malloc, once a connection");

}  // namespace ember::server::session
