// SPDX-License-Identifier: BSD-3-Clause
// PendingInput: received bytes that cannot be used yet: the beginning of a cut request, or what
// came while the connection waits. Not why they wait (session.h).
//
// Ownership: owns its memory, and holds it only while there are such bytes.
// Threads: one worker's. Cost: a byte is copied once when it comes, and again when memory grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace ember::server::session {

class PendingInput {
 public:
  bool empty() const { return begin_ == end_; }
  size_t size() const { return size_t{end_} - begin_; }

  /// Valid until the next call of anything else.
  std::span<const char> bytes() const { return {data_.get() + begin_, size()}; }

  /// Keeps `bytes` behind what is kept.
  void append(std::span<const char> bytes);

  /// Drops the first `size` bytes, which are used. Requires: `size` is at most size().
  void consume(size_t size);

 private:
  std::unique_ptr<char[]> data_;
  // 32 bits: far more than a session may hold, and every connection has them.
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
  uint32_t capacity_ = 0;
};

}  // namespace ember::server::session
