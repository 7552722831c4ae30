// SPDX-License-Identifier: BSD-3-Clause
// ReplyPool: the reply buffers of one worker. A session has one only while it has something to
// send, so there are as many as there are replies, not as there are connections.
// Not the bytes in a buffer (protocol/reply_buffer.h).
//
// Ownership: owns the free buffers and the blocks of all; a buffer handed out is its holder's until
// put() and must not outlive the pool.
// Threads: one worker's; the counter is read from any.
// Cost: taking and putting back allocate nothing once there have been as many replies before.
#pragma once

#include <memory>
#include <vector>

#include "base/counter.h"
#include "protocol/reply_buffer.h"

namespace ember::server::session {

class ReplyPool {
 public:
  /// `in_use` counts the buffers handed out, and outlives the pool.
  explicit ReplyPool(Counter& in_use) : in_use_(in_use) {}
  ReplyPool(const ReplyPool&) = delete;
  ReplyPool& operator=(const ReplyPool&) = delete;

  /// Returns an empty buffer.
  std::unique_ptr<protocol::ReplyBuffer> take();

  /// Takes a buffer back. Requires: it came from take(), and is empty.
  void put(std::unique_ptr<protocol::ReplyBuffer> reply);

 private:
  Counter& in_use_;
  protocol::BlockPool blocks_;  // before the buffers, which refer to it
  std::vector<std::unique_ptr<protocol::ReplyBuffer>> free_;
};

}  // namespace ember::server::session
