// SPDX-License-Identifier: BSD-3-Clause
// BufferRing: receive buffers lent to an io_uring, which picks one when data has come. So a
// connection that waits for data holds no buffer.
//
// Cost: address space for all buffers; memory for as many as were ever needed in one turn, and of
// these only the pages that data was received into.
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"

namespace ember::server::net {

class BufferRing {
 public:
  static constexpr size_t kBufferSize = 16 * kKiB;
  static constexpr unsigned kMaxBuffers = 512;
  static constexpr unsigned kMinBuffers = 32;
  static constexpr int kGroup = 0;

  /// Registers with `ring`, which outlives it.
  static Result<std::unique_ptr<BufferRing>> open(io_uring& ring);
  BufferRing(io_uring& ring, io_uring_buf_ring* entries, char* buffers);
  ~BufferRing();
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;

  /// Lends more: kMinBuffers at first, then twice as many as before, up to kMaxBuffers.
  void grow();

  /// The data received into buffer `id`.
  /// Requires: the system has filled the buffer, and it was not given back since.
  std::span<const char> data(uint16_t id, size_t size) const {
    debug_check(id < provided_ && size <= kBufferSize, "what is received lies in a lent buffer");
    return {buffers_ + size_t{id} * kBufferSize, size};
  }

  /// Lends buffer `id` again; the system sees it with the next publish().
  /// Requires: the system has filled it, and it was not given back since.
  void give_back(uint16_t id);
  void publish();

 private:
  void lend(uint16_t id);

  io_uring& ring_;
  io_uring_buf_ring* entries_;
  char* buffers_;
  unsigned provided_ = 0;
  int unpublished_ = 0;
};

}  // namespace ember::server::net
