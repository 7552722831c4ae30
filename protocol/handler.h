// SPDX-License-Identifier: BSD-3-Clause
// Handler: the seam between a client's connection and whoever answers it: the local store
// (server/command) or a proxy (server/proxy). A session cannot tell which it has.
//
// Threads: one handler object a worker; every call is on that worker's loop.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "protocol/command.h"
#include "protocol/reply_buffer.h"

namespace ember::protocol {

/// The client's connection, as a handler sees it.
class Client {
 public:
  virtual ~Client() = default;
  /// A handler that answered `suspended` can go on. Call it on the worker's loop, once.
  virtual void resume() = 0;
  /// The connection's number in stats and watch lines (its descriptor).
  virtual int number() const = 0;

  /// Whether it can be told what it does not ask for (Next::listen).
  virtual bool can_listen() const { return false; }
  /// To a client that listens: `bytes`, behind what it has not got yet. Handler::heard() follows
  /// once it has got them.
  virtual void tell(std::string_view bytes) { (void)bytes; }
};

/// Where a value that arrives in pieces goes: straight to its final place.
/// Destroyed without finish(): the value is dropped and its place freed.
class IncomingValue {
 public:
  virtual ~IncomingValue() = default;
  /// The next writable range: not empty until all of the value is written.
  virtual std::span<char> next() = 0;
  /// `size` bytes of next() are written.
  virtual void advance(size_t size) = 0;
};

enum class Next : uint8_t {
  ready,      // go on with what is left of the batch, or with the next one
  again,      // the first command not executed wants another turn, after other clients had theirs
  suspended,  // wait for Client::resume()
  close,      // send what is in the reply, then close
  listen,     // the client says nothing more that counts: it is only told (Client::tell)
};

struct Progress {
  /// Commands done; fewer than given when the reply grew past its bound (Next::ready: call again
  /// with the rest once some of it is sent) or when suspended or closing.
  size_t executed = 0;
  Next next = Next::ready;
};

class Handler {
 public:
  virtual ~Handler() = default;

  /// Does `batch` in order and appends the answers to `reply`, in order.
  /// Every storage command in it has its whole value.
  virtual Progress execute(Client& client, std::span<const Command> batch, ReplyBuffer& reply) = 0;

  /// The line of a storage command whose value is still arriving. Null when it is refused already
  /// (too large, no memory): the answer is in `reply`, and the session swallows the value.
  virtual std::unique_ptr<IncomingValue> begin_value(Client& client, const Command& command,
                                                     ReplyBuffer& reply) = 0;

  /// All of the value came. `command` is the same command again (its views may have moved), with
  /// value_complete saying whether the value's terminator was right; if not, the handler drops the
  /// value and answers "CLIENT_ERROR bad data chunk".
  virtual Progress finish_value(Client& client, const Command& command,
                                std::unique_ptr<IncomingValue> value, ReplyBuffer& reply) = 0;

  /// A client that listens has got all it was told.
  virtual void heard(Client& client) { (void)client; }

  /// The connection is gone; a suspended call for it must not resume.
  virtual void forget(Client& client) = 0;
};

}  // namespace ember::protocol
