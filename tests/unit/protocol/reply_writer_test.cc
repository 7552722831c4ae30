// SPDX-License-Identifier: BSD-3-Clause
// reply_writer: lines byte for byte.
#include "protocol/reply_writer.h"

#include <gtest/gtest.h>

#include <string>

namespace ember::protocol {
namespace {

class ReplyWriterTest : public ::testing::Test {
 protected:
  std::string written() {
    std::string text;
    iovec range;
    while (reply_.gather({&range, 1}) != 0) {
      text.append(static_cast<const char*>(range.iov_base), range.iov_len);
      reply_.consume(range.iov_len);
    }
    return text;
  }

  BlockPool pool_;
  ReplyBuffer reply_{pool_};
};

TEST_F(ReplyWriterTest, Lines) {
  write_line(reply_, "ERROR");
  write_constant(reply_, "STORED\r\n");
  write_number_line(reply_, 0);
  write_number_line(reply_, UINT64_MAX);
  write_stat(reply_, "pid", uint64_t{12});
  write_stat(reply_, "version", "1");
  EXPECT_EQ(written(),
            "ERROR\r\nSTORED\r\n0\r\n18446744073709551615\r\nSTAT pid 12\r\nSTAT version 1\r\n");
}

TEST_F(ReplyWriterTest, ValueLines) {
  write_value_line(reply_, {.key = "a", .client_flags = 0, .size = 5, .cas = {}});
  write_value_line(reply_, {.key = "b", .client_flags = UINT32_MAX, .size = 0, .cas = 0});
  write_value_line(
      reply_,
      {.key = std::string(250, 'k'), .client_flags = 1, .size = UINT64_MAX, .cas = UINT64_MAX});
  EXPECT_EQ(written(), "VALUE a 0 5\r\nVALUE b 4294967295 0 0\r\nVALUE " + std::string(250, 'k') +
                           " 1 18446744073709551615 18446744073709551615\r\n");
}

TEST_F(ReplyWriterTest, ValuesOfAnySize) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{100}, size_t{8192}, size_t{8193},
                            size_t{16384}, size_t{100000}}) {
    const std::string value(size, 'v');
    write_value(reply_, {.key = "key", .client_flags = 7, .size = size, .cas = 9}, value.data());
    EXPECT_EQ(written(), "VALUE key 7 " + std::to_string(size) + " 9\r\n" + value + "\r\n");
  }
}

TEST_F(ReplyWriterTest, MetaLines) {
  MetaLine hit(reply_, 5);
  hit.add('W');
  hit.add('f', 0);
  hit.add_signed('t', -1);
  hit.add('k', "key");
  hit.finish();
  MetaLine done(reply_, "HD");
  done.finish();
  EXPECT_EQ(written(), "VA 5 W f0 t-1 kkey\r\nHD\r\n");
}

}  // namespace
}  // namespace ember::protocol
