// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/ring.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/fd.h"
#include "server/net/buffer_ring.h"

namespace ember::server::net {
namespace {

constexpr unsigned kSubmissions = 512;
constexpr unsigned kCompletions = 4096;

std::unexpected<Error> refused(int error) {
  if (error == EPERM || error == EACCES) {
    return fail(
        "io_uring is refused: not permitted (EPERM), as by a container's seccomp profile or "
        "kernel.io_uring_disabled; allow io_uring_setup, io_uring_enter and io_uring_register, or "
        "choose --io=epoll");
  }
  if (error == ENOSYS) {
    return fail("io_uring is refused: this kernel has none (ENOSYS); choose --io=epoll");
  }
  if (error == ENOMEM) {
    return fail(
        "io_uring is refused: not enough lockable memory (ENOMEM); raise RLIMIT_MEMLOCK, or choose "
        "--io=epoll");
  }
  return fail_errno("io_uring is refused (choose --io=epoll)", error);
}

/// Receives one byte the way the poller does.
Result<void> try_receive(io_uring& ring) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return fail_errno("cannot make a socket pair", errno);
  }
  const Fd receiver(pair[0]);
  const Fd sender(pair[1]);
  io_uring_sqe* const entry = io_uring_get_sqe(&ring);
  check(entry != nullptr, "a new ring has room");
  io_uring_prep_recv_multishot(entry, receiver.get(), nullptr, 0, 0);
  entry->flags |= IOSQE_BUFFER_SELECT;
  entry->buf_group = BufferRing::kGroup;
  if (::write(sender.get(), "x", 1) != 1) {
    return fail_errno("cannot write to a socket pair", errno);
  }
  __kernel_timespec timeout{};
  timeout.tv_sec = 2;
  io_uring_cqe* completion = nullptr;
  const int result = io_uring_submit_and_wait_timeout(&ring, &completion, 1, &timeout, nullptr);
  if (result < 0) {
    return refused(-result);
  }
  if (completion == nullptr || completion->res != 1 ||
      (completion->flags & IORING_CQE_F_MORE) == 0) {
    return fail("io_uring has no multishot receive here (Linux 6.0 has it); choose --io=epoll");
  }
  return {};
}

}  // namespace

Result<void> Ring::open() {
  // DEFER_TASKRUN: the kernel's part of a completion is done when we ask for it, not by
  // interrupting us (measured: 14 % of the CPU of small requests). Linux 6.1; older ones do
  // without.
  constexpr unsigned kCommon = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
  constexpr std::array kFlagSets = {
      kCommon | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL,
      kCommon | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL,
      kCommon,
  };
  check(!open_, "a ring is opened once");
  int result = -EINVAL;
  for (const unsigned flags : kFlagSets) {
    io_uring_params parameters{};
    parameters.flags = flags;
    parameters.cq_entries = kCompletions;
    result = io_uring_queue_init_params(kSubmissions, &ring_, &parameters);
    if (result != -EINVAL) {
      break;
    }
  }
  if (result != 0) {
    return refused(-result);
  }
  open_ = true;
  return {};
}

Result<void> probe_uring() {
  Ring ring;
  if (auto opened = ring.open(); !opened) {
    return opened;
  }
  auto buffers = BufferRing::open(ring.get());
  if (!buffers) {
    return fail(buffers.error().message + "; choose --io=epoll");
  }
  return try_receive(ring.get());
}

}  // namespace ember::server::net
