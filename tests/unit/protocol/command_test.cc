// SPDX-License-Identifier: BSD-3-Clause
// Command: verbs' names, which of them carry what, and moving its views.
#include "protocol/command.h"

#include <gtest/gtest.h>

#include <string>

#include "protocol/request_line.h"

namespace ember::protocol {
namespace {

TEST(CommandTest, RebaseMovesViewsIntoTheInputAndNoOthers) {
  const std::string input = "ms YQ== 3 b O1\r\nabc\r\n";
  const std::string scratch = "a";
  const std::string_view view = input;
  Command command;
  command.verb = Verb::ms;
  command.key = scratch;
  command.key_text = view.substr(3, 4);
  command.value = view.substr(16, 3);
  command.meta.text = view.substr(10, 4);
  command.meta.opaque = view.substr(13, 1);
  const std::string moved = input;
  command.rebase(input.data(), input.size(), moved.data());
  EXPECT_EQ(command.key.data(), scratch.data());
  EXPECT_EQ(command.key_text.data(), moved.data() + 3);
  EXPECT_EQ(command.value.data(), moved.data() + 16);
  EXPECT_EQ(command.meta.text.data(), moved.data() + 10);
  EXPECT_EQ(command.meta.opaque.data(), moved.data() + 13);
  EXPECT_EQ(command.key_text, "YQ==");
  EXPECT_EQ(command.value, "abc");
}

TEST(CommandTest, RebaseLeavesStaleMetaFlagsOfAClassicCommand) {
  const std::string input = "get a\r\n";
  Command command;
  command.verb = Verb::get;
  command.key = command.key_text = std::string_view(input).substr(4, 1);
  command.meta.text = std::string_view(input).substr(0, 3);
  const std::string moved = input;
  command.rebase(input.data(), input.size(), moved.data());
  EXPECT_EQ(command.key.data(), moved.data() + 4);
  EXPECT_EQ(command.meta.text.data(), input.data());
  EXPECT_TRUE(command.error.empty());
}

TEST(CommandTest, AVerbsNameIsTheWordItIsReadBy) {
  for (Verb verb = Verb::get; verb <= Verb::debugtime;
       verb = static_cast<Verb>(static_cast<int>(verb) + 1)) {
    std::string line(name_of(verb));
    line += "\r\n";
    const std::string_view word = std::string_view(line).substr(0, line.size() - 2);
    // Of the text protocols; get_end is what a retrieval line ends with.
    EXPECT_EQ(verb_of(word, line.data() + line.size()),
              verb == Verb::get_end ? Verb::invalid : verb)
        << word;
  }
  EXPECT_EQ(name_of(Verb::delete_), "delete");
  EXPECT_EQ(name_of(Verb::noop), "noop");
  EXPECT_EQ(name_of(Verb::sasl_step), "sasl_step");
  EXPECT_EQ(name_of(Verb::invalid), "invalid");
}

TEST(CommandTest, VerbsHaveKeysAndValues) {
  EXPECT_TRUE(is_retrieval(Verb::gats));
  EXPECT_FALSE(is_retrieval(Verb::get_end));
  EXPECT_TRUE(has_key(Verb::get));
  EXPECT_TRUE(has_key(Verb::me));
  EXPECT_FALSE(has_key(Verb::get_end));
  EXPECT_FALSE(has_key(Verb::mn));
  EXPECT_FALSE(has_key(Verb::flush_all));
  EXPECT_TRUE(carries_value(Verb::cas));
  EXPECT_TRUE(carries_value(Verb::ms));
  EXPECT_FALSE(carries_value(Verb::delete_));
}

TEST(MetaFlagsTest, HasReadsTheLetterBit) {
  MetaFlags flags;
  flags.seen = (uint64_t{1} << ('b' - 'A')) | 1;
  EXPECT_TRUE(flags.has('A'));
  EXPECT_TRUE(flags.has('b'));
  EXPECT_FALSE(flags.has('B'));
}

}  // namespace
}  // namespace ember::protocol
