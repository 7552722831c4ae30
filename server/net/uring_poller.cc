// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/uring_poller.h"

#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"
#include "server/net/buffer_ring.h"
#include "server/net/ring.h"
#include "server/net/wake_event.h"

namespace ember::server::net {
namespace {

constexpr unsigned kBatch = 256;
/// Completions told in one turn at most, so that what they ask for is begun in time.
constexpr unsigned kMaxPerTurn = 2048;

/// What a completion belongs to: the low bits of its user data; the rest is the object.
enum Tag : uint64_t {
  tag_receive,
  tag_send,
  tag_accept,
  tag_readable,
  tag_connect,
  tag_wake,
  tag_ignored
};
constexpr uint64_t kTagMask = 7;

uint64_t tagged(const void* object, Tag tag) { return reinterpret_cast<uintptr_t>(object) | tag; }

/// What the kernel reads when it is submitted, and must stay until then: a message and its ranges,
/// or an address.
struct Outgoing {
  msghdr message{};
  std::array<iovec, Poller::kMaxRanges> ranges;
  SocketAddress address;
};

class UringPoller final : public Poller {
 public:
  UringPoller(LoopHooks& hooks, std::unique_ptr<Ring> ring, std::unique_ptr<WakeEvent> wake_event,
              std::unique_ptr<BufferRing> buffers)
      : hooks_(hooks),
        ring_(std::move(ring)),
        wake_event_(std::move(wake_event)),
        buffers_(std::move(buffers)) {
    role_.assume();
    arm_wake();
  }

  PollerKind kind() const override { return PollerKind::uring; }
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
  io_uring_sqe& submission() EMBER_REQUIRES(role_);
  Outgoing& outgoing() EMBER_REQUIRES(role_);
  void submit_and_wait(int timeout_ms) EMBER_REQUIRES(role_);
  void arm_receive(Stream& stream) EMBER_REQUIRES(role_);
  void arm_accept(Listener& listener) EMBER_REQUIRES(role_);
  void arm_poll(Readable& readable) EMBER_REQUIRES(role_);
  void arm_wake() EMBER_REQUIRES(role_);
  void cancel(uint64_t user_data) EMBER_REQUIRES(role_);
  void halt_receive(Stream& stream) EMBER_REQUIRES(role_);
  void dispatch(const io_uring_cqe& completion) EMBER_REQUIRES(role_);
  void received(Stream& stream, const io_uring_cqe& completion) EMBER_REQUIRES(role_);
  void sent(Stream& stream, int result) EMBER_REQUIRES(role_);
  void connected(Stream& stream, int result) EMBER_REQUIRES(role_);
  void accepted(Listener& listener, const io_uring_cqe& completion) EMBER_REQUIRES(role_);
  void readable_now(Readable& readable) EMBER_REQUIRES(role_);
  void release_if_done(Stream& stream) EMBER_REQUIRES(role_);
  void release_closed() EMBER_REQUIRES(role_);

