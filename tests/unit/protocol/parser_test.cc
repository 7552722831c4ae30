// SPDX-License-Identifier: BSD-3-Clause
// Parser: every case at every way to cut it gives the same commands; which, is told here.
#include "protocol/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/protocol/parse_all.h"

namespace ember::protocol {
namespace {

using testing::Feeder;
using testing::parse_whole;
using testing::Parsed;

/// Commands, one a line: "get a", "set a=value ...", "!ERROR".
std::string brief(const Parsed& parsed) {
  static const char* const kNames[] = {"get",
                                       "gets",
                                       "gat",
                                       "gats",
                                       "get_end",
                                       "set",
                                       "add",
                                       "replace",
                                       "append",
                                       "prepend",
                                       "cas",
                                       "delete",
                                       "incr",
                                       "decr",
                                       "touch",
                                       "mg",
                                       "ms",
                                       "md",
                                       "ma",
                                       "mn",
                                       "me",
                                       "flush_all",
                                       "version",
                                       "verbosity",
                                       "quit",
                                       "stats",
                                       "shutdown",
                                       "cache_memlimit",
                                       "slabs",
                                       "lru",
                                       "lru_crawler",
                                       "watch",
                                       "refresh_certs",
                                       "debugtime",
                                       "invalid"};
  std::string text;
  for (const auto& command : parsed.commands) {
    text += text.empty() ? "" : "|";
    if (command.verb == Verb::invalid) {
      text += "!" + command.error;
      continue;
    }
    text += kNames[static_cast<size_t>(command.verb)];
    text += command.key.empty() ? "" : " " + command.key;
    text += command.key == command.key_text ? "" : "<" + command.key_text + ">";
    text += command.value_complete ? "=" + command.value : "";
    text += command.client_flags == 0 ? "" : " f" + std::to_string(command.client_flags);
    text += command.exptime == 0 ? "" : " t" + std::to_string(command.exptime);
    text += command.number == 0 ? "" : " n" + std::to_string(command.number);
    text += command.arguments.empty() ? "" : " (" + command.arguments + ")";
    text += command.meta.empty() || command.meta == "[]" ? "" : " " + command.meta;
    text += command.noreply ? " noreply" : "";
  }
  if (parsed.closed) {
    text += text.empty() ? "close" : "|close";
  }
  return text;
}

/// The options of all tests: values above 5 bytes are streamed, so that short ones test it.
constexpr Parser::Options kOptions{.max_line_size = 2048, .max_buffered_value = 5};

void expect_at_every_size(const std::string& input, const std::string& wanted) {
  const Parsed whole = parse_whole(input, kOptions);
  EXPECT_EQ(brief(whole), wanted) << input.substr(0, 200);
  // Long inputs: only some sizes, or it takes seconds.
  const size_t growth = input.size() > 1000 ? 4 : 0;
  for (size_t size = 1; size < std::min<size_t>(input.size() + 1, 64); size += 1 + growth * size) {
    for (const size_t room : {size_t{2}, size_t{3}, size_t{64}}) {
      const Parsed cut = Feeder(kOptions, room).feed(input, [&] { return size; });
      ASSERT_EQ(brief(cut), brief(whole)) << "in pieces of " << size << ", " << room << " a batch";
      ASSERT_EQ(cut.commands, whole.commands);
    }
  }
}

struct Case {
  std::string input;
  std::string wanted;
};

void expect_all(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    expect_at_every_size(one.input, one.wanted);
  }
}

const std::string kLongest(250, 'k');
const std::string kTooLong(251, 'k');
const std::string kBadLine = "!CLIENT_ERROR bad command line format";

TEST(ParserTest, RetrievalLines) {
  expect_all({
      {"get a\r\n", "get a|get_end"},
      {"get a\n", "get a|get_end"},
      {"get a b\r\nget c\r\n", "get a|get b|get_end|get c|get_end"},
      {"  get  a   b  \r\n", "get a|get b|get_end"},
      {"gets a b c d e\r\n", "gets a|gets b|gets c|gets d|gets e|get_end"},
      {"gat 10 a b\r\n", "gat a t10|gat b t10|get_end"},
      {"gats -1 a\r\n", "gats a t-1|get_end"},
      {"gat 0\r\n", "get_end"},
      {"gat\r\n", "!ERROR"},
      {"gat x a\r\n", "!CLIENT_ERROR invalid exptime argument"},
      {"get\r\n", "!ERROR"},
      {"get \r\n", "!ERROR"},
      {"get a\r\r\n", "get a\r|get_end"},
      {"get a\tb\r\n", "get a\tb|get_end"},
      {"get " + kLongest + "\r\n", "get " + kLongest + "|get_end"},
      {"get " + kTooLong + "\r\n", kBadLine},
      {"get a " + kTooLong + " b\r\nget c\r\n", kBadLine + "|get c|get_end"},
      {"gat 1 a " + kTooLong + "\r\n", kBadLine},
      {"get a noreply\r\n", "get a|get noreply|get_end"},
  });
}

std::string repeated(const std::string& text, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) {
    all += text;
  }
  return all;
}

