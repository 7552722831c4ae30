// SPDX-License-Identifier: BSD-3-Clause
// BinaryParser: every opcode, quiet or not, and what is wrong with each, at every way to cut it.
#include "protocol/binary_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/protocol/binary_request.h"
#include "tests/unit/protocol/parser_cases.h"

namespace ember::protocol {
namespace {

using testing::big;
using testing::BinaryFeeder;
using testing::Case;
using testing::kLongest;
using testing::kOptions;
using testing::kTooLong;
using testing::number_extras;
using testing::Request;
using testing::store_extras;

void expect_all_binary(const std::vector<Case>& cases) { testing::expect_all<BinaryFeeder>(cases); }

const std::string kInvalid = "!Invalid arguments|close";
const std::string kUnknown = "!Unknown command";

/// An opcode without a name.
constexpr auto opcode(unsigned number) { return static_cast<Opcode>(number); }

std::string noop() { return Request{.opcode = Opcode::noop}; }

TEST(BinaryParserTest, Retrievals) {
  expect_all_binary({
      {Request{.opcode = Opcode::get, .key = "a"}, "get a"},
      {Request{.opcode = Opcode::getq, .key = "a"}, "get a noreply"},
      {Request{.opcode = Opcode::getk, .key = "a"}, "get a"},
      {Request{.opcode = Opcode::getkq, .key = "a"} + noop(), "get a noreply|noop"},
      {Request{.opcode = Opcode::gat, .key = "a", .extras = big(7, 4)}, "gat a t7"},
      {Request{.opcode = Opcode::gatq, .key = "a", .extras = big(7, 4)}, "gat a t7 noreply"},
      {Request{.opcode = Opcode::gatk, .key = "a", .extras = big(7, 4)}, "gat a t7"},
      {Request{.opcode = Opcode::gatkq, .key = "a", .extras = big(7, 4)}, "gat a t7 noreply"},
      {Request{.opcode = Opcode::touch, .key = "a", .extras = big(7, 4)}, "touch a t7"},
      {Request{.opcode = Opcode::get, .key = kLongest}, "get " + kLongest},
      {Request{.opcode = Opcode::get, .key = "a b\r\n"}, "get a b\r\n"},
  });
}

TEST(BinaryParserTest, StorageWithValuesThatWaitAndValuesThatStream) {
  expect_all_binary({
      {Request{.opcode = Opcode::set, .key = "a", .extras = store_extras(5, 60), .value = "one"},
       "set a=one f5 t60"},
      {Request{.opcode = Opcode::setq, .key = "a", .extras = store_extras(), .value = ""} + noop(),
       "set a= noreply|noop"},
      {Request{.opcode = Opcode::add, .key = "a", .extras = store_extras(), .value = "12345"},
       "add a=12345"},
      {Request{.opcode = Opcode::addq, .key = "a", .extras = store_extras(), .value = "123456"} +
           noop(),
       "add a=123456 noreply|noop"},
      {Request{
           .opcode = Opcode::replace, .key = "a", .extras = store_extras(), .value = "long one"},
       "replace a=long one"},
      {Request{.opcode = Opcode::replaceq, .key = "a", .extras = store_extras(), .value = "x"},
       "replace a=x noreply"},
      {Request{.opcode = Opcode::append, .key = "a", .value = "x"}, "append a=x"},
      {Request{.opcode = Opcode::appendq, .key = "a", .value = "a long value"},
       "append a=a long value noreply"},
      {Request{.opcode = Opcode::prepend, .key = "a", .value = "x"}, "prepend a=x"},
      {Request{.opcode = Opcode::prependq, .key = "a", .value = "x"}, "prepend a=x noreply"},
  });
}

TEST(BinaryParserTest, TimesAreNeverNegative) {
  expect_all_binary(
      {{Request{.opcode = Opcode::set, .key = "a", .extras = store_extras(1, 0xffffffff)},
        "set a= f1 t4294967295"},
       {Request{.opcode = Opcode::touch, .key = "a", .extras = big(0x80000000, 4)},
        "touch a t2147483648"}});
}

TEST(BinaryParserTest, TheRest) {
  expect_all_binary({
      {Request{.opcode = Opcode::delete_, .key = "a"}, "delete a"},
      {Request{.opcode = Opcode::deleteq, .key = "a"}, "delete a noreply"},
      {Request{.opcode = Opcode::increment, .key = "a", .extras = number_extras(5, 6, 7)},
       "incr a t7 n5"},
      {Request{.opcode = Opcode::incrementq, .key = "a", .extras = number_extras(5)},
       "incr a n5 noreply"},
      {Request{.opcode = Opcode::decrement, .key = "a", .extras = number_extras(UINT64_MAX)},
       "decr a n18446744073709551615"},
      {Request{.opcode = Opcode::decrementq, .key = "a", .extras = number_extras(1)},
       "decr a n1 noreply"},
      {Request{.opcode = Opcode::quit}, "quit"},
      {Request{.opcode = Opcode::quitq}, "quit noreply"},
      {Request{.opcode = Opcode::flush}, "flush_all"},
      {Request{.opcode = Opcode::flush, .extras = big(9, 4)}, "flush_all t9"},
      {Request{.opcode = Opcode::flushq}, "flush_all noreply"},
      {Request{.opcode = Opcode::version}, "version"},
      {Request{.opcode = Opcode::verbosity, .extras = big(2, 4)}, "verbosity n2"},
      {Request{.opcode = Opcode::stat} + Request{.opcode = Opcode::stat, .key = "detail on"},
       "stats|stats (detail on)"},
  });
}

TEST(BinaryParserTest, Authentication) {
  const std::string long_value(300, 'x');
  expect_all_binary({
      {Request{.opcode = Opcode::sasl_list_mechs}, "sasl_list_mechs"},
      {Request{.opcode = Opcode::sasl_auth, .key = "PLAIN", .value = "u"} + noop(),
       "sasl_auth PLAIN=u|noop"},
      {Request{.opcode = Opcode::sasl_step, .key = "PLAIN"}, "sasl_step PLAIN="},
      {Request{.opcode = Opcode::sasl_auth, .key = "PLAIN", .value = long_value} + noop(),
       "sasl_auth PLAIN|noop"},
  });
}

TEST(BinaryParserTest, FieldsOfTheHeaderComeAlong) {
  const std::string bytes = Request{.opcode = Opcode::decrementq,
                                    .key = "a",
                                    .extras = number_extras(1, 77, 0xffffffff),
                                    .cas = 12,
                                    .opaque = 0x01020304};
  BinaryParser parser(kOptions);
  std::vector<Command> batch(2);
  const BinaryParser::Step step = parser.parse(bytes, batch);
  ASSERT_EQ(step.count, 1U);
  EXPECT_EQ(step.consumed, bytes.size());
  EXPECT_TRUE(batch[0].is_binary);
  EXPECT_EQ(batch[0].binary.cas, 12U);
  EXPECT_EQ(batch[0].binary.initial, 77U);
  EXPECT_EQ(batch[0].binary.opcode, 0x16);
  EXPECT_EQ(batch[0].binary.opaque, load_unaligned<uint32_t>("\1\2\3\4"));
  EXPECT_EQ(batch[0].exptime, 0xffffffff);
}

TEST(BinaryParserTest, UnknownOpcodesAreSkippedWithTheirBodies) {
  expect_all_binary({
      {Request{.opcode = opcode(0x1f)} + noop(), kUnknown + "|noop"},
      {Request{.opcode = opcode(0x25), .key = "k", .extras = "123", .value = "value"} + noop(),
       kUnknown + "|noop"},
      {Request{.opcode = opcode(0xff), .value = std::string(5000, 'v')} + noop(),
       kUnknown + "|noop"},
  });
}

TEST(BinaryParserTest, WhatIsNotOfItsOpcodesFormCloses) {
  expect_all_binary({
      {Request{.opcode = Opcode::get} + noop(), kInvalid},
      {Request{.opcode = Opcode::get, .key = "a", .extras = "1234"} + noop(), kInvalid},
      {Request{.opcode = Opcode::getkq, .key = "a", .value = "x"} + noop(), kInvalid},
      {Request{.opcode = Opcode::get, .key = kTooLong} + noop(), kInvalid},
      {Request{.opcode = opcode(0x99), .key = kTooLong} + noop(), kInvalid},
      {Request{.opcode = Opcode::set, .key = "a", .value = "x"} + noop(), kInvalid},
      {Request{.opcode = Opcode::set, .key = "a", .extras = "123456789"} + noop(), kInvalid},
      {Request{.opcode = Opcode::set, .extras = store_extras(), .value = "x"} + noop(), kInvalid},
      {Request{.opcode = Opcode::append, .key = "a", .extras = store_extras()} + noop(), kInvalid},
      {Request{.opcode = Opcode::delete_, .key = "a", .extras = "1234"} + noop(), kInvalid},
      {Request{.opcode = Opcode::increment, .key = "a", .extras = big(1, 8)} + noop(), kInvalid},
      {Request{.opcode = Opcode::touch, .key = "a"} + noop(), kInvalid},
      {Request{.opcode = Opcode::gat, .key = "a", .extras = big(1, 4), .value = "x"}, kInvalid},
      {Request{.opcode = Opcode::noop, .key = "a"} + noop(), kInvalid},
      {Request{.opcode = Opcode::version, .value = "a"} + noop(), kInvalid},
      {Request{.opcode = Opcode::quitq, .key = "a"} + noop(), kInvalid},
      {Request{.opcode = Opcode::flush, .extras = "12"} + noop(), kInvalid},
      {Request{.opcode = Opcode::verbosity} + noop(), kInvalid},
      {Request{.opcode = Opcode::sasl_auth, .value = "x"} + noop(), kInvalid},
      {Request{.opcode = Opcode::sasl_list_mechs, .key = "x"} + noop(), kInvalid},
      {Request{.opcode = Opcode::stat, .extras = "1234"} + noop(), kInvalid},
      {Request{.opcode = Opcode::noop, .body_size = 0xffffffff}, kInvalid},
  });
}

TEST(BinaryParserTest, SizesThatContradictEachOtherClose) {
  expect_all_binary({
      {Request{.opcode = Opcode::get, .key = "abc", .key_size = 10} + noop(), kUnknown + "|close"},
      {Request{.opcode = Opcode::set, .key = "abc", .extras = store_extras(), .body_size = 10},
       kUnknown + "|close"},
      {Request{.opcode = Opcode::get, .key = kTooLong, .body_size = 3}, kUnknown + "|close"},
  });
}

TEST(BinaryParserTest, AnotherFirstByteCloses) {
  expect_all_binary(
      {{"get a\r\n", "close"}, {noop() + "x", "noop|close"}, {noop() + "\x81", "noop|close"}});
}

TEST(BinaryParserTest, WhatIsCutWaits) {
  const std::string set =
      Request{.opcode = Opcode::set, .key = "key", .extras = store_extras(), .value = "12345"};
  for (size_t size = 1; size < set.size(); ++size) {
    const auto parsed = testing::parse_whole<BinaryFeeder>(set.substr(0, size), kOptions);
    EXPECT_TRUE(parsed.commands.empty()) << size;
    EXPECT_EQ(parsed.left.size(), size);
  }
}

}  // namespace
}  // namespace ember::protocol
