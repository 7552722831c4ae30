// SPDX-License-Identifier: BSD-3-Clause
// binary_commands: the answers to every opcode, quiet and not, as memcached 1.6.18 gave them.
#include "server/command/binary_commands.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/command/binary_talk.h"

namespace ember::server::command {
namespace {

using protocol::Opcode;
using protocol::testing::big;
using protocol::testing::number_extras;
using protocol::testing::Request;
using protocol::testing::store_extras;

Request set(std::string_view key, std::string_view value, uint32_t client_flags = 0) {
  return {.opcode = Opcode::set, .key = key, .extras = store_extras(client_flags), .value = value};
}

Request plain(Opcode opcode, std::string_view key = "", std::string_view value = "") {
  return {.opcode = opcode, .key = key, .value = value};
}

Request store(Opcode opcode, std::string_view key, std::string_view value, uint64_t cas = 0) {
  return {.opcode = opcode, .key = key, .extras = store_extras(), .value = value, .cas = cas};
}

Request touch(Opcode opcode, std::string_view key, uint32_t exptime = 0) {
  return {.opcode = opcode, .key = key, .extras = big(exptime, 4)};
}

Request number(Opcode opcode, std::string_view key, std::string extras, uint64_t cas = 0) {
  return {.opcode = opcode, .key = key, .extras = std::move(extras), .cas = cas};
}

/// The CAS in the first header of `reply`.
uint64_t cas_in(const std::string& reply) {
  return protocol::load_big<uint64_t>(reply.data() + 16);
}

const std::string kNotFound = "!1 'Not found'";
const std::string kExists = "!2 'Data exists for key.'";

TEST(BinaryCommandsTest, TheHeaderEchoesOpcodeAndOpaque) {
  Conversation with;
  const std::string reply =
      with.binary(std::string(Request{.opcode = Opcode::noop, .cas = 5, .opaque = 0x61626364}));
  ASSERT_EQ(reply.size(), 24U);
  EXPECT_EQ(reply.substr(0, 2), "\x81\x0a");
  EXPECT_EQ(reply.substr(12, 4), "abcd");
  EXPECT_EQ(cas_in(reply), 0U);
}

TEST(BinaryCommandsTest, RetrievalsThatHit) {
  Conversation with;
  EXPECT_EQ(talk(with, set("a", "value", 7)), "ok cas");
  EXPECT_EQ(talk(with, plain(Opcode::get, "a")), "ok flags 7 'value' cas");
  EXPECT_EQ(talk(with, plain(Opcode::getq, "a")), "ok flags 7 'value' cas");
  EXPECT_EQ(talk(with, plain(Opcode::getk, "a")), "ok flags 7 key a 'value' cas");
  EXPECT_EQ(talk(with, plain(Opcode::getkq, "a")), "ok flags 7 key a 'value' cas");
  EXPECT_EQ(talk(with, touch(Opcode::gat, "a")), "ok flags 7 'value' cas");
  EXPECT_EQ(talk(with, touch(Opcode::gatkq, "a")), "ok flags 7 key a 'value' cas");
  EXPECT_EQ(talk(with, touch(Opcode::touch, "a")), "ok flags 7 cas");
}

TEST(BinaryCommandsTest, RetrievalsThatMiss) {
  Conversation with;
  EXPECT_EQ(talk(with, plain(Opcode::get, "a")), kNotFound);
  EXPECT_EQ(talk(with, plain(Opcode::getk, "a")), "!1 key a");
  EXPECT_EQ(talk(with, touch(Opcode::gat, "a")), kNotFound);
  EXPECT_EQ(talk(with, touch(Opcode::gatk, "a")), "!1 key a");
  EXPECT_EQ(talk(with, touch(Opcode::touch, "a")), kNotFound);
  for (const Opcode quiet : {Opcode::getq, Opcode::getkq}) {
    EXPECT_EQ(talk(with, plain(quiet, "a")), "");
  }
  for (const Opcode quiet : {Opcode::gatq, Opcode::gatkq}) {
    EXPECT_EQ(talk(with, touch(quiet, "a")), "");
  }
  EXPECT_EQ(with.stat("get_misses"), "4");
  EXPECT_EQ(with.stat("touch_misses"), "5");
}

TEST(BinaryCommandsTest, APipelineOfQuietGetsIsOneBatch) {
  Conversation with;
  with.binary(set("a", "1") + set("c", "3"));
  EXPECT_EQ(talk(with, plain(Opcode::getkq, "a") + plain(Opcode::getkq, "b") +
                           plain(Opcode::getkq, "c") + plain(Opcode::noop)),
            "ok flags 0 key a '1' cas|ok flags 0 key c '3' cas|ok");
}

TEST(BinaryCommandsTest, AnErrorTakesNoEarlierAnswersBack) {
  Conversation with;
  with.binary(set("a", "1"));
  EXPECT_EQ(talk(with, plain(Opcode::getq, "a") + plain(static_cast<Opcode>(0x7f))),
            "ok flags 0 '1' cas|!129 'Unknown command'");
}

TEST(BinaryCommandsTest, StoringByMode) {
  Conversation with;
  EXPECT_EQ(talk(with, store(Opcode::replace, "a", "x")), kNotFound);
  EXPECT_EQ(talk(with, store(Opcode::replaceq, "a", "x")), kNotFound);
  EXPECT_EQ(talk(with, store(Opcode::add, "a", "1")), "ok cas");
  EXPECT_EQ(talk(with, store(Opcode::add, "a", "2")), kExists);
  EXPECT_EQ(talk(with, store(Opcode::addq, "a", "2")), kExists);
  EXPECT_EQ(talk(with, store(Opcode::replace, "a", "3")), "ok cas");
  EXPECT_EQ(talk(with, plain(Opcode::append, "a", "-end")), "ok cas");
  EXPECT_EQ(talk(with, plain(Opcode::prepend, "a", "begin-")), "ok cas");
  EXPECT_EQ(talk(with, plain(Opcode::get, "a")), "ok flags 0 'begin-3-end' cas");
  EXPECT_EQ(talk(with, plain(Opcode::append, "b", "x")), "!5 'Not stored.'");
  EXPECT_EQ(talk(with, plain(Opcode::prependq, "b", "x")), "!5 'Not stored.'");
}

TEST(BinaryCommandsTest, QuietStoringSaysNothingWhenItIsDone) {
  Conversation with;
  EXPECT_EQ(talk(with, store(Opcode::setq, "a", "1") + store(Opcode::addq, "b", "2") +
                           store(Opcode::replaceq, "b", "3") + plain(Opcode::appendq, "b", "4") +
                           plain(Opcode::prependq, "b", "5") + plain(Opcode::get, "b")),
            "ok flags 0 '534' cas");
}

TEST(BinaryCommandsTest, WhateverComparesIsASet) {
  Conversation with;
  const uint64_t cas = cas_in(with.binary(set("a", "1")));
  EXPECT_EQ(talk(with, store(Opcode::set, "a", "x", cas + 1)), kExists);
  EXPECT_EQ(talk(with, store(Opcode::setq, "b", "x", cas)), kNotFound);
  EXPECT_EQ(talk(with, store(Opcode::add, "b", "x", cas)), kNotFound);
  EXPECT_EQ(talk(with, store(Opcode::add, "a", "2", cas)), "ok cas");
  Request append = plain(Opcode::append, "a", "x");
  append.cas = cas;
  EXPECT_EQ(talk(with, append), kExists);
  EXPECT_EQ(talk(with, plain(Opcode::get, "a")), "ok flags 0 '2' cas");
}

TEST(BinaryCommandsTest, WithoutCasNothingCompares) {
  Conversation with({.handler = {.use_cas = false}});
  EXPECT_EQ(talk(with, store(Opcode::set, "a", "1", 77)), "ok");
  EXPECT_EQ(talk(with, plain(Opcode::get, "a")), "ok flags 0 '1'");
  Request request = plain(Opcode::delete_, "a");
  request.cas = 77;
  EXPECT_EQ(talk(with, request), kExists);
  EXPECT_EQ(talk(with, number(Opcode::increment, "a", number_extras(1), 77)), kExists);
}

TEST(BinaryCommandsTest, ValuesTooLarge) {
  Conversation with({.handler = {.item_size_max = 4000}});
  const std::string large(5000, 'x');
  const std::string half(2500, 'y');
  with.binary(set("a", "old"));
  EXPECT_EQ(talk(with, store(Opcode::add, "a", large)), "!3 'Too large.'");
  EXPECT_EQ(talk(with, plain(Opcode::appendq, "a", large)), "!3 'Too large.'");
  EXPECT_EQ(talk(with, plain(Opcode::get, "a")), "ok flags 0 'old' cas");
  EXPECT_EQ(talk(with, store(Opcode::setq, "a", large)), "!3 'Too large.'");
  EXPECT_EQ(talk(with, plain(Opcode::get, "a")), kNotFound);
}

TEST(BinaryCommandsTest, LargeValuesStreamInAndOut) {
  Conversation with({.read_size = 700});
  const std::string large(100'000, 'x');
  EXPECT_EQ(talk(with, set("a", large)), "ok cas");
  EXPECT_EQ(talk(with, plain(Opcode::getk, "a")), "ok flags 0 key a '" + large + "' cas");
  EXPECT_EQ(talk(with, plain(Opcode::append, "a", large) + plain(Opcode::get, "a")),
            "ok cas|ok flags 0 '" + large + large + "' cas");
}

TEST(BinaryCommandsTest, Deleting) {
  Conversation with;
  const uint64_t cas = cas_in(with.binary(set("a", "1")));
  EXPECT_EQ(talk(with, Request{.opcode = Opcode::delete_, .key = "a", .cas = cas + 1}), kExists);
  EXPECT_EQ(talk(with, Request{.opcode = Opcode::deleteq, .key = "a", .cas = cas + 1}), kExists);
  EXPECT_EQ(talk(with, Request{.opcode = Opcode::delete_, .key = "a", .cas = cas}), "ok");
  EXPECT_EQ(talk(with, plain(Opcode::delete_, "a")), kNotFound);
  EXPECT_EQ(talk(with, plain(Opcode::deleteq, "a")), kNotFound);
  EXPECT_EQ(talk(with, set("a", "1") + plain(Opcode::deleteq, "a")), "ok cas");
}

TEST(BinaryCommandsTest, Counting) {
  Conversation with;
  const auto shown = [](uint64_t value) { return "ok '" + big(value, 8) + "' cas"; };
  EXPECT_EQ(talk(with, number(Opcode::increment, "n", number_extras(1, 10))), shown(10));
  EXPECT_EQ(talk(with, number(Opcode::increment, "n", number_extras(5, 10))), shown(15));
  EXPECT_EQ(talk(with, number(Opcode::incrementq, "n", number_extras(5))), "");
  EXPECT_EQ(talk(with, number(Opcode::decrement, "n", number_extras(19))), shown(1));
  EXPECT_EQ(talk(with, number(Opcode::decrementq, "n", number_extras(19))), "");
  EXPECT_EQ(talk(with, plain(Opcode::get, "n")), "ok flags 0 '0 ' cas");
  EXPECT_EQ(talk(with, number(Opcode::increment, "n", number_extras(1), 999'999)), kExists);
  with.binary(set("text", "x"));
  EXPECT_EQ(talk(with, number(Opcode::incrementq, "text", number_extras(1))),
            "!6 'Non-numeric server-side value for incr or decr'");
}

TEST(BinaryCommandsTest, AnExptimeOfAllOnesMakesNoCounter) {
  Conversation with;
  EXPECT_EQ(talk(with, number(Opcode::increment, "n", number_extras(1, 2, 0xffffffff))), kNotFound);
  EXPECT_EQ(talk(with, number(Opcode::decrementq, "n", number_extras(1, 2, 0xffffffff))),
            kNotFound);
  EXPECT_EQ(talk(with, number(Opcode::incrementq, "n", number_extras(1, 2, 0xfffffffe))), "");
  EXPECT_EQ(talk(with, plain(Opcode::get, "n")), "ok flags 0 '2' cas");
}

TEST(BinaryCommandsTest, TimesExpireAndFarOnesDoNot) {
  Conversation with;
  const auto expiring = [](std::string_view key, uint32_t exptime) {
    return Request{.opcode = Opcode::setq, .key = key, .extras = store_extras(0, exptime)};
  };
  with.binary(expiring("soon", 10) + expiring("past", 100'000'000) + expiring("far", 0xffffffff));
  EXPECT_EQ(talk(with, plain(Opcode::get, "past")), kNotFound);
  with.clock.advance(11);
  EXPECT_EQ(talk(with, plain(Opcode::get, "soon")), kNotFound);
  EXPECT_EQ(talk(with, touch(Opcode::touch, "far", 5)), "ok flags 0 cas");
  with.clock.advance(6);
  EXPECT_EQ(talk(with, plain(Opcode::get, "far")), kNotFound);
}

TEST(BinaryCommandsTest, FlushingNowAndLater) {
  Conversation with;
  with.binary(set("a", "1"));
  with.clock.advance(2);
  EXPECT_EQ(talk(with, Request{.opcode = Opcode::flush, .extras = big(5, 4)}), "ok");
  EXPECT_EQ(talk(with, plain(Opcode::get, "a")), "ok flags 0 '1' cas");
  with.clock.advance(6);
  EXPECT_EQ(talk(with, plain(Opcode::get, "a")), kNotFound);
  EXPECT_EQ(talk(with, set("a", "1") + plain(Opcode::flushq) + plain(Opcode::get, "a")),
            "ok cas|" + kNotFound);
  EXPECT_EQ(with.stat("cmd_flush"), "2");
}

TEST(BinaryCommandsTest, FlushingCanBeSwitchedOff) {
  Conversation with({.handler = {.flush_enabled = false}});
  EXPECT_EQ(talk(with, plain(Opcode::flush)), "!32 'Auth failure.'");
  EXPECT_EQ(talk(with, plain(Opcode::flushq)), "!32 'Auth failure.'");
  EXPECT_EQ(with.stat("cmd_flush"), "0");
}

TEST(BinaryCommandsTest, VersionAndVerbosity) {
  uint64_t level = 0;
  Conversation with(
      {.handler = {.version = "1.2.3", .set_verbosity = [&](uint64_t now) { level = now; }}});
  EXPECT_EQ(talk(with, plain(Opcode::version)), "ok '1.2.3'");
  EXPECT_EQ(talk(with, Request{.opcode = Opcode::verbosity, .extras = big(2, 4)}), "ok");
  EXPECT_EQ(level, 2U);
}

TEST(BinaryCommandsTest, QuitClosesQuietlyOrNot) {
  Conversation with;
  EXPECT_EQ(talk(with, plain(Opcode::quit) + plain(Opcode::noop)), "ok");
  EXPECT_TRUE(with.closed());
  Conversation quiet;
  EXPECT_EQ(talk(quiet, plain(Opcode::noop) + plain(Opcode::quitq) + plain(Opcode::noop)), "ok");
  EXPECT_TRUE(quiet.closed());
}

TEST(BinaryCommandsTest, WrongRequestsAreToldAndClose) {
  Conversation with;
  EXPECT_EQ(talk(with, plain(Opcode::noop, "key")), "!4 'Invalid arguments'");
  EXPECT_TRUE(with.closed());
}

TEST(BinaryCommandsTest, WithoutAuthenticationSaslIsUnknown) {
  Conversation with;
  EXPECT_EQ(talk(with, plain(Opcode::sasl_list_mechs) + plain(Opcode::sasl_auth, "PLAIN", "u") +
                           plain(Opcode::sasl_step, "PLAIN")),
            "!129 'Unknown command'|!129 'Unknown command'|!129 'Unknown command'");
}

}  // namespace
}  // namespace ember::server::command
