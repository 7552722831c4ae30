// SPDX-License-Identifier: BSD-3-Clause
// PendingInput: received bytes that cannot be used yet: the beginning of a cut request, or what
// came while the connection waits. Memory is held only while there are such bytes.
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

  void append(std::span<const char> bytes);

  /// The first `size` bytes are used.
  void consume(size_t size);

 private:
  std::unique_ptr<char[]> data_;
  // 32 bits: far more than a session may hold, and every connection has them.
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
  uint32_t capacity_ = 0;
};

}  // namespace ember::server::session
