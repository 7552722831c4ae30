// SPDX-License-Identifier: BSD-3-Clause
// The first word of a request: every word, and words that only begin or end like one.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "protocol/request_line.h"

namespace ember::protocol {
namespace {

Verb verb_of(const std::string& word) { return protocol::verb_of(word, word.data() + word.size()); }

TEST(VerbTest, EveryWordHasItsOwnVerbAndItsNeighboursNone) {
  const std::string words[] = {"get",          "gets",     "gat",       "gats",
                               "set",          "add",      "replace",   "append",
                               "prepend",      "cas",      "delete",    "incr",
                               "decr",         "touch",    "mg",        "ms",
                               "md",           "ma",       "mn",        "me",
                               "flush_all",    "version",  "verbosity", "quit",
                               "stats",        "shutdown", "slabs",     "lru",
                               "lru_crawler",  "watch",    "debugtime", "cache_memlimit",
                               "refresh_certs"};
  const std::set<std::string> known(std::begin(words), std::end(words));
  std::set<Verb> seen;
  for (const std::string& word : words) {
    EXPECT_NE(verb_of(word), Verb::invalid) << word;
    EXPECT_TRUE(seen.insert(verb_of(word)).second) << word;
    for (const std::string& other :
         {word + "x", "x" + word, word.substr(1), word + '\0', word.substr(0, word.size() - 1)}) {
      if (known.count(other) == 0) {
        EXPECT_EQ(verb_of(other), Verb::invalid) << other;
      }
    }
  }
  EXPECT_EQ(verb_of(""), Verb::invalid);
  EXPECT_EQ(verb_of("GET"), Verb::invalid);
  EXPECT_EQ(verb_of("get_end"), Verb::invalid);
}

}  // namespace
}  // namespace ember::protocol
