// SPDX-License-Identifier: BSD-3-Clause
// Poller: the seam between a loop's thread and the system's input and output: io_uring or epoll
// behind the same few calls. Completion style: ask, and be told when it is done.
// Not buffers, not protocols: whoever uses it keeps what it sends until told that it is sent.
//
// Threads: all calls and callbacks on the thread that opened it, but for wake().
// Ownership: streams, listeners and readables are their user's; the poller refers to a stream from
// add() to on_released(), to a listener from listen(), to a readable from watch() until the poller
// is gone.
// Callbacks come from inside turn(); on_sent() also from inside send(). They may call anything here
// but turn().
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/fd.h"
#include "server/net/socket_address.h"

namespace ember::server::net {

/// What a connection is protected by; only a TlsPoller can do more than `plain`.
enum class Security : uint8_t {
  plain,
  tls,
  tls_certified,  // the client must show a certificate
};

/// One connected socket, as its poller sees it: a client's, given to add(), or one that this side
/// opens by connect(). From then on both are the same.
class Stream {
 public:
  virtual ~Stream() = default;

  /// After connect(), once: the connection stands (0) and can be sent to, or it could not be made
  /// (an errno value), and only close() is left to do.
  virtual void on_connected(int error);

  /// The name that the server's certificate must have, for connect() with TLS: a host's, or a
  /// numeric address. Empty: the address that is connected to; of a Unix socket, any.
  virtual std::string_view server_name() const { return {}; }

  /// Bytes came. They are valid during the call. A few may still come after pause().
  virtual void on_receive(std::span<const char> bytes) = 0;

  /// Nothing will be received any more: the peer has finished (0) or the connection is broken (an
  /// errno value). Once.
  virtual void on_end(int error) = 0;

  /// The outstanding send is over: `size` bytes of it, perhaps not all, are sent; or, with an errno
  /// value, the connection is broken.
  virtual void on_sent(size_t size, int error) = 0;

  /// After close(): the poller has no more to do with this stream. It may be destroyed.
  virtual void on_released() = 0;

  /// What the poller keeps with the stream. Nobody else's business, but for `security`.
  struct PollerState {
    int fd = -1;
    uint8_t operations = 0;  // begun and not completed
    /// Set before add(), which takes it as asked for.
    Security security = Security::plain;
    bool wanted : 1 = false;   // receiving is wanted
    bool armed : 1 = false;    // a receive is outstanding, or readiness is watched
    bool halting : 1 = false;  // that receive is being cancelled
    bool sending : 1 = false;
    bool blocked : 1 = false;  // waits until the socket takes more
    bool ended : 1 = false;
    bool closing : 1 = false;
    bool released : 1 = false;    // on_released() is due
    bool connecting : 1 = false;  // on_connected() is due
  };
  PollerState poller_state;
};

/// A listening socket.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void on_accept(Fd connection) = 0;
  /// Accepting failed (EMFILE, ENOMEM ...) and has stopped until the next listen().
  virtual void on_accept_error(int error) = 0;

  struct PollerState {
    int fd = -1;
    bool wanted = false;
    bool armed = false;
  };
  PollerState poller_state;
};

/// A descriptor that its owner reads by itself once there is something: a datagram socket.
class Readable {
 public:
  virtual ~Readable() = default;
  /// There is something to read, or was. Told again as long as something is left.
  virtual void on_readable() = 0;

  struct PollerState {
    int fd = -1;
    bool wanted = false;
    bool armed = false;
  };
  PollerState poller_state;
};

/// What a loop does around its sleep.
class LoopHooks {
 public:
  virtual ~LoopHooks() = default;
  /// The thread may now sleep for long.
  virtual void before_sleep() = 0;
  virtual void after_sleep() = 0;
  /// Somebody called wake(). Several calls may come as one.
  virtual void on_wake() = 0;
};

/// Returns the bytes of all ranges together.
size_t size_of(std::span<const iovec> ranges);

enum class PollerKind : uint8_t { automatic, uring, epoll };

class Poller {
 public:
  /// Ranges that one send takes at most.
  static constexpr size_t kMaxRanges = 64;
  static constexpr int kForever = -1;

  virtual ~Poller() = default;
  virtual PollerKind kind() const = 0;

  /// Accepts on `fd`, which stays the caller's. Again after on_accept_error() or unlisten().
  virtual void listen(Listener& listener, int fd) = 0;
  virtual void unlisten(Listener& listener) = 0;

  /// Tells when `fd`, which stays the caller's, can be read, until unwatch().
  virtual void watch(Readable& readable, int fd) = 0;
  virtual void unwatch(Readable& readable) = 0;

  /// Takes the connection and begins to receive.
  virtual void add(Stream& stream, Fd connection) = 0;

  /// Connects `socket`, which is blocking, to `address`; on_connected() tells, from a later turn or
  /// a later part of this one. Then it is as if add() had been called. No limit of time: that is
  /// the connector's (connector.h). Requires: `socket` is a stream socket of the address's family;
  /// nothing but close() is called before on_connected(); the stream's security is plain, but for a
  /// TlsPoller.
  virtual void connect(Stream& stream, Fd socket, const SocketAddress& address) = 0;

  virtual void pause(Stream& stream) = 0;
  virtual void resume(Stream& stream) = 0;

  /// Sends the ranges, 1 to kMaxRanges, in order. One send a stream at a time. The bytes stay until
  /// on_sent() or on_released(); the array of ranges is the caller's again at once.
  virtual void send(Stream& stream, std::span<const iovec> ranges) = 0;

  /// Ends the connection, dropping what is not sent. Only on_released() follows, from a later part
  /// of the turn or a later turn.
  virtual void close(Stream& stream) = 0;

  /// Begins what was asked for, waits until something happens, at most `timeout_ms`, and tells it.
  virtual void turn(int timeout_ms) = 0;

  /// Any thread: turn() returns soon, and on_wake() is called.
  virtual void wake() = 0;
};

/// Returns "io_uring", "epoll" or "auto".
std::string_view name_of(PollerKind kind);

}  // namespace ember::server::net
