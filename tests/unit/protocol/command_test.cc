// SPDX-License-Identifier: BSD-3-Clause
// Command: verbs' names, which of them carry what.
#include "protocol/command.h"

#include <gtest/gtest.h>

#include <string>

#include "protocol/request_line.h"

namespace ember::protocol {
namespace {

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
