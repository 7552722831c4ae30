// SPDX-License-Identifier: BSD-3-Clause
// ReplyReader at every fragment size: what it counts must not depend on how bytes arrive.
#include "bench/reply_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ember::bench {
namespace {

/// Writes what happened as text: "hit 3 100, miss 4, end get, ...".
class Record : public ReplySink {
 public:
  void answered(uint64_t key, Answer answer, size_t value_size) override {
    constexpr const char* kNames[] = {"hit", "miss", "stored", "error"};
    text += fmt::format("{} {} {}, ", kNames[static_cast<int>(answer)], key, value_size);
  }
  void finished(const Request& request) override {
    text += request.verb == Verb::get ? "end get, " : "end set, ";
  }
  void error_line(std::string_view line) override { text += fmt::format("line {}, ", line); }
  void corrupt(uint64_t key) override { text += fmt::format("corrupt {}, ", key); }
  std::string text;
};

class ReplyReaderTest : public testing::TestWithParam<size_t> {
 protected:
  std::string value(uint64_t key, size_t size) const {
    std::string bytes(size, '\0');
    values_.write(bytes.data(), key, size);
    return bytes;
  }

  std::string key(uint64_t index) const {
    char text[kMaxKeySize];
    return {text, keys_.write(text, index)};
  }

  std::string hit(uint64_t index, size_t size) const {
    return fmt::format("VALUE {} 0 {}\r\n{}\r\n", key(index), size, value(index, size));
  }

  void ask(Verb verb, std::vector<uint64_t> keys) { asked_.push(verb, keys, 0); }

  /// Feeds `bytes` in fragments of the test's size.
  std::string read(Dialect dialect, const std::string& bytes) {
    ReplyReader reader({.dialect = dialect, .verify = true}, keys_, values_);
    Record record;
    std::string pending;
    for (size_t at = 0; at < bytes.size() && !reader.broken(); at += GetParam()) {
      pending += bytes.substr(at, GetParam());
      pending = std::string(reader.consume(pending, asked_, record));
    }
    EXPECT_EQ(pending, "");
    broken_ = reader.broken();
    return record.text;
  }

  KeySpace keys_ = *KeySpace::make(*SizeDistribution::parse("10"), 1000);
  ValueSpace values_{*SizeDistribution::parse("1")};
  InFlight asked_{8, 3};
  bool broken_ = false;
};

TEST_P(ReplyReaderTest, ClassicHitsMissesAndSets) {
  ask(Verb::get, {1});
  ask(Verb::set, {2});
  ask(Verb::get, {3, 4, 5});
  ask(Verb::get, {6});
  EXPECT_EQ(read(Dialect::classic, hit(1, 20) + "END\r\nSTORED\r\n" + hit(4, 0) + "END\r\nEND\r\n"),
            "hit 1 20, end get, stored 2 0, end set, miss 3 0, hit 4 0, miss 5 0, end get, "
            "miss 6 0, end get, ");
  EXPECT_TRUE(asked_.empty());
  EXPECT_FALSE(broken_);
}

TEST_P(ReplyReaderTest, MetaHitsMissesAndSets) {
  ask(Verb::get, {1, 2, 3});
  ask(Verb::set, {4});
  ask(Verb::set, {5});
  EXPECT_EQ(read(Dialect::meta, "VA 9\r\n" + value(1, 9) + "\r\nEN\r\nVA 0\r\n\r\nHD\r\nNS\r\n"),
            "hit 1 9, miss 2 0, hit 3 0, end get, stored 4 0, end set, line NS, error 5 0, "
            "end set, ");
  EXPECT_TRUE(asked_.empty());
}

TEST_P(ReplyReaderTest, ErrorsEndTheirRequest) {
  ask(Verb::get, {1, 2});
  ask(Verb::set, {3});
  ask(Verb::get, {4});
  EXPECT_EQ(read(Dialect::classic, "SERVER_ERROR out of memory\r\nSERVER_ERROR no\r\nEND\r\n"),
            "line SERVER_ERROR out of memory, error 1 0, error 2 0, end get, line SERVER_ERROR "
            "no, error 3 0, end set, miss 4 0, end get, ");
}

TEST_P(ReplyReaderTest, WrongBytesAreCorrupt) {
  ask(Verb::get, {1});
  std::string bytes = hit(1, 50);
  bytes[bytes.size() - 3] ^= 1;
  EXPECT_EQ(read(Dialect::classic, bytes + "END\r\n"), "corrupt 1, hit 1 50, end get, ");
}

TEST_P(ReplyReaderTest, AnotherKeysValueBreaksTheStream) {
  ask(Verb::get, {1});
  read(Dialect::classic, hit(2, 5) + "END\r\n");
  EXPECT_TRUE(broken_);
}

TEST_P(ReplyReaderTest, AnAnswerNobodyAskedForBreaksTheStream) {
  EXPECT_EQ(read(Dialect::classic, "STORED\r\n"), "line STORED, ");
  EXPECT_TRUE(broken_);
}

TEST_P(ReplyReaderTest, AValueWithoutItsLineEndBreaksTheStream) {
  ask(Verb::get, {1});
  std::string bytes = hit(1, 5);
  bytes[bytes.size() - 2] = 'x';
  read(Dialect::classic, bytes);
  EXPECT_TRUE(broken_);
}

INSTANTIATE_TEST_SUITE_P(FragmentSizes, ReplyReaderTest, testing::Values(1, 2, 3, 7, 50, 100000));

}  // namespace
}  // namespace ember::bench
