// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/buffer_ring.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

namespace ember::server::net {
namespace {

constexpr size_t kEntriesSize = BufferRing::kMaxBuffers * sizeof(io_uring_buf);
constexpr size_t kBuffersSize = BufferRing::kMaxBuffers * BufferRing::kBufferSize;

void* map(size_t size) {
  return ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

}  // namespace

Result<std::unique_ptr<BufferRing>> BufferRing::open(io_uring& ring) {
  void* const entries = map(kEntriesSize);
  void* const buffers = map(kBuffersSize);
  if (entries == MAP_FAILED || buffers == MAP_FAILED) {
    return fail_errno("cannot map receive buffers", errno);
  }
  // Huge pages would make the first byte of the first buffer cost 2 MiB.
  ::madvise(buffers, kBuffersSize, MADV_NOHUGEPAGE);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uintptr_t>(entries);
  registration.ring_entries = kMaxBuffers;
  registration.bgid = kGroup;
  const int result = io_uring_register_buf_ring(&ring, &registration, 0);
  if (result < 0) {
    ::munmap(entries, kEntriesSize);
    ::munmap(buffers, kBuffersSize);
    return fail_errno("io_uring takes no provided buffers (Linux 5.19 has them)", -result);
  }
  return std::make_unique<BufferRing>(ring, static_cast<io_uring_buf_ring*>(entries),
                                      static_cast<char*>(buffers));
}

BufferRing::BufferRing(io_uring& ring, io_uring_buf_ring* entries, char* buffers)
    : ring_(ring), entries_(entries), buffers_(buffers) {
  check(entries_ != nullptr && buffers_ != nullptr, "a ring has memory");
  io_uring_buf_ring_init(entries_);
  grow();
  // These will be used anyway. Touched now, they do not look like the cost of connections.
  for (unsigned id = 0; id < kMinBuffers; ++id) {
    buffers_[id * kBufferSize] = 0;
  }
}

BufferRing::~BufferRing() {
  io_uring_unregister_buf_ring(&ring_, kGroup);
  ::munmap(entries_, kEntriesSize);
  ::munmap(buffers_, kBuffersSize);
}

void BufferRing::grow() {
  const unsigned wanted = std::clamp(provided_ * 2, kMinBuffers, kMaxBuffers);
  while (provided_ < wanted) {
    lend(static_cast<uint16_t>(provided_));
    ++provided_;
  }
  publish();
  debug_check(provided_ >= kMinBuffers && provided_ <= kMaxBuffers, "lent buffers have bounds");
}

void BufferRing::give_back(uint16_t id) {
  debug_check(id < provided_, "only a lent buffer is given back");
  lend(id);
}

void BufferRing::lend(uint16_t id) {
  debug_check(unpublished_ < static_cast<int>(kMaxBuffers), "a buffer is given back once");
  io_uring_buf_ring_add(entries_, buffers_ + size_t{id} * kBufferSize, kBufferSize, id,
                        io_uring_buf_ring_mask(kMaxBuffers), unpublished_);
  ++unpublished_;
}

void BufferRing::publish() {
  if (unpublished_ > 0) {
    io_uring_buf_ring_advance(entries_, unpublished_);
    unpublished_ = 0;
  }
}

}  // namespace ember::server::net
