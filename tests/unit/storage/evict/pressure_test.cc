// SPDX-License-Identifier: BSD-3-Clause
#include "storage/evict/pressure.h"

#include <gtest/gtest.h>

namespace ember::storage {
namespace {

TEST(PressureTest, IsNoneWhereNothingHappens) {
  Pressure pressure;
  EXPECT_EQ(pressure.look({}, 100), 0);
}

TEST(PressureTest, CountsWhatHappenedSinceTheLastLook) {
  Pressure pressure;
  ClassCounters events;
  events.evicted_main = 10;
  EXPECT_EQ(pressure.since(events, 100), 1000);
  pressure.look(events, 100);
  EXPECT_EQ(pressure.since(events, 100), 0);
  events.evicted_main = 13;
  EXPECT_EQ(pressure.since(events, 100), 300);
}

TEST(PressureTest, AKeyThatComesBackWeighsMoreThanAReadAndThatMoreThanAWrite) {
  const Pressure pressure;
  ClassCounters read;
  read.evicted_main = 1;
  ClassCounters written;
  written.taken = 1;
  ClassCounters returned;
  returned.ghost_hits = 1;
  EXPECT_GT(pressure.since(returned, 100), pressure.since(read, 100));
  EXPECT_GT(pressure.since(read, 100), pressure.since(written, 100));
  EXPECT_GT(pressure.since(written, 100), 0);
}

TEST(PressureTest, IsSmoothedAndFadesAway) {
  Pressure pressure;
  ClassCounters events;
  events.evicted_main = 1000;
  const double first = pressure.look(events, 100);
  EXPECT_GT(first, 0);
  EXPECT_LT(first, 100'000);
  double last = first;
  for (int i = 0; i < 10; ++i) {
    const double next = pressure.look(events, 100);
    EXPECT_LT(next, last);
    last = next;
  }
}

}  // namespace
}  // namespace ember::storage
