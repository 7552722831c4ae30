// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/reply_pool.h"

#include <utility>

#include "base/check.h"

namespace ember::server::session {
namespace {

/// Free buffers kept; more are given back to the allocator.
constexpr size_t kKept = 256;

}  // namespace

std::unique_ptr<protocol::ReplyBuffer> ReplyPool::take() {
  ++in_use_;
  if (free_.empty()) {
    return std::make_unique<protocol::ReplyBuffer>(blocks_);
  }
  auto reply = std::move(free_.back());
  free_.pop_back();
  debug_check(reply->empty(), "a free reply buffer is empty");
  return reply;
}

void ReplyPool::put(std::unique_ptr<protocol::ReplyBuffer> reply) {
  check(reply->empty(), "a reply buffer is put back when all of it is sent");
  debug_check(in_use_.get() > 0, "what is put back was taken");
  in_use_ -= 1;
  if (free_.size() < kKept) {
    free_.push_back(std::move(reply));
  }
}

}  // namespace ember::server::session
