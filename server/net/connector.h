// SPDX-License-Identifier: BSD-3-Clause
// Connector: opens connections from this side, each within a limit of time. Not the connection: the
// stream that is given goes on with the poller exactly as an accepted client's does. Not a
// resolver: addresses are given.
//
//   connect() -> on_open(0) -> received, sent ... -> Poller::close() -> on_released()
//             -> on_open(error): closed already     -> on_released()
//   cancel()                                        -> on_released()
//
// Ownership: streams are their user's, and stay until on_released(). The poller outlives it; timers
// outlive every call.
// Threads: the loop's. Callbacks come from the poller's turn and the timers' run(), never from
// inside connect().
// Cost: a socket, a timer, two system calls a connection.
#pragma once

#include <cerrno>
#include <cstdint>

#include "base/result.h"
#include "server/net/poller.h"
#include "server/net/socket_address.h"
#include "server/net/timers.h"

namespace ember::server::net {

/// A stream that this side opens. As a timer, it is armed while it connects.
class OutgoingStream : public Stream, public Timer {
 public:
  /// Once: the connection stands (0), or could not be made within its limit: an errno value
  /// (ECONNREFUSED, ETIMEDOUT, ENOENT ...), and the stream has been closed.
  virtual void on_open(int error) = 0;

  void on_connected(int error) final;

  /// Set while it connects. The connector's alone.
  class Connector* connector = nullptr;
};

class Connector final : private TimerOwner {
 public:
  Connector(Poller& poller, Timers& timers) : poller_(poller), timers_(timers) {}

  /// Begins to connect; on_open() tells within about `timeout_ms`.
  /// Returns an error, and begins nothing, when there is no socket to be had.
  Result<void> connect(OutgoingStream& stream, const SocketAddress& address, uint32_t timeout_ms);

  /// Gives up: only on_released() follows. Requires: on_open() was not called yet.
  void cancel(OutgoingStream& stream);

  /// The poller has an answer. OutgoingStream's alone.
  void finish(OutgoingStream& stream, int error);

 private:
  void on_due(Timer& timer) override { finish(static_cast<OutgoingStream&>(timer), ETIMEDOUT); }

  Poller& poller_;
  Timers& timers_;
};

}  // namespace ember::server::net
