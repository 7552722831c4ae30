// SPDX-License-Identifier: BSD-3-Clause
// head_and_value: a small value is copied into the head's block, a large one appends itself.
#include "protocol/head_and_value.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/protocol/written.h"

namespace ember::protocol {
namespace {

/// Counts how it was put into the reply.
struct CountedValue {
  std::string_view bytes;
  int& copied;
  int& appended;

  size_t size() const { return bytes.size(); }
  char* copy_to(char* to) const {
    ++copied;
    return write_bytes(to, bytes);
  }
  void append_to(ReplyBuffer& reply) const {
    ++appended;
    reply.append_reference(bytes, {});
  }
};

TEST(HeadAndValueTest, FitsABlockOrAppendsItself) {
  constexpr size_t kHeadRoom = 10;
  testing::WrittenReply written;
  const auto write_head = [](LineWriter& line) { line.text("head "); };
  for (const std::string_view end : {std::string_view(""), kLineEnd}) {
    const size_t largest = BlockPool::kBlockSize - kHeadRoom - end.size();
    for (const size_t size : {size_t{0}, size_t{1}, largest, largest + 1, 3 * largest}) {
      const std::string value(size, 'v');
      int copied = 0;
      int appended = 0;
      append_head_and_value(written.reply(), kHeadRoom, write_head,
                            CountedValue{value, copied, appended}, end);
      EXPECT_EQ(written.take(), "head " + value + std::string(end)) << size;
      EXPECT_EQ(copied, size <= largest ? 1 : 0) << size;
      EXPECT_EQ(copied + appended, 1) << size;
    }
  }
}

}  // namespace
}  // namespace ember::protocol
