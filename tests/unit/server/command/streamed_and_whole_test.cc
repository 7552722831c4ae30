// SPDX-License-Identifier: BSD-3-Clause
// A value that arrives in parts is stored and answered as a whole one is, in every dialect.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "server/command/streamed_set.h"
#include "tests/unit/server/command/binary_talk.h"
#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::IncomingValue;
using protocol::Verb;

Command storage_command(Verb verb, std::string_view key, std::string_view value) {
  Command command;
  command.verb = verb;
  command.key = command.key_text = key;
  command.value_size = value.size();
  return command;
}

void write(IncomingValue& place, std::string_view value) {
  while (!value.empty()) {
    const std::span<char> room = place.next();
    ASSERT_FALSE(room.empty());
    const size_t size = std::min({room.size(), value.size(), size_t{7}});
    std::memcpy(room.data(), value.data(), size);
    place.advance(size);
    value.remove_prefix(size);
  }
  EXPECT_TRUE(place.next().empty()) << "a value that is there whole has no more room";
}

/// The reply to a storage command whose value comes seven bytes at a time.
std::string reply_to_parts(Conversation& with, Command command, std::string_view value) {
  auto place = with.handler().begin_value(with.client, command, with.reply());
  if (place == nullptr) {
    return with.take_reply();
  }
  write(*place, value);
  command.value_complete = true;
  const auto progress =
      with.handler().finish_value(with.client, command, std::move(place), with.reply());
  EXPECT_EQ(progress.executed, 1U);
  EXPECT_EQ(progress.next, protocol::Next::ready);
  return with.take_reply();
}

/// The reply to the same command when it has its value.
std::string reply_to_whole(Conversation& with, Command command, std::string_view value) {
  command.value = value;
  command.value_complete = true;
  with.handler().execute(with.client, {&command, 1}, with.reply());
  return with.take_reply();
}

/// Both replies and what is stored then must be alike, with the key there before and without.
void expect_alike(const Command& command, std::string_view value) {
  for (const bool there : {false, true}) {
    Conversation parts;
    Conversation whole;
    parts("stats detail on");
    whole("stats detail on");
    if (there) {
      parts("set p:key 3 0 3|abc");
      whole("set p:key 3 0 3|abc");
    }
    const std::string expected = reply_to_whole(whole, command, value);
    EXPECT_FALSE(expected.empty());
    EXPECT_EQ(reply_to_parts(parts, command, value), expected) << there;
    EXPECT_EQ(parts("gets p:key"), whole("gets p:key")) << there;
    for (const char* const counter : {"cmd_set", "cas_hits", "cas_badval", "cas_misses"}) {
      EXPECT_EQ(parts.stat(counter), whole.stat(counter)) << counter << there;
    }
    const std::string prefixes = whole("stats detail dump");
    EXPECT_TRUE(prefixes.starts_with("PREFIX p get 1 ")) << prefixes;
    EXPECT_EQ(parts("stats detail dump"), prefixes);
  }
}

TEST(StreamedSet, IsLikeAWholeOneInText) {
  for (const Verb verb :
       {Verb::set, Verb::add, Verb::replace, Verb::append, Verb::prepend, Verb::cas}) {
    SCOPED_TRACE(protocol::name_of(verb));
    expect_alike(storage_command(verb, "p:key", "a value in parts"), "a value in parts");
  }
}

TEST(StreamedSet, IsLikeAWholeOneInBinary) {
  for (const Verb verb : {Verb::set, Verb::add, Verb::replace, Verb::append, Verb::prepend}) {
    SCOPED_TRACE(protocol::name_of(verb));
    Command command = storage_command(verb, "p:key", "a value in parts");
    command.is_binary = true;
    command.binary = {.opaque = 9, .opcode = static_cast<uint8_t>(protocol::Opcode::set)};
    expect_alike(command, "a value in parts");
    command.binary.cas = 1;
    expect_alike(command, "a value in parts");
  }
}

TEST(StreamedSet, IsLikeAWholeOneInMeta) {
  using protocol::MetaMode;
  for (const MetaMode mode :
       {MetaMode::set, MetaMode::add, MetaMode::replace, MetaMode::append, MetaMode::prepend}) {
    Command command = storage_command(Verb::ms, "p:key", "a value in parts");
    command.meta.mode = mode;
    expect_alike(command, "a value in parts");
  }
}

TEST(StreamedSet, WithoutRoomIsAnsweredInItsDialect) {
  Conversation ask({.handler = {.item_size_max = 1000}});
  const std::string value(1000, 'v');
  const std::string line = "SERVER_ERROR object too large for cache\r\n";
  EXPECT_EQ(reply_to_parts(ask, storage_command(Verb::set, "p:key", value), value), line);
  EXPECT_EQ(reply_to_parts(ask, storage_command(Verb::append, "p:key", value), value), line);
  EXPECT_EQ(reply_to_parts(ask, storage_command(Verb::ms, "p:key", value), value), line);
  Command command = storage_command(Verb::set, "p:key", value);
  command.is_binary = true;
  const std::string answer = reply_to_parts(ask, command, value);
  std::string_view bytes = answer;
  EXPECT_EQ(brief_answer(bytes), "!3 'Too large.'");
}

}  // namespace
}  // namespace ember::server::command
