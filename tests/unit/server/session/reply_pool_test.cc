// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/reply_pool.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace ember::server::session {
namespace {

TEST(ReplyPool, GivesABufferBackToTheNext) {
  Counter in_use;
  ReplyPool pool(in_use);
  auto first = pool.take();
  const protocol::ReplyBuffer* const address = first.get();
  first->append("OK\r\n");
  first->consume(4);
  pool.put(std::move(first));
  EXPECT_EQ(address, pool.take().get());
}

TEST(ReplyPool, CountsThoseInUse) {
  Counter in_use;
  ReplyPool pool(in_use);
  std::vector<std::unique_ptr<protocol::ReplyBuffer>> taken;
  for (int i = 0; i < 600; ++i) {  // more than are kept
    taken.push_back(pool.take());
  }
  EXPECT_EQ(600U, in_use.get());
  for (auto& reply : taken) {
    pool.put(std::move(reply));
  }
  EXPECT_EQ(0U, in_use.get());
}

TEST(ReplyPoolDeathTest, WhatIsNotSentIsNotPutBack) {
  Counter in_use;
  ReplyPool pool(in_use);
  auto reply = pool.take();
  reply->append("unsent");
  EXPECT_DEATH(pool.put(std::move(reply)), "a reply buffer is put back when all of it is sent");
}

}  // namespace
}  // namespace ember::server::session
