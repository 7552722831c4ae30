// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/epoll_poller.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/mutex.h"
#include "server/net/wake_event.h"

namespace ember::server::net {
namespace {

/// One receive takes at most this much: enough for large values, little enough that the others on
/// the loop get their turn.
constexpr size_t kReceiveSize = 32 * kKiB;

/// Events of one wait. What is left over comes with the next.
constexpr size_t kMaxEvents = 256;

/// Connections accepted in one turn at most.
constexpr int kMaxAccepts = 64;

// What an event belongs to: the low bits of its pointer.
constexpr uintptr_t kStreamTag = 0;
constexpr uintptr_t kListenerTag = 1;
constexpr uintptr_t kWakeTag = 2;
constexpr uintptr_t kReadableTag = 3;
constexpr uintptr_t kTagMask = 3;

bool retryable(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

class EpollPoller final : public Poller {
 public:
  EpollPoller(LoopHooks& hooks, Fd epoll, std::unique_ptr<WakeEvent> wake_event)
      : hooks_(hooks), epoll_(std::move(epoll)), wake_event_(std::move(wake_event)) {
    role_.assume();
    control(EPOLL_CTL_ADD, wake_event_->fd(), EPOLLIN, kWakeTag);
  }

  PollerKind kind() const override { return PollerKind::epoll; }
  void listen(Listener& listener, int fd) override;
  void unlisten(Listener& listener) override;
  void watch(Readable& readable, int fd) override;
  void unwatch(Readable& readable) override;
  void add(Stream& stream, Fd connection) override;
  void connect(Stream& stream, Fd socket, const SocketAddress& address) override;
  void pause(Stream& stream) override;
  void resume(Stream& stream) override;
  void send(Stream& stream, std::span<const iovec> ranges) override;
  void close(Stream& stream) override;
  void turn(int timeout_ms) override;
  void wake() override { wake_event_->raise(); }

 private:
  /// A connect that failed at once; told at the end of the turn.
  struct Refused {
    Stream* stream;
    int error;
  };

  void control(int operation, int fd, uint32_t events, uintptr_t data) EMBER_REQUIRES(role_);
  void watch_stream(Stream& stream) EMBER_REQUIRES(role_);
  void finish_connect(Stream& stream) EMBER_REQUIRES(role_);
  void tell_refused() EMBER_REQUIRES(role_);
  void dispatch(const epoll_event& event) EMBER_REQUIRES(role_);
  void receive(Stream& stream) EMBER_REQUIRES(role_);
  void accept(Listener& listener) EMBER_REQUIRES(role_);
  void release_closed() EMBER_REQUIRES(role_);

  [[no_unique_address]] Role role_;
  LoopHooks& hooks_;
  Fd epoll_;
  std::unique_ptr<WakeEvent> wake_event_;
  std::vector<Stream*> closed_ EMBER_GUARDED_BY(role_);
  std::vector<Refused> refused_ EMBER_GUARDED_BY(role_);
  std::array<char, kReceiveSize> receive_buffer_ EMBER_GUARDED_BY(role_);
};

void EpollPoller::control(int operation, int fd, uint32_t events, uintptr_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  const int result = ::epoll_ctl(epoll_.get(), operation, fd, &event);
  check(result == 0 || errno == ENOMEM || errno == ENOSPC, "epoll knows its descriptors");
}

void EpollPoller::watch_stream(Stream& stream) {
  const auto& state = stream.poller_state;
  debug_check(state.fd >= 0 && !state.closing, "only an open stream is watched");
  debug_check(!state.blocked || state.sending, "a stream is blocked by the send under way");
  uint32_t events = 0;
  if (state.wanted && !state.ended && !state.connecting) {
    events |= EPOLLIN;
  }
  if (state.blocked || state.connecting) {
    events |= EPOLLOUT;
  }
  control(EPOLL_CTL_MOD, state.fd, events, reinterpret_cast<uintptr_t>(&stream) | kStreamTag);
}

void EpollPoller::listen(Listener& listener, int fd) {
  role_.assume();
  debug_check(fd >= 0, "a listener has a socket");
  auto& state = listener.poller_state;
  state.fd = fd;
  state.wanted = true;
  if (!state.armed) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    control(EPOLL_CTL_ADD, fd, EPOLLIN, reinterpret_cast<uintptr_t>(&listener) | kListenerTag);
    state.armed = true;
  }
}

void EpollPoller::unlisten(Listener& listener) {
  role_.assume();
  auto& state = listener.poller_state;
  state.wanted = false;
  if (state.armed) {
    control(EPOLL_CTL_DEL, state.fd, 0, 0);
    state.armed = false;
  }
}

void EpollPoller::watch(Readable& readable, int fd) {
  role_.assume();
  debug_check(fd >= 0 && !readable.poller_state.armed, "a readable is watched once");
  readable.poller_state = {.fd = fd, .wanted = true, .armed = true};
  control(EPOLL_CTL_ADD, fd, EPOLLIN, reinterpret_cast<uintptr_t>(&readable) | kReadableTag);
}

void EpollPoller::unwatch(Readable& readable) {
  role_.assume();
  auto& state = readable.poller_state;
  state.wanted = false;
  if (state.armed) {
    control(EPOLL_CTL_DEL, state.fd, 0, 0);
    state.armed = false;
  }
}

void EpollPoller::add(Stream& stream, Fd connection) {
  role_.assume();
  debug_check(static_cast<bool>(connection), "a stream has a socket");
  auto& state = stream.poller_state;
  state = {};
  state.fd = connection.release();
  state.wanted = true;
  control(EPOLL_CTL_ADD, state.fd, EPOLLIN, reinterpret_cast<uintptr_t>(&stream) | kStreamTag);
}

void EpollPoller::connect(Stream& stream, Fd socket, const SocketAddress& address) {
  role_.assume();
  debug_check(static_cast<bool>(socket), "a stream has a socket");
  auto& state = stream.poller_state;
  check(state.security == Security::plain, "an outgoing connection is plain");
  state = {};
  state.fd = socket.release();
  state.wanted = true;
  state.connecting = true;
  // Connecting must not wait; sending and receiving say so at each call.
  ::fcntl(state.fd, F_SETFL, ::fcntl(state.fd, F_GETFL) | O_NONBLOCK);
  const int result = ::connect(state.fd, address.any(), address.size());
  const int error = result == 0 ? 0 : errno;
  if (error == 0 || error == EINPROGRESS || error == EINTR) {
    control(EPOLL_CTL_ADD, state.fd, EPOLLOUT, reinterpret_cast<uintptr_t>(&stream) | kStreamTag);
  } else {
    refused_.push_back({.stream = &stream, .error = error});
  }
}

/// The socket can be written to, or has an error: the connect is over.
void EpollPoller::finish_connect(Stream& stream) {
  auto& state = stream.poller_state;
  debug_check(state.connecting && !state.sending && !state.ended, "nothing comes before a connect");
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(state.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
    error = errno;
  }
  state.connecting = false;
  state.ended = error != 0;
  watch_stream(stream);
  stream.on_connected(error);
}

void EpollPoller::tell_refused() {
  for (const Refused& refused : std::exchange(refused_, {})) {
    auto& state = refused.stream->poller_state;
    if (!state.closing) {
      debug_check(state.connecting && !state.ended, "a connect is refused once");
      state.connecting = false;
      state.ended = true;
      refused.stream->on_connected(refused.error);
    }
  }
}

void EpollPoller::pause(Stream& stream) {
  role_.assume();
  auto& state = stream.poller_state;
  if (state.wanted && !state.closing) {
    state.wanted = false;
    watch_stream(stream);
  }
}

void EpollPoller::resume(Stream& stream) {
  role_.assume();
  auto& state = stream.poller_state;
  if (!state.wanted && !state.closing) {
    state.wanted = true;
    watch_stream(stream);
  }
}

void EpollPoller::send(Stream& stream, std::span<const iovec> ranges) {
  role_.assume();
  auto& state = stream.poller_state;
  check(!state.sending && !state.closing, "one send at a time, on an open stream");
  debug_check(!ranges.empty() && ranges.size() <= kMaxRanges, "a send has 1 to kMaxRanges ranges");
  debug_check(!state.connecting && state.fd >= 0, "a stream is sent to once it stands");
  debug_check([&] { return size_of(ranges) > 0; }, "a send has bytes");
  ssize_t sent = 0;
  do {
    if (ranges.size() == 1) {
      sent = ::send(state.fd, ranges[0].iov_base, ranges[0].iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(ranges.data());
      message.msg_iovlen = ranges.size();
      sent = ::sendmsg(state.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) {
    debug_check([&] { return static_cast<size_t>(sent) <= size_of(ranges); },
                "no more is sent than was asked");
    stream.on_sent(static_cast<size_t>(sent), 0);
    return;
  }
  if (!retryable(errno)) {
    stream.on_sent(0, errno);
    return;
  }
  state.sending = true;
  state.blocked = true;
  watch_stream(stream);
}

void EpollPoller::close(Stream& stream) {
  role_.assume();
  auto& state = stream.poller_state;
  if (!state.closing) {
    debug_check(state.fd >= 0, "a stream is closed before it is released");
    state.closing = true;
    closed_.push_back(&stream);
    std::erase_if(refused_, [&](const Refused& refused) { return refused.stream == &stream; });
  }
}

void EpollPoller::turn(int timeout_ms) {
  role_.assume();
  std::array<epoll_event, kMaxEvents> events;
  if (!closed_.empty() || !refused_.empty()) {
    timeout_ms = 0;
  }
  if (timeout_ms != 0) {
    hooks_.before_sleep();
  }
  const int count = ::epoll_wait(epoll_.get(), events.data(), kMaxEvents, timeout_ms);
  if (timeout_ms != 0) {
    hooks_.after_sleep();
  }
  for (int i = 0; i < count; ++i) {
    dispatch(events[static_cast<size_t>(i)]);
  }
  tell_refused();
  release_closed();
}

void EpollPoller::dispatch(const epoll_event& event) {
  const uintptr_t tag = event.data.u64 & kTagMask;
  const uintptr_t address = event.data.u64 & ~kTagMask;
  if (tag == kWakeTag) {
    uint64_t count = 0;
    [[maybe_unused]] const auto size = ::read(wake_event_->fd(), &count, sizeof(count));
    wake_event_->seen();
    hooks_.on_wake();
    return;
  }
  if (tag == kListenerTag) {
    accept(*reinterpret_cast<Listener*>(address));
    return;
  }
  if (tag == kReadableTag) {
    if (auto& readable = *reinterpret_cast<Readable*>(address); readable.poller_state.wanted) {
      readable.on_readable();
    }
    return;
  }
  Stream& stream = *reinterpret_cast<Stream*>(address);
  auto& state = stream.poller_state;
  if (state.closing) {
    return;
  }
  if (state.connecting) {
    finish_connect(stream);
    return;
  }
  if (state.blocked && (event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    state.blocked = false;
    state.sending = false;
    watch_stream(stream);
    stream.on_sent(0, 0);
  }
  if (state.closing || state.ended) {
    return;
  }
  if (state.wanted && (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    receive(stream);
  } else if ((event.events & (EPOLLHUP | EPOLLERR)) != 0) {
    // Paused and broken: nobody is left to send to, and epoll would tell it for ever.
    state.ended = true;
    watch_stream(stream);
    stream.on_end(ECONNRESET);
  }
}

void EpollPoller::receive(Stream& stream) {
  auto& state = stream.poller_state;
  debug_check(state.wanted && !state.ended && !state.connecting, "what is received is wanted");
  const ssize_t size =
      ::recv(state.fd, receive_buffer_.data(), receive_buffer_.size(), MSG_DONTWAIT);
  if (size > 0) {
    stream.on_receive({receive_buffer_.data(), static_cast<size_t>(size)});
    return;
  }
  if (size < 0 && retryable(errno)) {
    return;
  }
  const int error = size < 0 ? errno : 0;
  state.ended = true;
  watch_stream(stream);
  stream.on_end(error);
}

void EpollPoller::accept(Listener& listener) {
  auto& state = listener.poller_state;
  for (int i = 0; i < kMaxAccepts && state.armed; ++i) {
    Fd connection(::accept4(state.fd, nullptr, nullptr, SOCK_CLOEXEC));
    if (connection) {
      listener.on_accept(std::move(connection));
      continue;
    }
    const int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK) {
      return;
    }
    if (error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM) {
      continue;
    }
    unlisten(listener);
    listener.on_accept_error(error);
  }
}

void EpollPoller::release_closed() {
  while (!closed_.empty()) {
    Stream& stream = *closed_.back();
    closed_.pop_back();
    debug_check(stream.poller_state.closing && stream.poller_state.fd >= 0,
                "a stream is closed once, then released");
    ::close(std::exchange(stream.poller_state.fd, -1));
    stream.on_released();
  }
}

}  // namespace

Result<std::unique_ptr<Poller>> open_epoll_poller(LoopHooks& hooks) {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) {
    return fail_errno("cannot make an epoll descriptor", errno);
  }
  auto wake_event = WakeEvent::open();
  if (!wake_event) {
    return fail(wake_event.error().message);
  }
  return std::make_unique<EpollPoller>(hooks, std::move(epoll), std::move(*wake_event));
}

}  // namespace ember::server::net