TEST(ParserTest, RetrievalLinesLongerThanTheBoundStream) {
  const std::string keys = repeated("key ", 700);
  const std::string got = repeated("get key|", 700);
  expect_all({
      {"get " + keys + "\r\n", got + "get_end"},
      {"get " + keys + "last\r\n", got + "get last|get_end"},
      {"gat 7 " + keys + "\n", repeated("gat key t7|", 700) + "get_end"},
      {"get " + keys + kLongest + "\r\nmn\r\n", got + "get " + kLongest + "|get_end|mn"},
      {"get " + keys + kTooLong + " " + keys + "\r\nmn\r\n", got + kBadLine + "|mn"},
      {"get " + std::string(3000, ' ') + "\r\n", "close"},
      {"get " + std::string(3000, 'k') + "\r\nmn\r\n", kBadLine + "|mn"},
      {"gat " + std::string(3000, '1') + "\r\nmn\r\n", "close"},
  });
}

TEST(ParserTest, OtherLinesLongerThanTheBoundClose) {
  expect_all({
      {"mn\r\n" + std::string(2049, 'x'), "mn|close"},
      {std::string(2048, 'x') + "\nmn\r\n", "!ERROR|mn"},
      {std::string(2049, 'x') + "\nmn\r\n", "close"},
      {"set " + std::string(3000, 'k') + " 0 0 1\r\n", "close"},
      {"mg a " + repeated("v ", 2000) + "\r\n", "close"},
  });
}

TEST(ParserTest, StorageCommands) {
  expect_all({
      {"set a 1 2 3\r\nabc\r\n", "set a=abc f1 t2"},
      {"set a 1 2 0\r\n\r\n", "set a= f1 t2"},
      {"set a 1 2 3 noreply\r\nabc\r\nget a\r\n", "set a=abc f1 t2 noreply|get a|get_end"},
      {"set a 0 0 3 other\r\nabc\r\n", "set a=abc"},
      {"add a 0 0 5\r\n12345\r\n", "add a=12345"},
      {"replace a 0 0 6\r\n123456\r\nmn\r\n", "replace a=123456|mn"},
      {"append a 0 0 40\r\n" + std::string(40, '\n') + "\r\nmn\r\n",
       "append a=" + std::string(40, '\n') + "|mn"},
      {"prepend a 0 -5 2\r\n\r\n\r\n", "prepend a=\r\n t-5"},
      {"cas a 1 2 3 99\r\nabc\r\n", "cas a=abc f1 t2 n99"},
      {"cas a 1 2 3 99 noreply\r\nabc\r\n", "cas a=abc f1 t2 n99 noreply"},
      {"set a 4294967297 +5 +1\r\n1\r\n", "set a=1 f1 t5"},
      {"set " + kLongest + " 0 0 1\r\n1\r\n", "set " + kLongest + "=1"},
      {"set a 0 0 1\n1\r\n", "set a=1"},
  });
}

TEST(ParserTest, BadStorageLines) {
  expect_all({
      {"set\r\nmn\r\n", "!ERROR|mn"},
      {"set a 0 0\r\nmn\r\n", "!ERROR|mn"},
      {"set a noreply\r\nmn\r\n", "!ERROR|mn"},
      {"set a 0 0 1 noreply extra\r\nmn\r\n", "!ERROR|mn"},
      {"cas a 0 0 1\r\nmn\r\n", "!ERROR|mn"},
      {"set a 0 0 -1\r\nmn\r\n", kBadLine + "|mn"},
      {"set a 0 0 -1 noreply\r\nmn\r\n", "mn"},
      {"set a 0 0 x\r\nmn\r\n", kBadLine + "|mn"},
      {"set a 0 0 2147483646\r\nmn\r\n", kBadLine + "|mn"},
      {"set a 0 0 4294967297\r\nmn\r\n", kBadLine + "|mn"},
      {"set a 0 0 99999999999999999999\r\nmn\r\n", kBadLine + "|mn"},
      // The length reads: the value is dropped, whatever it says.
      {"set a x 0 4\r\nmn\r\n\r\nme a\r\n", kBadLine + "|me a"},
      {"set a -1 0 1\r\n1\r\nmn\r\n", kBadLine + "|mn"},
      {"set a 0 x 1\r\n1\r\nmn\r\n", kBadLine + "|mn"},
      {"set a 0 9223372036854775808 1\r\n1\r\nmn\r\n", kBadLine + "|mn"},
      {"set a 0 x 1 noreply\r\n1\r\nmn\r\n", "mn"},
      {"cas a 0 0 1 x\r\n1\r\nmn\r\n", kBadLine + "|mn"},
      {"set " + kTooLong + " 0 0 4\r\nmn\r\n\r\nme a\r\n", kBadLine + "|me a"},
      {"set " + kTooLong + " 0 0 0 noreply\r\n\r\nme a\r\n", "me a"},
  });
}

