// SPDX-License-Identifier: BSD-3-Clause
#include "server/watch/watch_log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace ember::server {
namespace {

class WatchLogTest : public testing::Test {
 protected:
  size_t drain() {
    return log_.ring().drain(log_.ring().produced(), SIZE_MAX,
                             [&](const WatchEvent& event, std::string_view) {
                               EXPECT_EQ(++last_gid_, event.gid);
                               EXPECT_GT(event.time_us, 1'600'000'000'000'000);
                             });
  }

  std::atomic<uint64_t> gid_{0};
  int called_ = 0;
  WatchLog log_{4096, gid_, [this] { ++called_; }};
  uint64_t last_gid_ = 0;
};

TEST_F(WatchLogTest, IsAskedByStream) {
  EXPECT_FALSE(log_.watched(kFetchers | kMutations));
  log_.watch(kFetchers);
  EXPECT_TRUE(log_.watched(kFetchers | kMutations));
  EXPECT_FALSE(log_.watched(kMutations));
  log_.watch(0);
  EXPECT_FALSE(log_.watched(kFetchers));
}

TEST_F(WatchLogTest, AFollowerLearnsWhatIsWatchedNowAndLater) {
  log_.watch(kFetchers);
  std::vector<WatchStream> seen;
  log_.follow([&](WatchStream streams) { seen.push_back(streams); });
  log_.watch(kEvictions | kFetchers);
  log_.watch(0);
  log_.follow({});
  log_.watch(kDeletions);
  EXPECT_EQ((std::vector<WatchStream>{kFetchers, kEvictions | kFetchers, 0}), seen);
}

TEST_F(WatchLogTest, CountsWhatItDropsAndCallsForHelpBefore) {
  int before = 0;
  while (log_.dropped() == 0) {
    before = called_;
    log_.report({}, "key");
  }
  EXPECT_GT(before, 10);  // half of the ring, in records of 72 bytes
  EXPECT_EQ(4096U / 72, log_.written());
  EXPECT_EQ(log_.written(), drain());
  // A gid for each event that was lost: that is how a reader notices.
  EXPECT_EQ(log_.written() + 1, gid_);
}

}  // namespace
}  // namespace ember::server
