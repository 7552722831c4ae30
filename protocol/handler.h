// SPDX-License-Identifier: BSD-3-Clause
// Handler: the seam between a client's connection and what answers it: the local store
// (server/command) or a proxy (server/proxy). A session cannot tell which it has. Not parsing, not
// sockets.
//
// Threads: one handler object a worker; every call is on that worker's loop.
// Ownership: a handler refers to a client until forget(), and outlives the IncomingValues it made.
// Errors: what a client did wrong is answered in the reply; no call fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "protocol/command.h"
#include "protocol/reply_buffer.h"

namespace ember::protocol {

/// The client's connection, as a handler sees it. Threads: the worker's.
class Client {
 public:
  virtual ~Client() = default;
  /// Goes on with the commands behind the one that was answered with Next::suspended. Requires: it
  /// was, and resume() was not called since.
  virtual void resume() = 0;
  /// Returns the connection's number in stats and watch lines (its descriptor).
  virtual int number() const = 0;

  /// Returns whether the connection can carry what the client does not ask for (Next::listen).
  virtual bool can_listen() const { return false; }
  /// Sends `bytes` behind what is not sent yet. Handler::reported() follows once all is sent.
  /// Requires: the client listens.
  virtual void report(std::string_view bytes) { (void)bytes; }
};

/// The place of a value that arrives in parts: the bytes go straight to where they will stay. A
/// handler keeps in it what begin_value() worked out, for finish_value() to use.
/// Destroyed without finish_value(), it drops the value and frees its place.
class IncomingValue {
 public:
  virtual ~IncomingValue() = default;
  /// Returns the next range to write to: not empty until all of the value is written.
  virtual std::span<char> next() = 0;
  /// `size` bytes of next() are written. Requires: `size` is at most next().size().
  virtual void advance(size_t size) = 0;
};

enum class Next : uint8_t {
  ready,      // go on with what is left of the batch, or with the next one
  again,      // the first command not executed wants another turn, after other clients had theirs
  suspended,  // wait for Client::resume()
  close,      // send what is in the reply, then close
  listen,     // the client's requests count no more: it only gets what Client::report() sends
};

struct Progress {
  /// Commands done; fewer than given when the reply grew past its bound (Next::ready: call again
  /// with the rest once some of it is sent), or when `next` is none of ready.
  size_t executed = 0;
  Next next = Next::ready;
};

class Handler {
 public:
  virtual ~Handler() = default;

  /// Does `batch` in order and appends the answers to `reply`, in order.
  /// Requires: every storage command in it has its whole value.
  virtual Progress execute(Client& client, std::span<const Command> batch, ReplyBuffer& reply) = 0;

  /// Begins a storage command whose value is still arriving. Returns the place of the value; null
  /// when the command is refused already (too large, no memory): the answer is in `reply`, and the
  /// session swallows the value.
  virtual std::unique_ptr<IncomingValue> begin_value(Client& client, const Command& command,
                                                     ReplyBuffer& reply) = 0;

  /// Ends that command: all of its value came. If value_complete says that the value's terminator
  /// was wrong, the handler drops the value and answers "CLIENT_ERROR bad data chunk".
  /// Requires: `value` is what begin_value() returned for `command`, and is full; the command is
  /// the same, but its views may have moved.
  virtual Progress finish_value(Client& client, const Command& command,
                                std::unique_ptr<IncomingValue> value, ReplyBuffer& reply) = 0;

  /// Everything given to Client::report(), or answered before, is sent. Called for clients that
  /// listen only.
  virtual void reported(Client& client) { (void)client; }

  /// The connection is gone: a suspended call for it must not resume.
  virtual void forget(Client& client) = 0;
};

}  // namespace ember::protocol