  [[no_unique_address]] Role role_;
  LoopHooks& hooks_;
  std::unique_ptr<Ring> ring_;
  std::unique_ptr<WakeEvent> wake_event_;
  std::unique_ptr<BufferRing> buffers_;
  std::vector<std::unique_ptr<Outgoing>> outgoing_ EMBER_GUARDED_BY(role_);
  size_t outgoing_used_ EMBER_GUARDED_BY(role_) = 0;
  std::vector<Stream*> closed_ EMBER_GUARDED_BY(role_);
  bool starved_ EMBER_GUARDED_BY(role_) = false;  // a receive found no buffer in this turn
  uint64_t wake_count_ = 0;                       // what the eventfd's read writes to
};

io_uring_sqe& UringPoller::submission() {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_->get());
  while (entry == nullptr) {
    // EBUSY (completions overflow) and EINTR pass: what is told in this turn makes room.
    const int result = io_uring_submit(&ring_->get());
    check(result >= 0 || result == -EBUSY || result == -EINTR || result == -EAGAIN,
          "io_uring takes submissions");
    outgoing_used_ = 0;
    entry = io_uring_get_sqe(&ring_->get());
    if (entry == nullptr) {
      io_uring_get_events(&ring_->get());
    }
  }
  return *entry;
}

Outgoing& UringPoller::outgoing() {
  if (outgoing_used_ == outgoing_.size()) {
    outgoing_.push_back(std::make_unique<Outgoing>());
  }
  debug_check(outgoing_used_ < outgoing_.size(), "what the kernel still reads is not used again");
  return *outgoing_[outgoing_used_++];
}

void UringPoller::arm_receive(Stream& stream) {
  auto& state = stream.poller_state;
  debug_check(!state.armed && !state.ended && !state.closing && state.fd >= 0,
              "an open stream has one receive outstanding");
  io_uring_sqe& entry = submission();
  io_uring_prep_recv_multishot(&entry, state.fd, nullptr, 0, 0);
  entry.flags |= IOSQE_BUFFER_SELECT;
  entry.buf_group = BufferRing::kGroup;
  io_uring_sqe_set_data64(&entry, tagged(&stream, tag_receive));
  state.armed = true;
  ++state.operations;
}

void UringPoller::arm_accept(Listener& listener) {
  auto& state = listener.poller_state;
  debug_check(state.wanted && !state.armed, "a listener has one accept outstanding");
  io_uring_sqe& entry = submission();
  io_uring_prep_multishot_accept(&entry, state.fd, nullptr, nullptr, SOCK_CLOEXEC);
  io_uring_sqe_set_data64(&entry, tagged(&listener, tag_accept));
  state.armed = true;
}

/// Once, not multishot: what is left unread is told again then, as with epoll.
void UringPoller::arm_poll(Readable& readable) {
  debug_check(readable.poller_state.wanted && !readable.poller_state.armed,
              "a readable is asked for once");
  io_uring_sqe& entry = submission();
  io_uring_prep_poll_add(&entry, readable.poller_state.fd, POLLIN);
  io_uring_sqe_set_data64(&entry, tagged(&readable, tag_readable));
  readable.poller_state.armed = true;
}

void UringPoller::arm_wake() {
  io_uring_sqe& entry = submission();
  io_uring_prep_read(&entry, wake_event_->fd(), &wake_count_, sizeof(wake_count_), 0);
  io_uring_sqe_set_data64(&entry, tag_wake);
}

void UringPoller::cancel(uint64_t user_data) {
  io_uring_sqe& entry = submission();
  io_uring_prep_cancel64(&entry, user_data, 0);
  io_uring_sqe_set_data64(&entry, tag_ignored);
}

void UringPoller::listen(Listener& listener, int fd) {
  role_.assume();
  debug_check(fd >= 0, "a listener has a socket");
  auto& state = listener.poller_state;
  state.fd = fd;
  state.wanted = true;
  if (!state.armed) {
    // A non-blocking descriptor would answer "try again" instead of being waited for.
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    arm_accept(listener);
  }
}

void UringPoller::unlisten(Listener& listener) {
  role_.assume();
  auto& state = listener.poller_state;
  if (state.wanted && state.armed) {
    cancel(tagged(&listener, tag_accept));
  }
  state.wanted = false;
}

void UringPoller::watch(Readable& readable, int fd) {
  role_.assume();
  debug_check(fd >= 0 && !readable.poller_state.wanted, "a readable is watched once");
  auto& state = readable.poller_state;
  state.fd = fd;
  state.wanted = true;
  if (!state.armed) {
    arm_poll(readable);
  }
}

void UringPoller::unwatch(Readable& readable) {
  role_.assume();
  auto& state = readable.poller_state;
  if (state.wanted && state.armed) {
    cancel(tagged(&readable, tag_readable));
  }
  state.wanted = false;
}

void UringPoller::readable_now(Readable& readable) {
  auto& state = readable.poller_state;
  debug_check(state.armed, "what is told was asked for");
  state.armed = false;
  if (state.wanted) {
    readable.on_readable();
  }
  if (state.wanted) {
    arm_poll(readable);
  }
}

void UringPoller::add(Stream& stream, Fd connection) {
  role_.assume();
  debug_check(static_cast<bool>(connection), "a stream has a socket");
  auto& state = stream.poller_state;
  state = {};
  state.fd = connection.release();
  state.wanted = true;
  arm_receive(stream);
}

void UringPoller::connect(Stream& stream, Fd socket, const SocketAddress& address) {
  role_.assume();
  debug_check(static_cast<bool>(socket), "a stream has a socket");
  auto& state = stream.poller_state;
  check(state.security == Security::plain, "an outgoing connection is plain");
  state = {};
  state.fd = socket.release();
  state.connecting = true;
  io_uring_sqe& entry = submission();
  Outgoing& out = outgoing();
  out.address = address;
  io_uring_prep_connect(&entry, state.fd, out.address.any(), out.address.size());
  io_uring_sqe_set_data64(&entry, tagged(&stream, tag_connect));
  ++state.operations;
}

void UringPoller::halt_receive(Stream& stream) {
  auto& state = stream.poller_state;
  if (state.armed && !state.halting) {
    state.halting = true;
    cancel(tagged(&stream, tag_receive));
  }
}

void UringPoller::pause(Stream& stream) {
  role_.assume();
  stream.poller_state.wanted = false;
  halt_receive(stream);
}

void UringPoller::resume(Stream& stream) {
  role_.assume();
  auto& state = stream.poller_state;
  state.wanted = true;
  // One that is still being cancelled is armed again when its end is told.
  if (!state.armed && !state.ended && !state.closing) {
    arm_receive(stream);
  }
}

void UringPoller::send(Stream& stream, std::span<const iovec> ranges) {
  role_.assume();
  auto& state = stream.poller_state;
  check(!state.sending && !state.closing, "one send at a time, on an open stream");
  check(!ranges.empty() && ranges.size() <= kMaxRanges, "a send has 1 to kMaxRanges ranges");
  debug_check(!state.connecting && state.fd >= 0, "a stream is sent to once it stands");
  debug_check([&] { return size_of(ranges) > 0; }, "a send has bytes");
  // WAITALL: the kernel goes on after a short send by itself.
  constexpr int kFlags = MSG_NOSIGNAL | MSG_WAITALL;
  io_uring_sqe& entry = submission();
  if (ranges.size() == 1) {
    io_uring_prep_send(&entry, state.fd, ranges[0].iov_base, ranges[0].iov_len, kFlags);
  } else {
    Outgoing& out = outgoing();
    std::copy(ranges.begin(), ranges.end(), out.ranges.begin());
    out.message = {};
    out.message.msg_iov = out.ranges.data();
    out.message.msg_iovlen = ranges.size();
    io_uring_prep_sendmsg(&entry, state.fd, &out.message, kFlags);
  }
  io_uring_sqe_set_data64(&entry, tagged(&stream, tag_send));
  state.sending = true;
  ++state.operations;
}

void UringPoller::close(Stream& stream) {
  role_.assume();
  auto& state = stream.poller_state;
  if (state.closing) {
    return;
  }
  debug_check(state.fd >= 0 && !state.released, "a stream is closed before it is released");
  state.closing = true;
  state.wanted = false;
  halt_receive(stream);
  if (state.sending) {
    cancel(tagged(&stream, tag_send));
  }
  if (state.connecting) {
    cancel(tagged(&stream, tag_connect));
  }
  release_if_done(stream);
}

void UringPoller::release_if_done(Stream& stream) {
  auto& state = stream.poller_state;
  if (state.closing && state.operations == 0 && !state.released) {
    debug_check(!state.armed && !state.sending && !state.connecting,
                "a stream without operations has none outstanding");
    state.released = true;
    closed_.push_back(&stream);
  }
}

void UringPoller::release_closed() {
  while (!closed_.empty()) {
    Stream& stream = *closed_.back();
    closed_.pop_back();
    debug_check(stream.poller_state.released && stream.poller_state.operations == 0,
                "the kernel is done with a stream that is released");
    ::close(std::exchange(stream.poller_state.fd, -1));
    stream.on_released();
  }
}

void UringPoller::submit_and_wait(int timeout_ms) {
  io_uring& ring = ring_->get();
  if (timeout_ms == 0 || !closed_.empty() || io_uring_cq_ready(&ring) > 0) {
    io_uring_submit_and_get_events(&ring);
  } else {
    hooks_.before_sleep();
    if (timeout_ms == kForever) {
      io_uring_submit_and_wait(&ring, 1);
    } else {
      __kernel_timespec timeout{};
      timeout.tv_sec = timeout_ms / 1000;
      timeout.tv_nsec = static_cast<long long>(timeout_ms % 1000) * 1'000'000;
      io_uring_cqe* first = nullptr;
      io_uring_submit_and_wait_timeout(&ring, &first, 1, &timeout, nullptr);
    }
    hooks_.after_sleep();
  }
  if (io_uring_sq_ready(&ring) == 0) {
    outgoing_used_ = 0;
  }
}

void UringPoller::turn(int timeout_ms) {
  role_.assume();
  submit_and_wait(timeout_ms);
  std::array<io_uring_cqe*, kBatch> batch;
  unsigned told = 0;
  unsigned count = 0;
  do {
    count = io_uring_peek_batch_cqe(&ring_->get(), batch.data(), kBatch);
    for (unsigned i = 0; i < count; ++i) {
      dispatch(*batch[i]);
    }
    io_uring_cq_advance(&ring_->get(), count);
    buffers_->publish();
    told += count;
  } while (count == kBatch && told < kMaxPerTurn);
  if (std::exchange(starved_, false)) {
    buffers_->grow();
  }
  release_closed();
  debug_check(closed_.empty(), "a turn releases all that is done");
}

void UringPoller::dispatch(const io_uring_cqe& completion) {
  const auto object = static_cast<uintptr_t>(completion.user_data & ~kTagMask);
  switch (static_cast<Tag>(completion.user_data & kTagMask)) {
    case tag_receive:
      received(*reinterpret_cast<Stream*>(object), completion);
      break;
    case tag_send:
      sent(*reinterpret_cast<Stream*>(object), completion.res);
      break;
    case tag_accept:
      accepted(*reinterpret_cast<Listener*>(object), completion);
      break;
    case tag_readable:
      readable_now(*reinterpret_cast<Readable*>(object));
      break;
    case tag_connect:
      connected(*reinterpret_cast<Stream*>(object), completion.res);
      break;
    case tag_wake:
      arm_wake();
      wake_event_->seen();
      hooks_.on_wake();
      break;
    case tag_ignored:
      break;
  }
}

void UringPoller::received(Stream& stream, const io_uring_cqe& completion) {
  auto& state = stream.poller_state;
  const bool more = (completion.flags & IORING_CQE_F_MORE) != 0;
  debug_check(state.armed && state.operations > 0, "what is received was asked for");
  if (!more) {
    state.armed = false;
    state.halting = false;
    --state.operations;
  }
  const int result = completion.res;
  if (result > 0) {
    const auto id = static_cast<uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
    if (!state.closing) {
      stream.on_receive(buffers_->data(id, static_cast<size_t>(result)));
    }
    buffers_->give_back(id);
  } else if (result == 0 || (result != -ENOBUFS && result != -ECANCELED && result != -EINTR &&
                             result != -EAGAIN)) {
    state.ended = true;
    if (!state.closing) {
      stream.on_end(-result);
    }
  }
  starved_ = starved_ || result == -ENOBUFS;
  if (!more && state.wanted && !state.armed && !state.ended && !state.closing) {
    arm_receive(stream);
  }
  if (!more) {
    release_if_done(stream);
  }
}

void UringPoller::sent(Stream& stream, int result) {
  auto& state = stream.poller_state;
  debug_check(state.sending && state.operations > 0, "what was sent was under way");
  state.sending = false;
  --state.operations;
  if (state.closing) {
    release_if_done(stream);
    return;
  }
  if (result >= 0) {
    stream.on_sent(static_cast<size_t>(result), 0);
  } else if (result == -EINTR || result == -EAGAIN) {
    stream.on_sent(0, 0);
  } else {
    stream.on_sent(0, -result);
  }
}

void UringPoller::connected(Stream& stream, int result) {
  auto& state = stream.poller_state;
  debug_check(state.connecting && state.operations == 1, "nothing comes before a connect");
  state.connecting = false;
  --state.operations;
  if (state.closing) {
    release_if_done(stream);
    return;
  }
  state.ended = result != 0;
  if (result == 0) {
    state.wanted = true;
    arm_receive(stream);
  }
  stream.on_connected(-result);
}

void UringPoller::accepted(Listener& listener, const io_uring_cqe& completion) {
  auto& state = listener.poller_state;
  debug_check(state.armed, "what is accepted was asked for");
  state.armed = (completion.flags & IORING_CQE_F_MORE) != 0;
  const int result = completion.res;
  if (result >= 0) {
    listener.on_accept(Fd(result));
  } else if (result != -ECANCELED && result != -EINTR && result != -ECONNABORTED &&
             result != -EPROTO && result != -EPERM && result != -EAGAIN) {
    state.wanted = false;
    listener.on_accept_error(-result);
  }
  if (!state.armed && state.wanted) {
    arm_accept(listener);
  }
}

}  // namespace

Result<std::unique_ptr<Poller>> open_uring_poller(LoopHooks& hooks) {
  auto ring = std::make_unique<Ring>();
  if (auto opened = ring->open(); !opened) {
    return fail(opened.error().message);
  }
  auto buffers = BufferRing::open(ring->get());
  if (!buffers) {
    return fail(buffers.error().message);
  }
  auto wake_event = WakeEvent::open();
  if (!wake_event) {
    return fail(wake_event.error().message);
  }
  return std::make_unique<UringPoller>(hooks, std::move(ring), std::move(*wake_event),
                                       std::move(*buffers));
}

}  // namespace ember::server::net
