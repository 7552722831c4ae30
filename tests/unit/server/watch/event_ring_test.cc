// SPDX-License-Identifier: BSD-3-Clause
#include "server/watch/event_ring.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace ember::server {
namespace {

WatchEvent numbered(uint64_t gid) {
  WatchEvent event;
  event.gid = gid;
  return event;
}

std::vector<std::string> texts_of(EventRing& ring, size_t most = SIZE_MAX) {
  std::vector<std::string> texts;
  ring.drain(ring.produced(), most,
             [&](const WatchEvent&, std::string_view text) { texts.emplace_back(text); });
  return texts;
}

TEST(EventRing, GivesBackWhatWentIn) {
  EventRing ring(4096);
  WatchEvent event = numbered(7);
  event.kind = EventKind::deleted;
  event.ttl = -1;
  event.word = "md";
  event.size = 12;
  ASSERT_TRUE(ring.push(event, "key"));
  ASSERT_TRUE(ring.push(numbered(8), ""));
  size_t seen = 0;
  EXPECT_EQ(
      2U, ring.drain(ring.produced(), SIZE_MAX, [&](const WatchEvent& out, std::string_view text) {
        EXPECT_EQ(7 + seen, out.gid);
        EXPECT_EQ(seen == 0 ? "key" : "", text);
        if (seen++ == 0) {
          EXPECT_EQ(EventKind::deleted, out.kind);
          EXPECT_EQ(-1, out.ttl);
          EXPECT_STREQ("md", out.word);
          EXPECT_EQ(12U, out.size);
        }
      }));
  EXPECT_TRUE(texts_of(ring).empty());
}

TEST(EventRing, DropsWhatFindsItFull) {
  EventRing ring(4096);
  size_t taken = 0;
  while (ring.push(numbered(taken), std::string(64, 'x'))) {
    EXPECT_EQ(++taken > 16, ring.half_full());
  }
  EXPECT_EQ(32U, taken);  // of 128 bytes each
  EXPECT_EQ(1U, texts_of(ring, 1).size());
  EXPECT_TRUE(ring.push(numbered(0), std::string(64, 'y')));
  EXPECT_FALSE(ring.push(numbered(0), ""));
}

TEST(EventRing, AnEndTooShortForARecordIsSkipped) {
  EventRing ring(4096);
  for (size_t i = 0; i < 1000; ++i) {
    const std::string text(i * 7 % 251, static_cast<char>('a' + i % 26));
    ASSERT_TRUE(ring.push(numbered(i), text));
    ASSERT_TRUE(ring.push(numbered(i), "b"));
    EXPECT_EQ((std::vector<std::string>{text, "b"}), texts_of(ring)) << i;
  }
}

TEST(EventRing, TakesNoMoreThanItWasAskedFor) {
  EventRing ring(4096);
  ASSERT_TRUE(ring.push(numbered(1), "before"));
  const uint64_t until = ring.produced();
  ASSERT_TRUE(ring.push(numbered(2), "after"));
  const auto nothing = [](const WatchEvent&, std::string_view) {};
  EXPECT_EQ(1U, ring.drain(until, SIZE_MAX, nothing));
  EXPECT_EQ(std::vector<std::string>{"after"}, texts_of(ring));
}

TEST(EventRing, CutsWhatIsTooLong) {
  EventRing ring(1);  // the smallest there is
  EXPECT_EQ(EventRing::kMinCapacity, ring.capacity());
  ASSERT_TRUE(ring.push(numbered(1), std::string(100'000, 'k')));
  EXPECT_EQ(std::vector{std::string(EventRing::kMaxText, 'k')}, texts_of(ring));
}

TEST(EventRing, OneThreadWritesWhileAnotherReads) {
  EventRing ring(4096);
  constexpr uint64_t kEvents = 200'000;
  std::atomic<uint64_t> pushed{0};
  std::jthread producer([&] {
    for (uint64_t i = 1; i <= kEvents; ++i) {
      // The text tells the number, so that a torn record shows.
      if (ring.push(numbered(i), std::to_string(i))) {
        pushed.fetch_add(1, std::memory_order_relaxed);
      }
    }
    while (!ring.push(numbered(kEvents + 1), "end")) {
      std::this_thread::yield();
    }
  });
  uint64_t seen = 0;
  uint64_t last = 0;
  while (last != kEvents + 1) {
    ring.drain(ring.produced(), 10, [&](const WatchEvent& event, std::string_view text) {
      EXPECT_LT(last, event.gid);
      last = event.gid;
      EXPECT_EQ(last > kEvents ? "end" : std::to_string(last), text);
      ++seen;
    });
  }
  EXPECT_EQ(pushed + 1, seen);
}

}  // namespace
}  // namespace ember::server
