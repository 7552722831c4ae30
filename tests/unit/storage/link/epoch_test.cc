// SPDX-License-Identifier: BSD-3-Clause
#include "storage/link/epoch.h"

#include <gtest/gtest.h>

namespace ember::storage {
namespace {

TEST(Epochs, WithoutThreadsAreOverAtOnce) {
  Epochs epochs;
  const uint64_t closed = epochs.close();
  EXPECT_GT(epochs.oldest(), closed);
}

TEST(Epochs, CountUp) {
  Epochs epochs;
  const uint64_t first = epochs.close();
  EXPECT_EQ(epochs.close(), first + 1);
  EXPECT_EQ(epochs.oldest(), first + 2);
}

TEST(Epochs, LastUntilEveryThreadHasAnnouncedALaterOne) {
  Epochs epochs;
  Epochs::Slot* slots[3] = {epochs.enter(), epochs.enter(), epochs.enter()};
  for (Epochs::Slot* slot : slots) {
    epochs.go_online(slot);
  }
  const uint64_t closed = epochs.close();
  EXPECT_EQ(epochs.oldest(), closed);
  epochs.announce(slots[0]);
  epochs.announce(slots[2]);
  EXPECT_EQ(epochs.oldest(), closed);
  epochs.announce(slots[0]);  // again: it says nothing of the others
  EXPECT_EQ(epochs.oldest(), closed);
  epochs.announce(slots[1]);
  EXPECT_EQ(epochs.oldest(), closed + 1);
  const uint64_t next = epochs.close();
  EXPECT_EQ(epochs.oldest(), next);
}

TEST(Epochs, DoNotWaitForThreadsThatAreOffline) {
  Epochs epochs;
  Epochs::Slot* awake = epochs.enter();
  Epochs::Slot* asleep = epochs.enter();
  EXPECT_FALSE(Epochs::online(awake));
  epochs.go_online(awake);
  epochs.go_online(asleep);
  EXPECT_TRUE(Epochs::online(asleep));
  const uint64_t closed = epochs.close();
  epochs.announce(awake);
  EXPECT_EQ(epochs.oldest(), closed);
  epochs.go_offline(asleep);
  EXPECT_FALSE(Epochs::online(asleep));
  EXPECT_GT(epochs.oldest(), closed);
  // Back, it is in the present epoch: not in one that is over.
  epochs.go_online(asleep);
  EXPECT_TRUE(Epochs::online(asleep));
  EXPECT_GT(epochs.oldest(), closed);
  EXPECT_EQ(epochs.oldest(), epochs.close());
}

TEST(Epochs, ASlotThatWasLeftHoldsNothingUpAndIsUsedAgain) {
  Epochs epochs;
  Epochs::Slot* slot = epochs.enter();
  epochs.go_online(slot);
  const uint64_t closed = epochs.close();
  EXPECT_EQ(epochs.oldest(), closed);
  epochs.leave(slot);
  EXPECT_GT(epochs.oldest(), closed);
  EXPECT_EQ(epochs.enter(), slot);
  EXPECT_NE(epochs.enter(), slot);
}

}  // namespace
}  // namespace ember::storage