TEST(ParserTest, ValuesWithoutTheirTerminatorResynchroniseAsMemcached) {
  const std::string bad = "!CLIENT_ERROR bad data chunk";
  expect_all({
      {"set a 0 0 1\r\n12\r\nmn\r\n", bad + "|!ERROR|mn"},
      {"set a 0 0 1\r\n1mn\r\nmn\r\n", bad + "|!ERROR|mn"},
      {"set a 0 0 1\r\n1\rxmn\r\nmn\r\n", bad + "|mn|mn"},
      {"set a 0 0 1\r\n1\nmn\r\nmn\r\n", bad + "|!ERROR|mn"},
      {"set a 0 0 1 noreply\r\n12\r\nmn\r\n", "!ERROR|mn"},
      {"set a 0 0 8\r\n1234567890mn\r\n", bad + "|mn"},
      {"ms a 8 q\r\n1234567890mn\r\n", bad + "|mn"},
  });
}

TEST(ParserTest, OtherCommandsWithAKey) {
  const std::string usage = "!CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]";
  const std::string bad_delta = "!CLIENT_ERROR invalid numeric delta argument";
  const std::string bad_exptime = "!CLIENT_ERROR invalid exptime argument";
  expect_all({
      {"delete a\r\n", "delete a"},
      {"delete a 0\r\n", "delete a"},
      {"delete a noreply\r\n", "delete a noreply"},
      {"delete a 0 noreply\r\n", "delete a noreply"},
      {"delete a 1\r\n", usage},
      {"delete a 00\r\n", usage},
      {"delete a 0 0\r\n", usage},
      {"delete a 1 noreply\r\nmn\r\n", "mn"},
      {"delete a 0 noreply x\r\n", "!ERROR"},
      {"delete\r\n", "!ERROR"},
      {"delete " + kTooLong + "\r\n", kBadLine},
      {"delete " + kTooLong + " noreply\r\nmn\r\n", "mn"},
      {"delete " + kTooLong + " x\r\n", usage},
      {"incr a 1\r\n", "incr a n1"},
      {"decr a 18446744073709551615 noreply\r\n", "decr a n18446744073709551615 noreply"},
      {"incr a +1 x\r\n", "incr a n1"},
      {"incr a -1\r\n", bad_delta},
      {"incr a 18446744073709551616\r\n", bad_delta},
      {"incr a x noreply\r\nmn\r\n", "mn"},
      {"incr a\r\n", "!ERROR"},
      {"incr a 1 noreply x\r\n", "!ERROR"},
      {"incr " + kTooLong + " x\r\n", kBadLine},
      {"touch a 5\r\n", "touch a t5"},
      {"touch a -1 noreply\r\n", "touch a t-1 noreply"},
      {"touch a x\r\n", bad_exptime},
      {"touch a\r\n", "!ERROR"},
      {"touch a 0 x y\r\n", "!ERROR"},
      {"touch " + kTooLong + " x\r\n", kBadLine},
  });
}

