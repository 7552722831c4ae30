// SPDX-License-Identifier: BSD-3-Clause
// Values in replies: copied, and sent from where they lie.
#include "server/command/value_reply.h"

#include <gtest/gtest.h>

#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

TEST(ValueReply, AllSizes) {
  Conversation ask;
  constexpr size_t kBlock = protocol::BlockPool::kBlockSize;
  for (const size_t size : {size_t{0}, size_t{1}, kBlock - 400, kBlock - 80, kBlock - 70,
                            kBlock - 60, kBlock - 20, kBlock - 2, kBlock - 1, kBlock, kBlock + 1,
                            2 * kBlock, size_t{100'000}, size_t{524'288}, size_t{1'000'000}}) {
    const std::string value = numbers_text(size);
    const std::string length = std::to_string(size);
    EXPECT_EQ(ask("set a 0 0 " + length + "|" + value), "STORED|");
    EXPECT_EQ(ask("get a"), "VALUE a 0 " + length + "|" + value + "|END|") << size;
    EXPECT_EQ(ask("mg a v k"), "VA " + length + " ka|" + value + "|") << size;
  }
}

TEST(ValueReply, AReferencedValueOutlivesItsItem) {
  Conversation ask;
  const std::string value = numbers_text(200'000);
  ask("set a 0 0 200000|" + value);
  (void)ask.execute("get a");
  ask.thread().quiesce();
  // While the reply waits to be sent the item is replaced, and memory is asked for anew.
  (void)ask.execute("delete a noreply");
  const std::string other(200'000, 'x');
  for (int i = 0; i < 400; ++i) {
    const std::string key = "k" + std::to_string(i);
    const storage::Hash hash = storage::hash_key(key);
    storage::Draft draft =
        ask.store().draft(ask.thread(), {.key = key, .hash = hash, .value_size = 200'000});
    ASSERT_EQ(draft.outcome(), storage::Outcome::stored);
    draft.fill(other);
    (void)ask.store().publish(ask.thread(), std::move(draft), {});
    ask.thread().quiesce();
    (void)ask.store().maintain(ask.thread());
  }
  EXPECT_EQ(with_bars(ask.take_reply()), "VALUE a 0 200000|" + value + "|END|");
}

TEST(ValueReply, ManyReferencesAtOnce) {
  Conversation ask;
  const std::string value = numbers_text(300'000);
  ask("set a 0 0 300000|" + value);
  std::string expected;
  size_t bytes = 0;
  for (int i = 0; i < 3; ++i) {
    expected += "VALUE a 0 300000|" + value + "|END|";
    bytes += ask.execute("get a").executed;
  }
  EXPECT_EQ(bytes, 6U);
  EXPECT_EQ(with_bars(ask.take_reply()), expected);
}

}  // namespace
}  // namespace ember::server::command
