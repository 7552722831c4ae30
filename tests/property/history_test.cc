// SPDX-License-Identifier: BSD-3-Clause
// The checker of histories itself: what it must accept and, above all, what it must not.
#include "tests/property/history.h"

#include <gtest/gtest.h>

namespace ember::property {
using storage::Outcome;
using Kind = Operation::Kind;

namespace {

Operation set(const char* value, uint64_t cas, int64_t called, int64_t returned) {
  return {.kind = Kind::set,
          .argument = value,
          .seen = {.present = true, .value = value, .cas = cas},
          .called = called,
          .returned = returned};
}

Operation hit(const char* value, uint64_t cas, int64_t called, int64_t returned) {
  return {.kind = Kind::get,
          .seen = {.present = true, .value = value, .cas = cas},
          .called = called,
          .returned = returned};
}

Operation miss(int64_t called, int64_t returned) {
  return {.kind = Kind::get, .outcome = Outcome::not_found, .called = called, .returned = returned};
}

Operation remove(Outcome outcome, int64_t called, int64_t returned) {
  return {.kind = Kind::remove, .outcome = outcome, .called = called, .returned = returned};
}

bool explained(std::vector<Operation> history, bool may_vanish = false) {
  return !explain(std::move(history), {.may_vanish = may_vanish}).has_value();
}

TEST(History, AcceptsWhatHappenedOneAfterTheOther) {
  EXPECT_TRUE(explained({miss(0, 1), set("a", 1, 2, 3), hit("a", 1, 4, 5),
                         remove(Outcome::stored, 6, 7), miss(8, 9)}));
}

TEST(History, AcceptsEitherOrderOfWhatOverlaps) {
  for (const char* last : {"a", "b"}) {
    EXPECT_TRUE(explained(
        {set("a", 1, 0, 10), set("b", 2, 1, 9), hit(last, last[0] == 'a' ? 1 : 2, 11, 12)}));
  }
}

TEST(History, AcceptsAReadOfAWriteStillUnderWay) {
  EXPECT_TRUE(explained({set("a", 1, 0, 10), hit("a", 1, 2, 3), hit("a", 1, 4, 5)}));
}

TEST(History, RefusesAStaleRead) {
  EXPECT_FALSE(explained({set("a", 1, 0, 1), set("b", 2, 2, 3), hit("a", 1, 4, 5)}));
}

TEST(History, RefusesAReadThatGoesBackInTime) {
  EXPECT_FALSE(
      explained({set("a", 1, 0, 1), set("b", 2, 2, 20), hit("b", 2, 3, 4), hit("a", 1, 5, 6)}));
}

TEST(History, RefusesAWrongCas) { EXPECT_FALSE(explained({set("a", 1, 0, 1), hit("a", 2, 2, 3)})); }

TEST(History, RefusesTwoRemovalsOfOneItem) {
  EXPECT_FALSE(
      explained({set("a", 1, 0, 1), remove(Outcome::stored, 2, 9), remove(Outcome::stored, 3, 8)}));
}

TEST(History, RefusesALostIncrement) {
  const auto increment = [](const char* result, uint64_t cas, int64_t called, int64_t returned) {
    return Operation{.kind = Kind::increment,
                     .argument = "1",
                     .seen = {.present = true, .value = result, .cas = cas},
                     .called = called,
                     .returned = returned};
  };
  EXPECT_TRUE(explained({set("0", 1, 0, 1), increment("1", 2, 2, 9), increment("2", 3, 2, 9)}));
  EXPECT_FALSE(explained({set("0", 1, 0, 1), increment("1", 2, 2, 9), increment("1", 3, 2, 9)}));
}

TEST(History, RefusesALostTouch) {
  const Operation touch{.kind = Kind::touch, .exptime = 9, .called = 2, .returned = 5};
  Operation append{
      .kind = Kind::append, .argument = "b", .seen = {.cas = 2}, .called = 3, .returned = 6};
  Operation read = hit("ab", 2, 7, 8);
  EXPECT_FALSE(explained({set("a", 1, 0, 1), touch, append, read}));
  read.seen.exptime = 9;
  EXPECT_TRUE(explained({set("a", 1, 0, 1), touch, append, read}));
}

TEST(History, RefusesTwoWritesThatComparedWithOneCas) {
  Operation left = set("b", 2, 2, 9);
  Operation right = set("c", 3, 2, 9);
  left.cas_compare = 1;
  right.cas_compare = 1;
  EXPECT_FALSE(explained({set("a", 1, 0, 1), left, right}));
  right.outcome = Outcome::exists;
  EXPECT_TRUE(explained({set("a", 1, 0, 1), left, right}));
}

TEST(History, AVanishedItemIsWrongUnlessItMayVanish) {
  const std::vector<Operation> history = {set("a", 1, 0, 1), miss(2, 3)};
  EXPECT_FALSE(explained(history));
  EXPECT_TRUE(explained(history, true));
}

TEST(History, AVanishedItemNeverComesBack) {
  EXPECT_FALSE(explained({set("a", 1, 0, 1), miss(2, 3), hit("a", 1, 4, 5)}, true));
}

}  // namespace
}  // namespace ember::property