TEST(ParserTest, CommandsWithoutAKey) {
  expect_all({
      {"\r\n", "!ERROR"},
      {"   \r\n", "!ERROR"},
      {"\nmn\n", "!ERROR|mn"},
      {"bogus\r\n", "!ERROR"},
      {"GET a\r\n", "!ERROR"},
      {"getx a\r\n", "!ERROR"},
      {"flush_allx\r\n", "!ERROR"},
      {"foo noreply\r\n", "!ERROR"},
      {"version\r\n", "version"},
      {"version x\r\n", "version (x)"},
      {"quit\r\n", "quit"},
      {"flush_all\r\n", "flush_all"},
      {"flush_all noreply\r\n", "flush_all (noreply) noreply"},
      {"flush_all 10 noreply\r\n", "flush_all t10 (10 noreply) noreply"},
      {"flush_all -1\r\n", "flush_all t-1 (-1)"},
      {"flush_all 0 0\r\n", "flush_all (0 0)"},
      {"flush_all x\r\n", "!CLIENT_ERROR invalid exptime argument"},
      {"flush_all noreply 0\r\n", "!CLIENT_ERROR invalid exptime argument"},
      {"flush_all x noreply\r\nmn\r\n", "mn"},
      {"flush_all 0 0 0\r\n", "!ERROR"},
      {"verbosity\r\n", "!ERROR"},
      {"verbosity 1\r\n", "verbosity (1)"},
      {"verbosity 1 noreply\r\n", "verbosity (1 noreply) noreply"},
      {"verbosity x\r\n", kBadLine},
      {"verbosity noreply\r\nmn\r\n", "mn"},
      {"verbosity 0 0 0\r\n", "!ERROR"},
      {"stats\r\n", "stats"},
      {"stats  cachedump 1  0 \r\n", "stats (cachedump 1  0)"},
      {"shutdown graceful\r\n", "shutdown (graceful)"},
      {"cache_memlimit 64 noreply\r\n", "cache_memlimit (64 noreply) noreply"},
      {"slabs automove 1\r\n", "slabs (automove 1)"},
      {"lru mode flat\r\n", "lru (mode flat)"},
      {"lru_crawler crawl all\r\n", "lru_crawler (crawl all)"},
      {"watch fetchers\r\n", "watch (fetchers)"},
      {"refresh_certs\r\n", "refresh_certs"},
      {"debugtime p\r\n", "debugtime (p)"},
  });
}

TEST(ParserTest, MetaCommands) {
  expect_all({
      {"mn\r\n", "mn"},
      {"mn O1 k\r\n", "mn"},
      {"mg a\r\n", "mg a"},
      {" mg  a  v  f \r\n", "mg a [v  f]"},
      {"mg a v k O123 T30 q\r\n", "mg a [v k O123 T30 q] T=30 O=123"},
      {"mg a N5 R10 C7 E8\r\n", "mg a [N5 R10 C7 E8] C=7 E=8 N=5 R=10"},
      {"mg b\r\n", "mg b"},
      {"mg YWJj b k\r\n", "mg abc<YWJj> [b k]"},
      {"mg YR== b\r\n", "mg a<YR==> [b]"},
      {"ms a 3 T0 F5 I\r\nabc\r\n", "ms a=abc [T0 F5 I] T=0 F=5"},
      {"ms YWJj 6 b MA\r\nabcdef\r\n", "ms abc<YWJj>=abcdef [b MA] M=3"},
      {"ms a 0\r\n\r\n", "ms a="},
      {"md a q\r\n", "md a [q]"},
      {"md a I T30 x\r\n", "md a [I T30 x] T=30"},
      {"ma a\r\n", "ma a"},
      {"ma a MD D5 J10 N0\r\n", "ma a [MD D5 J10 N0] D=5 J=10 N=0 M=7"},
      {"me a\r\n", "me a"},
      {"me a ! q q\r\n", "me a [! q q]"},
      {"me YWJj b\r\n", "me abc<YWJj> [b]"},
      {repeated("mg YWJj b\r\n", 60), repeated("mg abc<YWJj> [b]|", 59) + "mg abc<YWJj> [b]"},
  });
}

