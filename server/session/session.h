// SPDX-License-Identifier: BSD-3-Clause
// Session: one client's connection: bytes in, commands to the handler, replies out in order.
// Not parsing, not execution, not the socket: it ties the parser, the handler and the poller.
//
// Ownership: its SessionSet's, from accept until the poller has released the socket. It holds a
// reply buffer only while there are replies to send, input only while a request is cut or must
// wait; so an idle session is this object and nothing else.
// Bounds: it stops receiving while unsent replies exceed the limit or the handler is busy with it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "protocol/binary_parser.h"
#include "protocol/handler.h"
#include "protocol/parser.h"
#include "protocol/reply_buffer.h"
#include "server/net/poller.h"
#include "server/session/close_reason.h"
#include "server/session/held_commands.h"
#include "server/session/pending_input.h"
#include "server/session/value_stream.h"

namespace ember::server::session {

class SessionSet;

/// What a session waits for, in `stats conns`.
enum class Reading : uint8_t { first_request, request, value };

class Session final : public net::Stream, public protocol::Client {
 public:
  Session(SessionSet& set, uint32_t listener);
  ~Session() override = default;

  void on_receive(std::span<const char> bytes) override;
  void on_end(int error) override;
  void on_sent(size_t size, int error) override;
  void on_released() override;

  void resume() override;
  int number() const override { return poller_state.fd; }
  bool can_listen() const override { return true; }
  void report(std::string_view bytes) override;

  /// End of the turn: sends what there is to send, closes what is done.
  void flush();
  /// Goes on with what had to wait.
  void proceed();
  void close(CloseReason reason = CloseReason::normal);

  /// Nothing of a request is here and nothing is to be sent.
  bool quiescent() const;
  /// Once quiescent, close.
  void drain();

  // For stats, from other threads.
  uint32_t listener() const { return listener_; }
  UnixSeconds last_active() const { return last_active_.load(std::memory_order_relaxed); }
  bool writing() const { return writing_.load(std::memory_order_relaxed); }
  Reading reading() const { return reading_.load(std::memory_order_relaxed); }
  /// It is only told from now on (Next::listen).
  bool listening() const { return listening_.load(std::memory_order_relaxed); }

  /// The set's lists that this session is in. Nobody else's business.
  struct SetState {
    static constexpr uint32_t kNowhere = UINT32_MAX;
    Session* previous = nullptr;
    Session* next = nullptr;
    uint32_t dirty_at = kNowhere;  // index in the list of those to be flushed
    uint32_t ready_at = kNowhere;  // index in the list of those to go on
    int number = -1;               // as number(), for other threads
    bool closed = false;
  };
  SetState set_state;

 private:
  /// Input must wait: for the handler, for the client to read, or for other clients' turn.
  bool waiting() const { return held_ != nullptr || suspended_ || yielded_ || reply_full(); }
  bool reply_full() const;
  bool over_budget() const;
  void start(char first);
  void use(std::span<const char> bytes);
  void use_pending();
  size_t consume(std::span<const char> input);
  protocol::Parser::Step parse(std::span<const char> input);
  protocol::Parser::Step parse_and_run(std::span<const char> input);
  size_t log_in(std::span<const char> input);
  void run(std::span<const protocol::Command> commands, bool value_follows);
  void begin_value(const protocol::Command& command);
  size_t continue_value(std::span<const char> input);
  void obey(protocol::Next next);
  void yield();
  void regulate();
  void show_reading();
  void count_requests(size_t count);
  void send_some();
  protocol::ReplyBuffer& reply();
  void give_reply();

  SessionSet& set_;
  std::variant<protocol::Parser, protocol::BinaryParser> parser_;
  std::unique_ptr<protocol::ReplyBuffer> reply_;
  std::unique_ptr<HeldCommands> held_;
  std::unique_ptr<ValueStream> value_;
  PendingInput pending_;
  uint32_t turn_ = 0;  // the turn that turn_requests_ counts
  uint32_t turn_requests_ = 0;
  uint32_t listener_;
  std::atomic<UnixSeconds> last_active_;
  std::atomic<bool> writing_{false};
  std::atomic<Reading> reading_{Reading::first_request};
  std::atomic<bool> listening_{false};
  // Bits, as every connection has them.
  bool held_value_ : 1 = false;  // the last of held_ is a command whose value follows
  bool suspended_ : 1 = false;
  bool yielded_ : 1 = false;
  bool paused_ : 1 = false;
  bool stuck_ : 1 = false;  // input waits, see waiting()
  bool sending_ : 1 = false;
  bool started_ : 1 = false;    // the first byte came
  bool stranger_ : 1 = false;   // must log in: nothing else is parsed or done
  bool cut_ : 1 = false;        // nothing more is parsed; what is held is still done
  bool finishing_ : 1 = false;  // close once all is sent
  bool ended_ : 1 = false;      // the peer sends no more
  bool draining_ : 1 = false;
  bool closed_ : 1 = false;
};

static_assert(sizeof(Session) <= 192, "a size class of malloc, once a connection");

}  // namespace ember::server::session
