// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/tls/tls_buffers.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace ember::server::net {
namespace {

TEST(TlsBuffers, WhatIsGivenBackIsLentAgainEmpty) {
  TlsBuffers buffers;
  auto buffer = buffers.take();
  ASSERT_TRUE(buffer->empty());
  EXPECT_GE(buffer->capacity(), TlsBuffers::kRecordSize);
  buffer->assign(100, 'x');
  const char* const place = buffer->data();
  buffers.give_back(std::move(buffer));
  EXPECT_EQ(1U, buffers.kept());
  buffer = buffers.take();
  EXPECT_EQ(0U, buffers.kept());
  EXPECT_TRUE(buffer->empty());
  EXPECT_EQ(place, buffer->data());
}

TEST(TlsBuffers, FewAreKeptAndNoneThatIsLarge) {
  TlsBuffers buffers;
  std::vector<std::unique_ptr<TlsBuffers::Bytes>> lent;
  for (size_t i = 0; i < TlsBuffers::kKeptBuffers + 3; ++i) {
    lent.push_back(buffers.take());
  }
  auto large = buffers.take();
  large->resize(TlsBuffers::kLargestKept + 1);
  buffers.give_back(std::move(large));
  EXPECT_EQ(0U, buffers.kept());
  for (auto& buffer : lent) {
    buffers.give_back(std::move(buffer));
  }
  EXPECT_EQ(TlsBuffers::kKeptBuffers, buffers.kept());
}

}  // namespace
}  // namespace ember::server::net