TEST(ParserTest, BadMetaCommands) {
  const std::string one = "!CLIENT_ERROR invalid or duplicate flag";
  expect_all({
      {"mg\r\n", "!ERROR"},
      {"md\r\n", "!ERROR"},
      {"ma\r\n", "!ERROR"},
      {"ms\r\n", "!ERROR"},
      {"me\r\n", kBadLine},
      {"ms a\r\n", kBadLine},
      {"ms a -1\r\nmn\r\n", kBadLine + "|mn"},
      {"ms a 1S\r\nmn\r\n", kBadLine + "|mn"},
      {"mg " + kTooLong + " !\r\n", kBadLine},
      {"ms " + kTooLong + " 4\r\nmn\r\n\r\nmn\r\n", kBadLine + "|mn"},
      {"mg a !\r\n", "!CLIENT_ERROR invalid flag"},
      {"mg a Tx !\r\n", "!CLIENT_ERROR invalid flag"},
      {"mg a v v !\r\n", "!CLIENT_ERROR duplicate flag"},
      {"mg a \x80\r\n", "!CLIENT_ERROR duplicate flag"},
      {"mg a T\r\n", "!CLIENT_ERROR bad token in command line format"},
      {"mg a Cx\r\n", "!CLIENT_ERROR bad token in command line format"},
      {"mg a Ex\r\n", "!CLIENT_ERROR bad token in command line format"},
      {"mg a Dx\r\n", "!CLIENT_ERROR invalid numeric delta value"},
      {"mg a Jx\r\n", "!CLIENT_ERROR invalid numeric initial value"},
      {"mg a Fx\r\n", kBadLine},
      {"mg a M\r\n", "!CLIENT_ERROR incorrect length for M token"},
      {"mg a MX\r\n", "mg a [MX] M=0"},
      {"mg YQ b\r\n", "!CLIENT_ERROR error decoding key"},
      {"mg !! b Tx\r\n", "!CLIENT_ERROR error decoding key"},
      {"mg !! b !\r\n", "!CLIENT_ERROR invalid flag"},
      {"mg a O" + std::string(31, 'o') + "\r\n",
       "mg a [O" + std::string(31, 'o') + "] O=" + std::string(31, 'o')},
      {"mg a O" + std::string(32, 'o') + "\r\n", "!CLIENT_ERROR opaque token too long"},
      {"mg a O" + std::string(32, 'o') + " Tx\r\n",
       "!CLIENT_ERROR bad token in command line format"},
      {"mg a " + repeated("P ", 18) + "\r\n", "!CLIENT_ERROR options flags are too long"},
      {"md a " + repeated("P ", 18) + "\r\n", "!CLIENT_ERROR options flags too long"},
      {"md a " + repeated("P ", 17) + "\r\n", one},
      {"ms a 1 Tx\r\n1\r\nmn\r\n", "!CLIENT_ERROR bad token in command line format|mn"},
      {"ms a 1 Mx\r\n1\r\nmn\r\n", "!CLIENT_ERROR invalid mode for ms M token|mn"},
      {"ms a 1 q !\r\n1\r\nmn\r\n", "!CLIENT_ERROR invalid flag|mn"},
      {"ms YQ 1 b\r\n1\r\nmn\r\n", "!CLIENT_ERROR error decoding key|mn"},
      {"md a v v\r\n", one},
      {"md a Tx\r\n", one},
      {"md YQ b\r\n", one},
      {"ma a MII\r\n", one},
      {"ma a Mx\r\n", "!CLIENT_ERROR invalid mode for ma M token"},
      {"me YQ b\r\n", kBadLine},
  });
}

TEST(ParserTest, AValueLargerThanIsWaitedForIsHandedOver) {
  Parser parser(kOptions);
  std::vector<Command> out(4);
  const std::string input = "mn\r\nset a 7 0 6\r\n12";
  const Parser::Step step = parser.parse(input, out);
  EXPECT_EQ(step.stop, Parser::Stop::value);
  EXPECT_EQ(step.count, 1U);
  EXPECT_EQ(input.substr(step.consumed), "12");
  EXPECT_EQ(out[1].verb, Verb::set);
  EXPECT_EQ(out[1].key, "a");
  EXPECT_EQ(out[1].value_size, 6U);
  EXPECT_FALSE(out[1].value_complete);
  // The session moved the value and its terminator itself.
  EXPECT_EQ(parser.parse(std::string_view("mn\r\n"), out).count, 1U);
}

TEST(ParserTest, ASmallerValueIsWaitedFor) {
  Parser parser(kOptions);
  std::vector<Command> out(4);
  const Parser::Step step = parser.parse(std::string_view("set a 7 0 5\r\n12345\r"), out);
  EXPECT_EQ(step.stop, Parser::Stop::more_input);
  EXPECT_EQ(step.consumed, 0U);
  EXPECT_EQ(step.count, 0U);
}

TEST(ParserTest, ABatchEndsWhenItsRoomDoes) {
  Parser parser(kOptions);
  std::vector<Command> out(2);
  const std::string input = "get a\r\nmn\r\n";
  const Parser::Step step = parser.parse(input, out);
  EXPECT_EQ(step.stop, Parser::Stop::batch_full);
  EXPECT_EQ(step.count, 2U);
  EXPECT_EQ(input.substr(step.consumed), "mn\r\n");
}

TEST(ParserTest, AnEndlessLineClosesOnceItIsLongerThanTheBound) {
  Parser parser({});
  std::vector<Command> out(2);
  const std::string line(2049, 'x');
  EXPECT_EQ(parser.parse(std::string_view(line).substr(1), out).stop, Parser::Stop::more_input);
  EXPECT_EQ(parser.parse(line, out).stop, Parser::Stop::close);
}

}  // namespace
}  // namespace ember::protocol
